"""How the bench computes figures from its measurements."""

import itertools
from statistics import median

import pytest

from bench.figures import Spread, ratio, spread


def test_a_spread_is_the_median_and_its_range_in_any_order() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert spread([4.0, 1.0]) == Spread(2.5, 1.0, 4.0)


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_ratio_is_of_medians_and_ranges_over_rounds() -> None:
    # The machine was three times as slow in the last round, for both.
    assert ratio([2.0, 2.2, 6.0], [1.0, 1.0, 3.0]) == Spread(2.2, 2.0, 2.2)


def test_a_ratio_is_never_outside_its_rounds() -> None:
    sides = list(itertools.product((1.0, 2.0, 7.0), repeat=3))
    for values, reference in itertools.product(sides, sides):
        found = ratio(values, reference)
        assert found.middle == median(values) / median(reference)
        assert found.low <= found.middle <= found.high


@pytest.mark.parametrize(
    ("values", "reference", "words"),
    [
        ([1.0, 2.0], [1.0], "2 rounds cannot be compared with 1"),
        ([1.0], [0.0], "nothing is a multiple of 0.0"),
        ([], [], "nothing was measured"),
    ],
)
def test_what_cannot_be_compared_is_refused(values: list[float], reference: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ratio(values, reference)
