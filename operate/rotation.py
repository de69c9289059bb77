"""Signing keys: decides which step of their rotation comes next. Pure.

A rotation takes two deployments. The edge must know a key before the first cookie is signed with it. And it must know
the old key as long as a viewer may use a cookie of it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

ARRIVES = timedelta(minutes=15)
"""Time until every edge location should know a key group. CloudFront does not report it."""
LIVES = timedelta(hours=36)
"""Longest life of a cookie: the length of its film, which is at most 24 hours, and twelve hours more."""


class Step(NamedTuple):
    """The next step."""

    number: int
    """1 to 4. 0 if the config must be deployed first."""
    does: Literal["make", "show", "deploy", "wait", "swap", "remove", "delete"]
    key: str
    """Name of the key for this step."""
    until: datetime | None = None
    """Time at which the step is due, if it must wait."""


def following(name: str) -> str:
    """The name of the next key: key-2 after key-1."""
    stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()  # type: ignore[union-attr]
    return f"{stem}{int(number) + 1}" if number else f"{stem}-2"


def following_step(
    *,
    config: Sequence[str],
    deployed: Sequence[str],
    made: Mapping[str, datetime],
    group_changed: datetime,
    signer_changed: datetime,
    now: datetime,
) -> Step:
    """The next step.

    `config` and `deployed` are the names of the keys in the config and in the stack; the first one signs. `made` maps a
    key to the time at which its private half was written. `group_changed` and `signer_changed` are the times at which
    CloudFront's key group and the playback function were last deployed.
    """
    if list(config) != list(deployed):
        return Step(0, "deploy", config[0])
    if len(config) == 1:
        return _with_one(config[0], made)
    newest = max(config, key=lambda name: made.get(name, datetime.min.replace(tzinfo=now.tzinfo)))
    if config[0] != newest:
        until = group_changed + ARRIVES
        return Step(2, "swap", newest) if now >= until else Step(2, "wait", newest, until)
    until = signer_changed + LIVES
    return Step(3, "remove", config[-1]) if now >= until else Step(3, "wait", config[-1], until)


def _with_one(name: str, made: Mapping[str, datetime]) -> Step:
    others = {other: when for other, when in made.items() if other != name}
    for other, when in sorted(others.items()):
        if name not in made or when < made[name]:
            return Step(4, "delete", other)
    if others:
        return Step(1, "show", max(others, key=lambda other: others[other]))
    return Step(1, "make", following(name))
