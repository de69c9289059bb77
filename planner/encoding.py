"""The cost of encoding a film, by list prices."""

from collections.abc import Iterable

from facts.prices import ENCODING
from lambdas.ladder import Rung

HD = 720
"""Pixels of a picture's short side from which MediaConvert counts a minute twice."""


def normalised_minutes(rungs: Iterable[Rung], seconds: float) -> float:
    """The minutes that MediaConvert charges for a film of this many seconds."""
    return seconds / 60 * sum(2 if min(rung.width, rung.height) >= HD else 1 for rung in rungs)


def usd(rungs: Iterable[Rung], seconds: float) -> float:
    """US dollars for encoding the film once."""
    return normalised_minutes(rungs, seconds) * ENCODING.usd
