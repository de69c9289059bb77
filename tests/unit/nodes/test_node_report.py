"""Once a minute a node reports the counts of nginx's log, in the format from which CloudWatch makes metrics."""

import json
import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from components.serving.cache_node import user_data

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(user_data.__file__).with_name("node-report.py")))


def entry(cache: str, status: int = 200, size: int = 100, first: str = "", waited: str = "") -> str:
    found = {"status": status, "bytes": size, "cache": cache, "origin_first_byte": first, "first_byte": waited}
    return json.dumps(found) + "\n"


def test_hits_misses_and_bytes_are_counted_and_other_lines_are_not() -> None:
    lines = [
        entry("HIT"),
        entry("HIT", 206, 10),
        entry("MISS", first="0.020"),
        entry("SHARED", 200, 1000),
        entry("STALE", first="1.000, 0.500"),
        entry("MISS", 404, 5, "-"),
        entry("", 400, 1),
        "{half a line",
        "[]\n",
        "{}\n",
    ]
    assert SCRIPT["sums"](lines) == {
        **{"Hits": 2, "Misses": 1, "Stale": 1, "Errors": 2, "Bytes": 1316, "BytesFilled": 100, "Shared": 1},
        "OriginFirstByte": [20, 500, 1000],
    }


def test_the_first_byte_of_what_was_not_a_hit_is_all_that_a_viewer_waited() -> None:
    lines = [entry("MISS", waited=f"0.001 : 0.{number:03}") for number in range(100)]
    lines += [entry("HIT"), entry("SHARED", waited="0.050"), entry("MISS", waited="2.000 : -, 0.500")]
    found = SCRIPT["sums"](lines)
    assert (found["FirstByteP50"], found["FirstByteP99"]) == (51, 100)
    told = SCRIPT["document"](found, "dev-pop-0", "i-0abc", "nodes", 1_800_000_000.5)
    named = {metric["Name"] for metric in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert "FirstByteP50" in told
    assert not {"FirstByteP50", "FirstByteP99"} & named, "each metric costs 0.30 USD a month"
    assert "FirstByteP50" not in SCRIPT["sums"]([entry("HIT")])


def test_at_most_a_hundred_waits_are_reported_with_the_shortest_and_the_longest() -> None:
    told = SCRIPT["sums"](entry("MISS", first=f"{number / 1000}") for number in range(1000))["OriginFirstByte"]
    assert len(told) <= 100
    assert (told[0], told[-1] > 980, told == sorted(told)) == (0, True, True)


@pytest.mark.parametrize("lines", [[], [entry("MISS", first="0.020")]])
def test_every_metric_that_is_named_has_a_value_and_a_dimension(lines: list[str]) -> None:
    told = SCRIPT["document"](SCRIPT["sums"](lines), "dev-pop-0", "ip-10-0-0-1", "nodes", 1_800_000_000.5)
    [directive] = told["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (user_data.METRICS_NAMESPACE, [["Fleet"]])
    assert {metric["Name"] for metric in directive["Metrics"]} <= told.keys()
    assert told["_aws"]["Timestamp"] == 1_800_000_000_500
    assert (told["Fleet"], told["_aws"]["LogGroupName"]) == ("dev-pop-0", "nodes")
    assert ("OriginFirstByte" in told) is bool(lines)


def test_the_age_of_what_is_cached_is_that_of_some_objects(tmp_path: Path) -> None:
    now = 1_800_000_000
    for first in "0123456789abcdef":
        for second in range(256):
            folder = tmp_path / first / f"{second:02x}"
            folder.mkdir(parents=True)
            (folder / "a").touch()
            os.utime(folder / "a", (now - 60, now - 60 if first < "8" else now - 86400))
    found = SCRIPT["ages"](tmp_path, now)
    assert len(found) == SCRIPT["SAMPLED"]
    assert {*found} <= {60, 86400}
    (tmp_path / "empty").mkdir()
    assert SCRIPT["ages"](tmp_path / "empty", now) == []


def test_a_log_that_is_rotated_loses_no_line_and_gives_none_twice(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    log.write_text("before\n")
    tail = SCRIPT["Tail"](log)
    assert tail.lines() == []
    with log.open("a") as file:
        file.write("one\ntw")
        file.flush()
        assert tail.lines() == ["one\n"]
        file.write("o\n")
    log.rename(tmp_path / "access.jsonl.1")
    assert tail.lines() == ["two\n"]
    log.write_text("three\n")
    assert tail.lines() == ["three\n"]
    assert tail.lines() == []


def test_a_log_that_is_not_there_yet_is_read_from_its_beginning(tmp_path: Path) -> None:
    tail = SCRIPT["Tail"](tmp_path / "access.jsonl")
    assert tail.lines() == []
    (tmp_path / "access.jsonl").write_text("one\n")
    assert tail.lines() == ["one\n"]
