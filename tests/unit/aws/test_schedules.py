"""EventBridge's schedules, with a clock of our own."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws import events
from local.aws.schedules import Due, next_time
from tests.declared import whole

START = datetime(2026, 11, 29, 0, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "called"),
    [
        ("rate(15 minutes)", "00:19:30", "29T00:34:30"),
        ("rate(1 hour)", "00:19:30", "29T01:19:30"),
        ("cron(20 0 * * ? *)", "00:19:30", "29T00:20:00"),
        ("cron(20 0 * * ? *)", "00:20:00", "30T00:20:00"),
        ("cron(20 0 * * ? *)", "23:00:00", "30T00:20:00"),
    ],
)
def test_when_a_schedule_calls_next(expression: str, after: str, called: str) -> None:
    start = datetime.fromisoformat(f"2026-11-29T{after}+00:00")
    assert next_time(expression, start).isoformat() == f"2026-11-{called}+00:00"


@pytest.mark.parametrize("expression", ["cron(20 0 ? * MON *)", "cron(0/5 * * * ? *)", "at(2026-11-29T00:00:00)", ""])
def test_an_expression_of_another_kind_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(expression))):
        next_time(expression, START)


def rule(name: str, expression: str) -> Any:
    arn = f"arn:aws:events:us-east-1:1:rule/{name}"
    return SimpleNamespace(
        name=name, arn=arn, scheduled_expression=expression, state="ENABLED", targets=[{"Arn": f"{name}'s"}],
        account_id="1", region_name="us-east-1",
    )  # fmt: skip


def test_each_calls_at_its_times_and_not_between() -> None:
    due = Due()
    rules = [rule("often", "rate(5 minutes)"), rule("nightly", "cron(20 0 * * ? *)"), rule("pattern", "")]
    called = {
        second: [found.name for found in now]
        for second in range(1201)
        if (now := due(rules, START + timedelta(seconds=second)))
    }
    assert called == {30: ["nightly"], 300: ["often"], 600: ["often"], 900: ["often"], 1200: ["often"]}
    assert due([], START + timedelta(days=9)) == [], "a rule that was deleted calls nobody"


def test_a_schedule_sends_its_targets_what_aws_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [rule("often", "rate(1 minute)"), rule("off", "rate(1 minute)"), rule("canary-us-east-1", "rate(1 minute)")]
    rules[1].state = "DISABLED"
    sent: list[Any] = []

    def nothing(_seconds: float) -> None:
        """The clock below goes on by itself."""

    def deliver(*arguments: Any) -> None:
        sent.append(arguments)

    class Clock(datetime):
        seconds = 0

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            if cls.seconds > 61:
                raise KeyboardInterrupt
            cls.seconds += 1
            return START.astimezone(tz) + timedelta(seconds=cls.seconds)

    monkeypatch.setattr(events, "datetime", Clock)
    monkeypatch.setattr(events.time, "sleep", nothing)
    monkeypatch.setattr(events, "all_rules", lambda: rules)
    monkeypatch.setattr(events, "deliver", deliver)
    with pytest.raises(KeyboardInterrupt):
        events.call_on_schedule("http://here")
    [(target, event, arn, endpoint)] = sent
    assert (target, arn, endpoint) == ({"Arn": "often's"}, rules[0].arn, "http://here")
    assert event | {"id": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "1",
        "time": "2026-11-29T00:20:31Z",
        "region": "us-east-1",
        "resources": [rules[0].arn],
        "detail": {},
    }


def test_the_laptop_knows_every_schedule_that_is_declared() -> None:
    declared = [
        item.inputs["scheduleExpression"]
        for item in whole("prod").of_type("aws:cloudwatch/eventRule:EventRule")
        if "scheduleExpression" in item.inputs
    ]
    assert len({*declared}) == 3
    for expression in declared:
        next_time(expression, START)
