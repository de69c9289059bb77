"""A synthetic year of viewing: how many bytes the fleets serve if they pull, are filled by forecast, or know ahead.

The same seed gives the same year and the same table. Assumptions:

- Popularity follows Zipf's law. It moves by half up or down for weeks. A new title is requested twenty times as often
  at first, and that fades within weeks. Three new titles appear each Friday. A Saturday has 1.5 times a Monday's plays.
- Three of ten viewers leave after the first tenth of a film; the others see the whole film. Caches keep tenths.
- The requests are those that reach the fleets. Requests that the edges answer, for the most popular part, are left out.

The forecast is the code that the platform runs. Every few hours a node requests the parts that are forecast, the best
last, up to its share of the disk. Its cache drops the part that was requested longest ago.
"""

import math
import random
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from lambdas.forecast.core import DAYS as HISTORY_DAYS
from lambdas.forecast.core import DISK_SHARE, STAY, WALK_HOURS, forecast, pack

DAYS = 364
WEEK = (0.85, 0.85, 0.85, 0.9, 1.15, 1.35, 1.25)
"""Plays by weekday, Monday first, as a share of the mean."""
FRIDAY = 4
PARTS = 10
"""Parts of a film. The number of a part is the number of its title times ten, plus the tenth of the film (0 to 9)."""
REACHED = (1.0, *[STAY] * (PARTS - 1))
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
    """Bytes that were filled before viewers asked for them, as a share of the viewers' bytes."""


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
            # A mood returns to its mean. Otherwise viewers would want fewer and fewer titles during the year.
            moods = [0.8 * mood + chance.gauss(0, 0.3) for mood in moods]
        news = [1 + NEWS * math.exp(-(day - since) / FADES_DAYS) for since in born]
        asked = accumulate(weights[title] * math.exp(moods[title]) * new for title, new in enumerate(news))
        number = round(year.plays_a_day * WEEK[day % 7])
        chosen = chance.choices(range(len(born)), cum_weights=list(asked), k=number)
        yield Day([(title, 1 if chance.random() > STAY else PARTS) for title in chosen], published)


class _Cache:
    """An LRU cache of parts of films: it drops the part whose last request is the oldest."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.held = capacity, OrderedDict[int, None]()

    def fill(self, parts: Sequence[int]) -> int:
        """Request each of these parts once, the best last. Returns how many had to be fetched."""
        return sum(not self.ask(part) for part in reversed(parts))

    def ask(self, part: int) -> bool:
        """Whether the part was in the cache. If not, it is fetched now."""
        held = self.held
        if part in held:
            held.move_to_end(part)
            return True
        held[part] = None
        if len(held) > self.capacity:
            held.popitem(last=False)
        return False


class _Kept:
    """A store that only holds parts that were chosen."""

    def __init__(self) -> None:
        self.held = set[int]()

    def fill(self, parts: Sequence[int]) -> int:
        """Hold these parts from now on. Returns how many had to be fetched."""
        before, self.held = self.held, set(parts)
        return len(self.held - before)

    def ask(self, part: int) -> bool:
        """Whether the part is in the store."""
        return part in self.held


class _Way:
    """One way to fill, and its results so far."""

    def __init__(self, name: str, cache: _Cache | _Kept, walks: int = 1) -> None:
        self.name, self.cache, self.walks = name, cache, walks
        self.hits, self.asked = [0] * (DAYS // 7), [0] * (DAYS // 7)
        self.filled, self.first = 0, Counter[bool]()

    def live(self, day: int, plays: list[tuple[int, int]], wanted: list[int], young: set[int]) -> None:
        """Simulate a day. Several times the node requests the `wanted` parts; viewers make their plays in between."""
        share = -(-len(plays) // self.walks)
        for walk in range(self.walks):
            filled = self.cache.fill(wanted)
            if day // 7 >= WARM_WEEKS:
                self.filled += filled
            self._serve(day, plays[walk * share : (walk + 1) * share], young)

    def _serve(self, day: int, plays: list[tuple[int, int]], young: set[int]) -> None:
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


WARM_WEEKS = 4


def simulate(year: Year) -> list[Served]:
    """Simulate the four ways over the same year."""
    capacity = round(year.capacity * year.titles * PARTS)
    pulled = _Way("pulled when asked", _Cache(capacity))
    nightly = _Way("filled once a day", _Cache(capacity))
    forecasting = _Way("filled by forecast", _Cache(capacity), 24 // WALK_HOURS)
    known = _Way("known ahead", _Kept())
    past, born = deque[Counter[int]](maxlen=HISTORY_DAYS), dict.fromkeys(range(year.titles), -HISTORY_DAYS)
    for day, (plays, published) in enumerate(days(year)):
        born |= dict.fromkeys(published, day)
        young = {title for title, since in born.items() if since >= 0 and day - since < 3}
        histories = {
            title: [counts[title] for counts in islice(past, min(day - since, HISTORY_DAYS))]
            for title, since in born.items()
        }
        night = pack(forecast(histories), REACHED, round(DISK_SHARE * capacity))
        counted = Counter(title for title, _ in plays)
        tomorrow = Counter(title * PARTS + index for title, seen in plays for index in range(seen))
        best = [part for part, _ in tomorrow.most_common(capacity)]
        told = [title * PARTS + index for title, index in night]
        for way, wanted in ((pulled, []), (nightly, told), (forecasting, told), (known, best)):
            way.live(day, plays, wanted, young if day // 7 >= WARM_WEEKS else set())
        past.appendleft(counted)
    return [way.result(WARM_WEEKS) for way in (pulled, nightly, forecasting, known)]
