"""Measured figures, and their comparison. Pure.

The two sides of a comparison run in turn, round by round, so that a disturbance of the machine affects both. The ratio
is that of the medians. Its range has the ratios of the single rounds.
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
    """One figure. `values` has one value for each round. So has `reference`, if there is a comparison."""

    part: str
    what: str
    unit: str
    values: Sequence[float]
    against: str = ""
    """The name of what `reference` measures."""
    reference: Sequence[float] = ()


def spread(values: Sequence[float]) -> Spread:
    """Median, minimum and maximum. Raises ValueError for no values."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(median(values), min(values), max(values))


def ratio(values: Sequence[float], reference: Sequence[float]) -> Spread:
    """The ratio of the medians, and the smallest and largest ratio of any round.

    Raises ValueError if the numbers of rounds differ, or a reference is not positive.
    """
    if len(values) != len(reference):
        raise ValueError(f"{len(values)} rounds cannot be compared with {len(reference)}")
    if not all(each > 0 for each in reference):
        raise ValueError(f"nothing is a multiple of {min(reference)}")
    rounds = spread([value / each for value, each in zip(values, reference, strict=True)])
    return Spread(median(values) / median(reference), rounds.low, rounds.high)
