"""Forecast: what will be watched tomorrow, from the plays of the days before, and the orders for the caches. Pure."""

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, TypedDict, TypeVar

HALF_LIFE_DAYS = 3.0
"""Days after which a play counts half. It is long enough to smooth a weekend, and short enough for a premiere to
fade."""
DAYS = 10
"""Days that the forecast reads. A play of ten days ago counts a tenth."""
STAY = 0.7
"""Share of the viewers who continue after the first minutes. This is an assumption: nothing counts them."""
DISK_SHARE = 0.7
"""Share of a cache for forecast titles and new titles. The rest keeps other files that viewers requested."""
WALK_HOURS = 3
"""Hours after which a node requests all wanted files again. Without that, the files that viewers request push them out.
Once a day gives less than half of the gain (docs/scale.md)."""

Title = TypeVar("Title", bound=Hashable)


def expected(plays: Sequence[float]) -> float:
    """Plays of the next day, from those of one or more days before it, the latest first: a mean in which a day weighs
    less than the one after it."""
    weights = [0.5 ** (age / HALF_LIFE_DAYS) for age in range(len(plays))]
    return sum(weight * number for weight, number in zip(weights, plays, strict=True)) / sum(weights)


def debut(histories: Iterable[Sequence[float]]) -> float:
    """Plays of a new title's first day: as many as the titles had that came in the last days, the latest of them
    weighing most. Each is taken by the better of its first two days: of the first it may have had some hours only."""
    young = sorted((days for days in histories if 0 < len(days) < DAYS), key=len)
    return expected([max(days[-2:]) for days in young]) if young else 0.0


def forecast(histories: Mapping[Title, Sequence[float]]) -> dict[Title, float]:
    """Plays of the next day by title.

    A history is a title's plays by day, the latest first: of the last DAYS days, or since it was published where that
    is less long ago. It is empty for a title of today.
    """
    first = debut(histories.values())
    return {
        title: max(first, *days) if len(days) == 1 else expected(days) if days else first
        for title, days in histories.items()
    }


def pack(plays: Mapping[Title, float], reached: Sequence[float], most: int) -> list[tuple[Title, int]]:
    """The parts of titles that are worth keeping, `most` of them, the best first: title, and which part of it.

    `plays` are those expected by title, `reached` the share of plays that reach each part of a title. A stored byte
    saves one byte per request, so the size of a part does not matter.
    """
    parts = (
        (number * share, title, index)
        for title, number in plays.items()
        if number > 0
        for index, share in enumerate(reached)
    )
    best = heapq.nlargest(most, parts, key=lambda part: part[0])
    return [(title, index) for _, title, index in best]


class Row(NamedTuple):
    """A title that can be played."""

    id: str
    prefix: str
    """`v/<xx>/<id>/<version>`"""
    published: str
    """When, in ISO 8601."""


class Order(TypedDict):
    """What the nodes that own a hex digit read, as JSON (node-fill.py)."""

    since: str
    """In ISO 8601. What is listed later than this and not named below is a new title."""
    debut: float
    """Plays that are expected of a new title."""
    plays: dict[str, float]
    """Expected of each title, by `<xx>/<id>/<version>`, the most first; none where none are expected."""


def histories(rows: Iterable[Row], counted: Mapping[str, Mapping[str, float]], today: date) -> dict[str, list[float]]:
    """The titles' plays by day, as `forecast` takes them, by place; `counted` by title and day."""
    found: dict[str, list[float]] = {}
    for row in rows:
        plays = counted.get(row.id, {})
        # A title that was encoded anew was there before.
        since = date.fromisoformat(min([row.published[:10], *plays]))
        days = [today - timedelta(days=age) for age in range(1, DAYS + 1)]
        found[row.prefix.removeprefix("v/")] = [plays.get(str(day), 0.0) for day in days if day >= since]
    return found


def orders(found: Mapping[str, Sequence[float]], since: str) -> dict[str, Order]:
    """The orders by hex digit; `found` are histories by place, `since` as of Order."""
    plays = sorted(forecast(found).items(), key=lambda one: (-one[1], one[0]))
    first = round(debut(found.values()), 3)
    return {
        digit: {
            "since": since,
            "debut": first,
            "plays": {place: round(number, 3) for place, number in plays if number > 0 and place[0] == digit},
        }
        for digit in "0123456789abcdef"
    }


def rows(items: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Of the catalogue's items, the titles that can be played."""
    return [
        Row(item["id"]["S"], item["prefix"]["S"], item["published"]["S"])
        for item in items
        if item.get("prefix", {}).get("S") and item.get("published", {}).get("S")
    ]
