"""The formula for a cache's hits, compared with a real LRU cache."""

import random
from collections import OrderedDict
from itertools import accumulate

import pytest

from planner.popularity import Group, missed_by_lru, missed_by_share, requests, zipf


@pytest.mark.parametrize("titles", [1, 10, 999, 20_000])
def test_every_title_is_asked_for_and_the_first_most(titles: int) -> None:
    groups = zipf(titles, 0.8)
    assert sum(group.titles for group in groups) == titles
    assert requests(groups) == pytest.approx(1)
    rates = [group.rate for group in groups]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(("exponent", "capacity"), [(0.8, 50), (0.8, 200), (1.0, 50)])
def test_the_formula_is_what_an_lru_does(exponent: float, capacity: int) -> None:
    titles, chance = 500, random.Random(1)  # noqa: S311  # seeded, so that it fails for everybody or for nobody
    weights = list(accumulate(rank**-exponent for rank in range(1, titles + 1)))
    cache, missed, asked = OrderedDict[int, None](), 0, 40_000
    for number, title in enumerate(chance.choices(range(titles), cum_weights=weights, k=2 * asked)):
        if title not in cache and number >= asked:
            missed += 1
        cache[title] = None
        cache.move_to_end(title)
        if len(cache) > capacity:
            cache.popitem(last=False)
    assert requests(missed_by_lru(zipf(titles, exponent), capacity)) == pytest.approx(missed / asked, abs=0.01)


def test_what_fits_is_never_missed() -> None:
    assert requests(missed_by_lru(zipf(100, 0.8), 100)) == 0


def test_what_an_edge_passes_on_is_the_tail() -> None:
    asked = zipf(1000, 0.8)
    passed = missed_by_share(asked, 0.95)
    assert requests(passed) == pytest.approx(0.05)
    shares = [past.rate / before.rate for past, before in zip(passed, asked, strict=True)]
    assert shares[0] < 0.001 < shares[-1]
    # A second cache of the same size finds less there than the first did.
    assert requests(missed_by_lru(passed, 200)) / 0.05 > requests(missed_by_lru(asked, 200))


def test_one_title_is_one_group() -> None:
    assert zipf(1, 1.0) == [Group(1, 1.0)]
