"""A synthetic year of viewing: how many bytes the fleets serve if they pull, are filled by forecast, or know ahead.

The same seed gives the same year and the same table. Assumptions:

- Popularity follows Zipf's law. It moves by half up or down for weeks. A new title is requested twenty times as often
  at first, and that fades within weeks. Three new titles appear each Friday. A Saturday has 1.5 times a Monday's plays.
- Three of ten viewers leave after the first tenth of a film; the others see the whole film. Caches keep tenths.
- The requests are those that reach the fleets. Requests that the edges answer, for the most popular part, are left out.
"""

import math
import random
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from planner.fill import PARTS, decayed, pack

DAYS = 364
WEEK = (0.85, 0.85, 0.85, 0.9, 1.15, 1.35, 1.25)
"""Plays by weekday, Monday first, as a share of the mean."""
FRIDAY = 4
LEAVE_EARLY = 0.3
REACHED = (1.0, *[1 - LEAVE_EARLY] * (PARTS - 1))
NEWS, FADES_DAYS = 20.0, 10.0
"""By which factor a new title is requested more often, and in how many days that factor falls to a third."""


class Year(NamedTuple):
    """Settings of the synthetic year."""

    seed: int = 1
    titles: int = 600
    """Number of titles at its beginning."""
    new_a_week: int = 3
    plays_a_day: int = 500
    exponent: float = 0.8
    capacity: float = 0.2
    """Disk of the fleets, as a share of the catalogue at the beginning."""


class Day(NamedTuple):
    """Plays and new titles of one day."""

    plays: list[tuple[int, int]]
    """(title, how many of its parts are seen)."""
    published: list[int]
    """Titles that are published on this day. The fleets know of them the night before."""


class Served(NamedTuple):
    """The results of one way to fill, over the year."""

    name: str
    weekly: list[float]
    """Share of the viewers' bytes that came from the fleets, by week."""
    offload: float
    """The same over the year."""
    first_days: float
    """The same for titles in their first three days."""
    filled: float
    """Bytes filled at night, as a share of the viewers' bytes."""


def days(year: Year) -> Iterator[Day]:
    """The year, day by day."""
    chance = random.Random(year.seed)  # noqa: S311  # a simulation needs the same numbers in every run
    total = year.titles + DAYS // 7 * year.new_a_week
    ranks = list(range(1, total + 1))
    chance.shuffle(ranks)
    weights, moods = [rank**-year.exponent for rank in ranks], [0.0] * total
    born = [-math.inf] * year.titles
    for day in range(DAYS):
        published = list[int]()
        if day % 7 == FRIDAY:
            published = list(range(len(born), len(born) + year.new_a_week))
            born += [day] * year.new_a_week
        if day % 7 == 0:
            # A mood returns to its mean. Otherwise viewers would want fewer and fewer titles towards the end of the
            # year.
            moods = [0.8 * mood + chance.gauss(0, 0.3) for mood in moods]
        news = [1 + NEWS * math.exp(-(day - since) / FADES_DAYS) for since in born]
        asked = accumulate(weights[title] * math.exp(moods[title]) * new for title, new in enumerate(news))
        number = round(year.plays_a_day * WEEK[day % 7])
        chosen = chance.choices(range(len(born)), cum_weights=list(asked), k=number)
        yield Day([(title, 1 if chance.random() < LEAVE_EARLY else PARTS) for title in chosen], published)


class _Cache:
    """A cache with parts of films that are kept on purpose, and an LRU cache in the rest of its capacity."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.kept = capacity, set[int]()
        self.recent = OrderedDict[int, None]()

    def fill(self, parts: Iterable[int]) -> int:
        """Keep these parts from now on. Returns how many had to be fetched. Parts that were kept before go to the LRU
        cache."""
        parts = set(parts)
        fetched = len(parts - self.kept - self.recent.keys())
        for part in self.kept - parts:
            self.recent[part] = None
        for part in parts & self.recent.keys():
            del self.recent[part]
        self.kept = parts
        self._trim()
        return fetched

    def ask(self, part: int) -> bool:
        """Whether the part was in the cache. If not, it is fetched now."""
        if part in self.kept:
            return True
        there = part in self.recent
        self.recent[part] = None
        self.recent.move_to_end(part)
        if not there:
            self._trim()
        return there

    def _trim(self) -> None:
        while len(self.recent) + len(self.kept) > self.capacity:
            self.recent.popitem(last=False)


class _Way:
    """One way to fill, and its results so far."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name, self.cache = name, _Cache(capacity)
        self.hits, self.asked = [0] * (DAYS // 7), [0] * (DAYS // 7)
        self.filled, self.first = 0, Counter[bool]()

    def serve(self, day: int, plays: list[tuple[int, int]], young: set[int]) -> None:
        for title, seen in plays:
            hits = sum(self.cache.ask(title * PARTS + index) for index in range(seen))
            self.hits[day // 7] += hits
            self.asked[day // 7] += seen
            if title in young:
                self.first[True] += hits
                self.first[False] += seen - hits

    def result(self, warm: int) -> Served:
        """The results without the first `warm` weeks, in which the caches fill."""
        hits, asked = sum(self.hits[warm:]), sum(self.asked[warm:])
        weekly = [hit / ask for hit, ask in zip(self.hits, self.asked, strict=True)]
        return Served(self.name, weekly, hits / asked, self.first[True] / self.first.total(), self.filled / asked)


FORECAST_SHARE = 0.8
"""Share of the disks for parts that are forecast. The rest is an LRU cache, for requests that no forecast knew."""
WARM_WEEKS = 4


def simulate(year: Year) -> list[Served]:
    """Simulate the three ways over the same year."""
    capacity = round(year.capacity * year.titles * PARTS)
    pulled, forecast, known = (
        _Way(name, capacity) for name in ("pulled when asked", "filled by forecast", "known ahead")
    )
    scores, debut, born = dict[int, float](), 0.0, dict[int, int]()
    for day, (plays, published) in enumerate(days(year)):
        born |= dict.fromkeys(published, day)
        young = {title for title, since in born.items() if day - since < 3}
        # A premiere has no plays yet. It is expected to have as many as earlier ones had on their first day.
        scores |= dict.fromkeys(published, debut)
        night = pack(scores, REACHED, round(FORECAST_SHARE * capacity))
        counted = Counter(title for title, _ in plays)
        tomorrow = Counter(title * PARTS + index for title, seen in plays for index in range(seen))
        best = [part for part, _ in tomorrow.most_common(capacity)]
        for way, parts in ((forecast, night), (known, best)):
            fetched = way.cache.fill(parts)
            if day // 7 >= WARM_WEEKS:
                way.filled += fetched
        for way in (pulled, forecast, known):
            way.serve(day, plays, young if day // 7 >= WARM_WEEKS else set())
        scores = decayed(scores, counted)
        if published:
            first = sum(counted[title] for title in published) / len(published)
            debut = first if not debut else (debut + first) / 2
            # After its first day the score of a title is the plays of that day, not a fifth of them.
            scores |= {title: float(counted[title]) for title in published}
    return [way.result(WARM_WEEKS) for way in (pulled, forecast, known)]
