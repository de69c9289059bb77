"""What to fill a fleet with at night: tomorrow's demand from the plays so far, packed into its disks. Pure.

Demand of a part of a film = plays of the film that are expected tomorrow, times the share of plays that reach that
part. Parts are of one size, so that the bytes saved for a byte stored are the requests expected: the best come first.
"""

import heapq
from collections.abc import Mapping, Sequence

HALF_LIFE_DAYS = 3.0
"""After so many days a play counts half: long enough to smooth a weekend, short enough to let a premiere fade."""
PARTS = 10
"""Of a film. A part is its title times ten, plus which tenth of it."""


def decayed(scores: Mapping[int, float], plays: Mapping[int, int]) -> dict[int, float]:
    """The running scores by title, plays a day, with one more day's plays taken in."""
    kept = 0.5 ** (1 / HALF_LIFE_DAYS)
    return {
        title: scores.get(title, 0.0) * kept + plays.get(title, 0) * (1 - kept)
        for title in dict.fromkeys([*scores, *plays])
    }


def pack(plays: Mapping[int, float], reached: Sequence[float], capacity: int) -> list[int]:
    """The parts that are worth keeping, the best first, as many as fit.

    `plays` are those expected by title, `reached` the share of plays that reach each part of a film.
    """
    parts = (
        (number * share, title * PARTS + index)
        for title, number in plays.items()
        for index, share in enumerate(reached)
    )
    return [part for _, part in heapq.nlargest(capacity, parts)]
