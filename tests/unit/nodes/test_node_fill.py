"""What a node fetches ahead: its own fleet's titles, beginnings first, newest first, and no more than has room."""

import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from components.serving.cache_node import user_data
from components.serving.load_balancer import digits_of
from components.serving.scaling import fill_mbps
from facts.instances import INSTANCE_TYPES
from lambdas.names import GONE_LISTS, GONE_TIME, fill_list
from lambdas.verify.fill import HEAD_SECONDS
from local.serving.nodes import written_files

CONFIG = user_data.NodeConfig("media-0123456", "eu-west-1", "fleet-0", 8080, "/headend/nodes", 10_000, "01234567", 100)


@pytest.fixture(scope="module")
def script() -> Any:
    """The script as a node gets it."""
    module = ModuleType("node_fill")
    sys.modules[module.__name__] = module  # where its data classes look
    exec(written_files(user_data.user_data(CONFIG))["/usr/local/sbin/node-fill"], vars(module))  # noqa: S102
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


def test_the_beginnings_of_all_come_before_the_rest_of_any(script: Any) -> None:
    def at(new: int, old: int) -> str | None:
        one = {"head": 1, "files": 2, "head_bytes": 10, "bytes": 100}
        lists = {"new": script.Progress(**one, done=new), "old": script.Progress(**one, done=old)}
        return script.choose(lists, set(), 1000)

    assert [at(0, 0), at(1, 0), at(1, 1), at(2, 1), at(2, 2)] == ["new", "old", "new", "old", None]


def test_what_has_no_room_is_left_and_what_failed_waits(script: Any) -> None:
    one = script.Progress(1, 2, 10, 100)
    assert script.choose({"new": one}, set(), 9) is None
    lists = {"new": script.Progress(1, 2, 10, 100, 1), "old": one}
    assert script.choose(lists, set(), 19) == script.choose(lists, {"old"}, 19)
    assert script.choose(lists, set(), 20) == "old"
    assert script.choose(lists, {"old"}, 110) == "new"


@pytest.mark.parametrize("fleets", [1, 2, 4, 8, 16])
def test_every_title_is_one_fleets(fleets: int) -> None:
    assert "".join(digits_of(fleet, fleets) for fleet in range(fleets)) == "0123456789abcdef"


def test_a_small_node_has_the_beginning_of_a_new_title_within_a_minute() -> None:
    """Three minutes of a ladder of 20 Mb/s, after a wait for the next look."""
    slowest = min(kind.baseline_gbps for kind in INSTANCE_TYPES.values())
    assert 15 + 20 * HEAD_SECONDS / fill_mbps(slowest) < 60


def test_a_list_of_what_is_gone_is_known_by_its_key(script: Any) -> None:
    when = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    found = script.GONE.fullmatch(f"{GONE_LISTS}a0/a-film/{when:{GONE_TIME}}.json")
    assert found[1] == "a"
    assert script.GONE.fullmatch(key("a", "a-film")) is None
    assert script.ours([(found[0], "2026-11-01T12:30:00.000Z")], "0123456789abcdef") == []
