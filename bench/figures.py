"""What was measured, and how a figure is compared with another. Pure.

The two sides of a comparison run in turn, round by round, so that what disturbs the machine disturbs both. The ratio is
that of the medians; its range is that of the rounds, each against its own neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """A median and the range around it."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One figure. `values` has one value a round, as has `reference`, where there is something to compare with."""

    part: str
    what: str
    unit: str
    values: Sequence[float]
    against: str = ""
    """What `reference` is the same figure of."""
    reference: Sequence[float] = ()


def spread(values: Sequence[float]) -> Spread:
    """Median, minimum and maximum. Raises ValueError for no values."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(median(values), min(values), max(values))


def ratio(values: Sequence[float], reference: Sequence[float]) -> Spread:
    """The ratio of the medians, and the smallest and largest ratio of any round.

    Raises ValueError where the rounds are not the same, or a reference is not positive.
    """
    if len(values) != len(reference):
        raise ValueError(f"{len(values)} rounds cannot be compared with {len(reference)}")
    if not all(each > 0 for each in reference):
        raise ValueError(f"nothing is a multiple of {min(reference)}")
    rounds = spread([value / each for value, each in zip(values, reference, strict=True)])
    return Spread(median(values) / median(reference), rounds.low, rounds.high)
