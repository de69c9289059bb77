"""Which parts of films to fill a fleet with at night: forecast tomorrow's demand, and pack the best into its disks.
Pure.

Demand of a part of a film = plays of the film that are expected tomorrow, times the share of plays that reach that
part. All parts have the same size, so the parts with the highest demand save the most bytes for each byte stored.
"""

import heapq
from collections.abc import Mapping, Sequence

HALF_LIFE_DAYS = 3.0
"""Days after which a play counts half. It is long enough to smooth a weekend, and short enough for a premiere to
fade."""
PARTS = 10
"""Parts of a film. The number of a part is the number of its title times ten, plus the tenth of the film (0 to 9)."""


def decayed(scores: Mapping[int, float], plays: Mapping[int, int]) -> dict[int, float]:
    """The new scores by title, in plays a day: the old scores, with the plays of one more day."""
    kept = 0.5 ** (1 / HALF_LIFE_DAYS)
    return {
        title: scores.get(title, 0.0) * kept + plays.get(title, 0) * (1 - kept)
        for title in dict.fromkeys([*scores, *plays])
    }


def pack(plays: Mapping[int, float], reached: Sequence[float], capacity: int) -> list[int]:
    """The parts that are worth keeping, the best first, `capacity` of them.

    `plays`: expected plays by title. `reached`: the share of plays that reach each part of a film.
    """
    parts = (
        (number * share, title * PARTS + index)
        for title, number in plays.items()
        for index, share in enumerate(reached)
    )
    return [part for _, part in heapq.nlargest(capacity, parts)]
