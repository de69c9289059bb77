"""A node fetches titles in advance: those of its own fleet, beginnings first, newest first, and only as many as fit."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.serving.cache_node.user_data import user_data
from components.serving.load_balancer import digits_of
from components.serving.scaling import fill_mbps, quiet_from
from facts.instances import INSTANCE_TYPES
from lambdas.names import GONE_LISTS, GONE_TIME, fill_list, order_of
from lambdas.verify.fill import HEAD_SECONDS
from local.serving.nodes import written_files
from tests.node_config import node_config

NIGHT = 1_793_588_400.0
"""A quiet hour of that node: three o'clock in the morning."""


@pytest.fixture(scope="module")
def script() -> Any:
    """The script as a node gets it."""
    module = ModuleType("node_fill")
    sys.modules[module.__name__] = module  # where its data classes look
    exec(written_files(user_data(node_config()))["/usr/local/sbin/node-fill"], vars(module))  # noqa: S102
    return module


def key(digit: str, title: str, version: str = "0123456789ab") -> str:
    return fill_list(f"v/{digit}0/{title}/{version}")


def test_newest_first_one_version_a_title_and_nobody_elses(script: Any) -> None:
    listed = [
        (key("0", "old"), "2026-11-01T00:00:00.000Z"),
        (key("7", "new"), "2026-11-03T00:00:00.000Z"),
        (key("0", "old", "aaaaaaaaaaaa"), "2026-11-02T00:00:00.000Z"),
        (key("8", "another-fleets"), "2026-11-04T00:00:00.000Z"),
        ("v/fill/00/../0123456789ab.json", "2026-11-04T00:00:00.000Z"),
    ]
    assert script.ours(listed, "01234567") == [key("7", "new"), key("0", "old", "aaaaaaaaaaaa")]


def test_without_an_order_the_beginnings_of_all_come_before_the_rest_of_any(script: Any) -> None:
    def at(new: int, old: int) -> str | None:
        one = {"head": 1, "files": 2, "head_bytes": 10, "bytes": 100}
        lists = {"new": script.Progress(**one, done=new), "old": script.Progress(**one, done=old)}
        return script.choose(script.pieces(lists, None), lists, set(), 1000)

    assert [at(0, 0), at(1, 0), at(1, 1), at(2, 1), at(2, 2)] == ["new", "old", "new", "old", None]


def test_files_without_room_are_left_out_and_failed_ones_wait(script: Any) -> None:
    def chosen(done: int, room: int, *failed: str) -> str | None:
        lists = {"new": script.Progress(1, 2, 10, 100, done), "old": script.Progress(1, 2, 10, 100)}
        return script.choose(script.pieces(lists, None), lists, set(failed), room)

    assert chosen(0, 9) is None
    assert chosen(1, 19) == chosen(1, 19, "old")
    assert chosen(1, 20) == "old"
    assert chosen(1, 110, "old") == "new"


def test_with_an_order_the_more_wanted_come_first_and_the_unwanted_not_at_all(script: Any) -> None:
    places = {
        "00/premiere/000000000000": "2026-11-02T00:00:00.000Z",
        "00/hot/000000000000": "2026-10-01T00:00:00.000Z",
        "00/warm/000000000000": "2026-10-01T00:00:00.000Z",
        "00/cold/000000000000": "2026-10-01T00:00:00.000Z",
    }
    hot = {"since": "2026-11-01T00:00:00+00:00", "debut": 5.0, "plays": {"00/hot/000000000000": 10.0}}
    warm = {**hot, "debut": 5.0, "plays": {"00/warm/000000000000": 6.0}}
    plays = script.worth(places, [hot, warm])
    assert [plays[place] for place in places] == [5.0, 10.0, 6.0, 0.0]
    lists = {f"v/fill/{place}.json": script.Progress(1, 2, 10, 100) for place in places}
    # The rest of the most wanted title comes before the beginning of the others. Each title's beginning comes first.
    assert [(script.place(key)[3:7], files) for key, files, _ in script.pieces(lists, plays)] == [
        ("hot/", 1), ("hot/", 2), ("warm", 1), ("prem", 1), ("warm", 2), ("prem", 2),
    ]  # fmt: skip


def test_a_premiere_is_fetched_before_any_play_was_counted(script: Any) -> None:
    order = {"since": "2026-11-01T00:00:00+00:00", "debut": 0.0, "plays": {}}
    assert script.worth({"00/first/000000000000": "2026-11-01T00:00:01.000Z"}, [order]) == {
        "00/first/000000000000": 1.0
    }


