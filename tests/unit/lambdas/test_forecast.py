"""Plays: they are counted with fewer writes than plays, and tomorrow's number is forecast from them."""

import json
import random
from datetime import date
from typing import Any

import pytest

from lambdas import plays
from lambdas.forecast import core, handler
from tests.unit.lambdas.conftest import Stub
from tests.unit.lambdas.service_model import faults

TODAY = date(2026, 11, 28)


def test_a_quiet_process_writes_every_play() -> None:
    sampler = plays.Sampler()
    assert [sampler.weight(at, 0.999) for at in (0.0, 60.0, 75.0, 200.0)] == [1.0] * 4


def test_a_busy_process_writes_seldom_and_the_sum_is_right() -> None:
    sampler, dice = plays.Sampler(), random.Random(1)  # noqa: S311 - a test wants the same numbers again
    seconds, rate = 20_000, 10
    weights = [sampler.weight(number / rate, dice.random()) for number in range(seconds * rate)]
    written = [weight for weight in weights if weight]
    assert len(written) < 1.2 * plays.MOST_WRITES * seconds
    assert sum(weights) == pytest.approx(len(weights), rel=0.05)


def test_a_count_is_an_item_of_its_own_that_the_table_forgets() -> None:
    now = 1_795_824_000.0  # 2026-11-28, midnight
    asked = plays.counting("films-apollo", now + 100, 2.5)
    assert faults("dynamodb", "UpdateItem", {"TableName": "titles", **asked}) == []
    assert asked["Key"] == {"id": {"S": "plays/2026-11-28/films-apollo"}}
    assert asked["ExpressionAttributeValues"][":plays"] == {"N": "2.500"}
    until = int(asked["ExpressionAttributeValues"][":until"]["N"])
    assert until - now > core.DAYS * 86400, "longer than the forecast looks back"


def test_counts_are_told_from_titles() -> None:
    items = [
        {"id": {"S": "plays/2026-11-27/a"}, "plays": {"N": "3"}},
        {"id": {"S": "plays/2026-11-26/a"}, "plays": {"N": "4.5"}},
        {"id": {"S": "plays"}, "prefix": {"S": "v/00/plays/000000000000"}},
    ]
    assert plays.counted(items) == {"a": {"2026-11-27": 3.0, "2026-11-26": 4.5}}


def test_steady_plays_are_expected_to_go_on_and_the_latest_weigh_most() -> None:
    assert core.expected([10.0] * core.DAYS) == pytest.approx(10)
    assert core.expected([10.0, 0.0]) > core.expected([0.0, 10.0])
    # After three days a play counts half.
    assert core.expected([8.0, 0, 0, 0]) == pytest.approx(2 * core.expected([0, 0, 0, 8.0]))


def test_a_premiere_is_expected_to_do_as_the_last_ones_did() -> None:
    old = [1.0] * core.DAYS
    # The last one came in the evening: its second day says more of what its first would have been.
    found = core.forecast({"old": old, "last": [90.0, 20.0], "new": []})
    assert found == {"old": pytest.approx(1), "last": core.expected([90.0, 20.0]), "new": 90.0}
    assert core.forecast({"old": old, "new": []})["new"] == 0.0
    # A title of yesterday has had some hours, perhaps.
    assert core.forecast({"earlier": [50.0] * 4, "yesterday": [3.0]})["yesterday"] > 20


def test_the_first_minutes_of_a_less_wanted_film_may_be_worth_more_than_the_end_of_another() -> None:
    assert core.pack({1: 10.0, 2: 6.0, 3: 0.0}, [1.0, 0.5], 9) == [(1, 0), (2, 0), (1, 1), (2, 1)]
    assert len(core.pack(dict.fromkeys(range(100), 1.0), [1.0, 0.7], 42)) == 42


def test_a_history_begins_with_the_title_and_not_with_its_last_encode() -> None:
    rows = [
        core.Row("old", "v/0a/old/000000000000", "2026-01-01T00:00:00Z"),
        core.Row("new", "v/1a/new/000000000000", "2026-11-26T20:00:00Z"),
        core.Row("again", "v/2a/again/000000000000", "2026-11-27T20:00:00Z"),
        core.Row("today", "v/3a/today/000000000000", "2026-11-28T00:10:00Z"),
    ]
    counted = {
        "old": {"2026-11-27": 5.0, "2026-11-18": 2.0, "2026-11-17": 9.0},
        "new": {"2026-11-27": 7.0, "2026-11-28": 99.0},
        "again": {"2026-11-24": 4.0},
        "gone": {"2026-11-27": 1.0},
    }
    assert core.histories(rows, counted, TODAY) == {
        "0a/old/000000000000": [5.0, *[0.0] * 8, 2.0],
        "1a/new/000000000000": [7.0, 0.0],
        "2a/again/000000000000": [0.0, 0.0, 0.0, 4.0],
        "3a/today/000000000000": [],
    }


def test_each_digits_nodes_get_what_is_wanted_of_theirs_the_most_wanted_first() -> None:
    found = {"0a/b/0": [1.0] * 10, "0b/a/0": [3.0] * 10, "0c/never/0": [0.0] * 10, "f0/c/0": [2.0] * 10, "f1/new/0": []}
    orders = core.orders(found, "2026-11-28T00:20:00+00:00")
    assert sorted(orders) == list("0123456789abcdef")
    assert list(orders["0"]["plays"].items()) == [("0b/a/0", 3.0), ("0a/b/0", 1.0)]
    assert orders["f"]["plays"] == {"f0/c/0": 2.0}
    assert orders["1"]["plays"] == {}
    assert {order["since"] for order in orders.values()} == {"2026-11-28T00:20:00+00:00"}


def test_the_function_writes_an_order_for_each_digit(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler.time, "time", lambda: 1_795_824_000.0 + 1200)
    title = {"id": {"S": "a"}, "prefix": {"S": "v/0a/a/000000000000"}, "published": {"S": "2026-01-01T00:00:00Z"}}
    count = {"id": {"S": "plays/2026-11-27/a"}, "plays": {"N": "5"}}
    asked = {
        "TableName": "titles",
        "ProjectionExpression": "#id, #plays, #prefix, #published",
        "ExpressionAttributeNames": {f"#{name}": name for name in ("id", "plays", "prefix", "published")},
    }
    stub("dynamodb").add_response("scan", {"Items": [title], "LastEvaluatedKey": {"id": {"S": "a"}}}, asked)
    stub("dynamodb").add_response("scan", {"Items": [count]}, {**asked, "ExclusiveStartKey": {"id": {"S": "a"}}})
    written: dict[str, Any] = {}

    def put(params: dict[str, Any], **_: Any) -> None:
        written[params["Key"]] = json.loads(params["Body"])

    stub("s3").client.meta.events.register("before-parameter-build.s3.PutObject", put)
    for _ in range(16):
        stub("s3").add_response("put_object", {})
    handler.handle(None, None)
    assert sorted(written) == [f"v/fill/order/{digit}.json" for digit in "0123456789abcdef"]
    order = written["v/fill/order/0.json"]
    assert list(order["plays"]) == ["0a/a/000000000000"]
    assert order["since"] == "2026-11-27T23:20:00+00:00"
