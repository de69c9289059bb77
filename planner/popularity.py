"""The hit ratio of a cache: Zipf's law for the catalogue, Che's approximation for the cache. Pure.

Che, Tung and Wang, "Hierarchical Web Caching Systems" (IEEE JSAC, 2002): an LRU cache keeps an object for about one
characteristic time T after its last request. So an object with request rate r is in the cache with probability
1 - exp(-r T). T has the value for which the expected objects fill the cache. Requests are assumed to be independent.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

STEPS = 60
"""Steps of the bisection: more than the precision of a float needs."""


class Group(NamedTuple):
    """Titles that are equally popular, and the request rate of each."""

    titles: int
    rate: float
    """Requests for one title, in any unit."""


def zipf(titles: int, exponent: float) -> list[Group]:
    """A catalogue in which the request rate of the title of rank n is proportional to n ** -exponent. Rates sum to 1.

    Ranks above a hundred form groups that are 2 % wide, since their titles differ by less than that.
    """
    groups, rank = list[tuple[int, float]](), 1
    while rank <= titles:
        width = min(max(1, rank // 50), titles - rank + 1)
        groups.append((width, (rank + (width - 1) / 2) ** -exponent))
        rank += width
    total = sum(width * weight for width, weight in groups)
    return [Group(width, weight / total) for width, weight in groups]


def missed_by_lru(asked: Sequence[Group], capacity: float) -> list[Group]:
    """The requests that miss in an LRU cache that holds `capacity` titles."""
    if capacity >= sum(group.titles for group in asked):
        return [Group(group.titles, 0.0) for group in asked]
    time = _root(lambda time: sum(group.titles * -math.expm1(-group.rate * time) for group in asked) - capacity)
    return [_missed(group, time) for group in asked]


def missed_by_share(asked: Sequence[Group], share: float) -> list[Group]:
    """The requests that miss in an LRU cache that answers `share` of all requests, whatever its size is."""
    wanted = sum(group.titles * group.rate for group in asked) * (1 - share)
    time = _root(lambda time: wanted - requests([_missed(group, time) for group in asked]))
    return [_missed(group, time) for group in asked]


def requests(asked: Sequence[Group]) -> float:
    """All requests, in the unit of the rates."""
    return sum(group.titles * group.rate for group in asked)


def _missed(group: Group, time: float) -> Group:
    return Group(group.titles, group.rate * math.exp(-group.rate * time))


def _root(rising: Callable[[float], float]) -> float:
    """The time at which a rising function of time is zero."""
    low, high = 0.0, 1.0
    while rising(high) < 0:
        high *= 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return high