def test_a_node_begins_an_order_in_the_quiet_hours_or_if_it_has_none(script: Any, tmp_path: Path) -> None:
    one, two = key("0", "one"), key("0", "two")
    bucket: dict[str, Any] = {path: {"head": 1, "files": [["a", 10], ["b", 10]]} for path in (one, two)}
    night, noon = NIGHT, NIGHT + 10 * 3600
    asked: list[tuple[str, Any]] = []

    def order(title: str, at: str) -> list[tuple[str, str]]:
        bucket[order_of("0")] = {"since": "2026-11-02T00:00:00", "debut": 0.0, "plays": {script.place(title): 1.0}}
        # The order of another fleet is not even read.
        old = "2026-11-01T00:00:00.000Z"
        return [(one, old), (two, old), (order_of("0"), at), (order_of("8"), at)]

    def fetch(path: str, headers: dict[str, str]) -> str:
        asked.append((path[-1], headers.get("Range")))
        return "HIT"

    def filler(listed: list[tuple[str, str]]) -> Any:
        made = script.Filler("", "node:80", "01234567", 1000, tmp_path, 2)
        made._listed, made._read, made._fetch = lambda: listed, bucket.__getitem__, fetch
        return made

    def wanted(filler: Any, now: float) -> list[str]:
        filler.poll(now)
        return [path for path, _, _ in filler._wanted]

    new = filler(order(one, "2026-11-02T00:20:00.000Z"))
    assert wanted(new, noon) == [one, one]
    while new.step() is not None:
        pass
    assert asked == [("a", None), ("b", None)]
    again = filler(order(two, "2026-11-03T00:20:00.000Z"))
    assert wanted(again, noon) == [one, one], "by day it keeps what it has, whoever ended it meanwhile"
    assert again.step() is None
    assert wanted(again, night + 86400) == [two, two]


def test_what_is_wanted_is_asked_for_again_every_few_hours(script: Any, tmp_path: Path) -> None:
    title = key("0", "one")
    made = script.Filler("", "node:80", "0", 1000, tmp_path, 2)
    asked: list[tuple[str, bool]] = []
    answers = {"a": "HIT", "b": "MISS"}

    def fetch(path: str, headers: dict[str, str]) -> str:
        asked.append((path[-1], "Range" in headers))
        return answers[path[-1]]

    def walk(now: float) -> list[float]:
        asked.clear()
        made.poll(now)
        return list(iter(made.step, None))

    made._listed = lambda: [(title, "2026-11-01T00:00:00.000Z")]
    made._read, made._fetch = {title: {"head": 1, "files": [["a", 10], ["b", 10]]}}.__getitem__, fetch
    assert all(walk(NIGHT))
    assert asked == [("a", False), ("b", False)]
    assert walk(NIGHT + 3600) == asked == []
    # It requests one byte of a file in the cache, and all of a file that was pushed out. Only the latter costs
    # something.
    assert [cost > 0 for cost in walk(NIGHT + script.WALK_SECONDS + 1)] == [False, True]
    assert asked == [("a", True), ("b", True), ("b", False)]


def test_an_order_that_cannot_be_read_changes_nothing(script: Any, tmp_path: Path) -> None:
    made = script.Filler("", "node:80", "0", 1000, tmp_path, 2)
    title = key("0", "one")
    bucket: dict[str, Any] = {title: {"head": 1, "files": [["a", 10]]}, order_of("0"): {"plays": 7}}
    made._listed = lambda: [(title, "2026-11-01T00:00:00.000Z"), (order_of("0"), "2026-11-02T00:00:00.000Z")]
    made._read = bucket.__getitem__
    made.poll(NIGHT)
    assert [path for path, _, _ in made._wanted] == [title, title]


def test_the_quiet_hours_may_go_on_after_midnight(script: Any) -> None:
    assert [hour for hour in range(24) if script.quiet(hour, 21)] == [0, 1, 2, 21, 22, 23]


def test_it_is_night_where_the_region_is() -> None:
    # Local solar time on the east coast of America, in Ireland, in Singapore and in Sydney.
    hours = [quiet_from(region) for region in ("us-east-1", "eu-west-1", "ap-southeast-1", "ap-southeast-2")]
    assert hours == [7, 2, 19, 16]


@pytest.mark.parametrize("fleets", [1, 2, 4, 8, 16])
def test_every_title_belongs_to_one_fleet(fleets: int) -> None:
    assert "".join(digits_of(fleet, fleets) for fleet in range(fleets)) == "0123456789abcdef"


def test_a_small_node_has_the_beginning_of_a_new_title_within_a_minute() -> None:
    """Three minutes of a ladder of 20 Mb/s, with the wait until the node looks next."""
    slowest = min(kind.baseline_gbps for kind in INSTANCE_TYPES.values())
    assert 15 + 20 * HEAD_SECONDS / fill_mbps(slowest) < 60


def test_a_list_of_deleted_files_is_recognized_by_its_key(script: Any) -> None:
    when = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    found = script.GONE.fullmatch(f"{GONE_LISTS}a0/a-film/{when:{GONE_TIME}}.json")
    assert found[1] == "a"
    assert script.GONE.fullmatch(key("a", "a-film")) is None
    assert script.ours([(found[0], "2026-11-01T12:30:00.000Z")], "0123456789abcdef") == []
