"""EventBridge's schedules: when a rule with a schedule calls its targets. Pure.

Only the two kinds of expressions that the program declares are known: a rate, and a time of each day in UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

NOT_FIRED = "canary-"
"""The beginning of the names of rules that do not fire. The canary asks a host name of CloudFront by HTTPS. On the
laptop that name is invented, and may be a stranger's."""


def next_time(expression: str, after: datetime) -> datetime:
    """The first time after `after` at which a schedule calls. Raises ValueError for an expression of another kind."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return after + int(rate[1]) * timedelta(**{f"{rate[2]}s": 1})
    if cron := re.fullmatch(r"cron\((\d+) (\d+) \* \* \? \*\)", expression):
        today = after.astimezone(UTC).replace(hour=int(cron[2]), minute=int(cron[1]), second=0, microsecond=0)
        return today if today > after else today + timedelta(days=1)
    raise ValueError(
        f"{expression!r} is no schedule that the laptop knows, such as rate(5 minutes), cron(20 0 * * ? *)"
    )


class Due:
    """When each schedule calls next. The interval of a rate begins when the rule is first seen."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], datetime] = {}

    def __call__(self, rules: list[Any], now: datetime) -> list[Any]:
        """Those of moto's rules that call now."""
        found = {(rule.arn, rule.scheduled_expression): rule for rule in rules if rule.scheduled_expression}
        self._times = {known: self._times.get(known) or next_time(known[1], now) for known in found}
        called = [known for known, at in self._times.items() if at <= now]
        self._times |= {known: next_time(known[1], now) for known in called}
        return [found[known] for known in called if not found[known].name.startswith(NOT_FIRED)]
