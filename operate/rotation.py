"""Signing keys: which step of their rotation comes next. Pure.

Two deployments must lie between the old key and the new one: the edge must know a key before a cookie is signed with
it, and must know the old one for as long as a cookie of it may be in use.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

ARRIVES = timedelta(minutes=15)
"""CloudFront does not say when a key group has arrived at every edge."""
LIVES = timedelta(hours=36)
"""A cookie lives as long as its film, which may last 24 hours, and twelve hours more."""


class Step(NamedTuple):
    """What comes next."""

    number: int
    """1 to 4; 0 where the config must be deployed first."""
    does: Literal["make", "show", "deploy", "wait", "swap", "remove", "delete"]
    key: str
    """The key that it is about."""
    until: datetime | None = None
    """What it has to wait for."""


def following(name: str) -> str:
    """The name of the next key: key-1, key-2."""
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

    `config` and `deployed`: names of the keys in the config and in the stack, the signing one first. `made`: when each
    private half was written. `group_changed`, `signer_changed`: when CloudFront's key group and the playback function
    were last deployed.
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
