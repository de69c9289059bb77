"""Forecast: computes tomorrow's plays from those of the last days, and the orders for the caches. Pure."""

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, TypedDict, TypeVar

HALF_LIFE_DAYS = 3.0
"""Days after which a play counts half. This is long enough to smooth a weekend, and short enough to follow the decline
of a premiere."""
DAYS = 10
"""Days that the forecast reads. A play of ten days ago counts a tenth."""
STAY = 0.7
"""Share of the viewers who continue after the first minutes. This is an assumption: nothing counts them."""
DISK_SHARE = 0.7
"""Share of a cache for forecast titles and new titles. The rest keeps other files that viewers requested."""
WALK_HOURS = 3
"""Hours after which a node requests all wanted files again. Otherwise files that viewers request would push them out.
If it did so once a day, the gain would be less than half (docs/scale.md)."""

Title = TypeVar("Title", bound=Hashable)


def expected(plays: Sequence[float]) -> float:
    """Expected plays of the next day. `plays` are those of one or more days, the latest first.

    It is a weighted mean, in which later days count more.
    """
    weights = [0.5 ** (age / HALF_LIFE_DAYS) for age in range(len(plays))]
    return sum(weight * number for weight, number in zip(weights, plays, strict=True)) / sum(weights)


def debut(histories: Iterable[Sequence[float]]) -> float:
    """Expected plays of a new title's first day: the weighted mean of the last days' titles. The latest counts most.

    Of each title the better of its first two days counts, since the first day may have had only a few hours.
    """
    young = sorted((days for days in histories if 0 < len(days) < DAYS), key=len)
    return expected([max(days[-2:]) for days in young]) if young else 0.0


def forecast(histories: Mapping[Title, Sequence[float]]) -> dict[Title, float]:
    """Title to its expected plays of the next day.

    A history has the title's plays of each day, the latest first. It covers the last DAYS days, or the days since the
    title was published, if those are fewer. It is empty for a title of today.
    """
    first = debut(histories.values())
    return {
        title: max(first, *days) if len(days) == 1 else expected(days) if days else first
        for title, days in histories.items()
    }


def pack(plays: Mapping[Title, float], reached: Sequence[float], most: int) -> list[tuple[Title, int]]:
    """The `most` best parts of titles to keep, each as (title, index of the part), the best first.

    `plays` maps a title to its expected plays. `reached` has the share of plays that reach each part of a title. A
    stored byte saves one byte per request, so the size of a part does not matter.
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
    """Time in ISO 8601."""


class Order(TypedDict):
    """The order for the nodes that own a hex digit. They read it as JSON (node-fill.py)."""

    since: str
    """Time in ISO 8601. A title that is listed later than this, and is not in `plays`, is new."""
    debut: float
    """Expected plays of a new title."""
    plays: dict[str, float]
    """`<xx>/<id>/<version>` to the title's expected plays, the most wanted first. Titles without expected plays are
    left out."""


def histories(rows: Iterable[Row], counted: Mapping[str, Mapping[str, float]], today: date) -> dict[str, list[float]]:
    """The histories for `forecast`, by `<xx>/<id>/<version>`. `counted` maps a title to its plays by day."""
    found: dict[str, list[float]] = {}
    for row in rows:
        plays = counted.get(row.id, {})
        # A title that was encoded again has plays from before its present version.
        since = date.fromisoformat(min([row.published[:10], *plays]))
        days = [today - timedelta(days=age) for age in range(1, DAYS + 1)]
        found[row.prefix.removeprefix("v/")] = [plays.get(str(day), 0.0) for day in days if day >= since]
    return found


def orders(found: Mapping[str, Sequence[float]], since: str) -> dict[str, Order]:
    """Hex digit to its order. `found` are the histories; `since` is that of Order."""
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
    """The titles among the catalogue's items that can be played."""
    return [
        Row(item["id"]["S"], item["prefix"]["S"], item["published"]["S"])
        for item in items
        if item.get("prefix", {}).get("S") and item.get("published", {}).get("S")
    ]
