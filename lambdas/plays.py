"""Plays of a title, as the catalogue counts them: an item for each title and day, beside the titles' own rows. Pure.

A write for each play would be expensive, and all viewers of a premiere would write to one item. So a busy process
writes only some plays. Each write also counts for the plays that were left out, so the sum is right on average.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

KEPT_DAYS = 12
"""Days that a count stays in the table. The forecast reads ten."""
MOST_WRITES = 0.2
"""Writes of one process, per second. At 4,000 plays per second about 400 processes answer. Together they write 80 times
per second, which costs about 130 USD a month. One item takes a thousand writes per second."""
MEMORY_SECONDS = 30.0
"""The time over which the rate of plays is measured."""


CANARY = "headend-canary"
"""The canary's User-Agent. Nobody watches its plays, so they are not counted."""


def by_nobody(headers: Mapping[str, Sequence[str]]) -> bool:
    """Whether a request's headers, by their names in lower case, say that nobody watches."""
    return CANARY in headers.get("user-agent", ())


def item(title: str, day: str) -> str:
    """The id of the item with a title's plays on a day, such as 2026-11-28 (UTC). No title's id has a slash."""
    return f"plays/{day}/{title}"


ITEMS = "plays/*"
"""The ids of all of them, as IAM spells a pattern."""


def day_of(now: float) -> str:
    """The day of a time in seconds, in UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def counting(title: str, now: float, plays: float) -> dict[str, Any]:
    """DynamoDB's UpdateItem, without the table, that counts so many plays of a title at a time in seconds."""
    return {
        "Key": {"id": {"S": item(title, day_of(now))}},
        "UpdateExpression": "ADD #plays :plays SET #until = :until",
        "ExpressionAttributeNames": {"#plays": "plays", "#until": "until"},
        "ExpressionAttributeValues": {
            ":plays": {"N": f"{plays:.3f}"},
            ":until": {"N": str(int(now) + KEPT_DAYS * 86400)},
        },
    }


class Sampler:
    """Which plays of this process are written, and for how many each."""

    def __init__(self) -> None:
        self._rate, self._last = 0.0, -math.inf

    def weight(self, now: float, chance: float) -> float:
        """Number of plays for which this one is written. 0 if it is left out. `chance` is random, from 0 up to 1."""
        kept = math.exp(-max(0.0, now - self._last) / MEMORY_SECONDS)
        self._rate, self._last = self._rate * kept + 1 / MEMORY_SECONDS, now
        share = min(1.0, MOST_WRITES / self._rate)
        return 1 / share if chance < share else 0.0


def counted(items: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By title: the plays by day, of the items of a table that has other items too."""
    found: dict[str, dict[str, float]] = {}
    for one in items:
        kind, _, rest = one["id"]["S"].partition("/")
        day, _, title = rest.partition("/")
        if kind == "plays" and title:
            found.setdefault(title, {})[day] = float(one["plays"]["N"])
    return found
