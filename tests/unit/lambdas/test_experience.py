"""The metrics of views, and how little a player that lies, floods or is broken can change in them."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from lambdas.experience.core import LARGEST, Problem, Report, figures, line, understand

REGIONS = ["us-east-1", "eu-west-1"]


def report(**said: Any) -> Report:
    plain = {"session": "0a1b2c3d-4e5f", "title": "films-apollo", "event": "start", "region": "eu-west-1"}
    return understand(json.dumps(plain | said).encode(), REGIONS)


def refusal(body: bytes) -> tuple[HTTPStatus, str]:
    with pytest.raises(Problem) as problem:
        understand(body, REGIONS)
    return problem.value.status, str(problem.value)


def test_a_start_counts_with_its_time() -> None:
    assert figures(report(start_ms=1240)) == {"Starts": 1, "StartTime": 1240}


@pytest.mark.parametrize(("event", "metric"), [("fail", "Failures"), ("exit", "ExitsBeforeStart")])
def test_a_view_that_did_not_come_counts(event: str, metric: str) -> None:
    assert figures(report(event=event)) == {metric: 1}


@pytest.mark.parametrize("event", ["keepalive", "end"])
def test_watching_and_stalling_are_summed(event: str) -> None:
    assert figures(report(event=event, watched_s=300.5, stalled_s=1.2)) == {
        "WatchedSeconds": 300.5,
        "StalledSeconds": 1.2,
    }


def test_the_log_line_is_what_cloudwatch_makes_metrics_of() -> None:
    said = line(report(start_ms=1240, kbps=800), 1_700_000_000_000, "headend-dev")
    [described] = said["_aws"]["CloudWatchMetrics"]
    assert described["Dimensions"] == [["Stack"], ["Stack", "Region"]]
    # The line has a value for each metric and each dimension that it describes.
    assert {metric["Name"] for metric in described["Metrics"]} == {"Starts", "StartTime"} <= set(said)
    assert said["Region"] == "eu-west-1"
    assert (said["title"], said["kbps"]) == ("films-apollo", 800)


def test_a_report_without_figures_makes_no_metric() -> None:
    assert "_aws" not in line(report(event="end"), 0, "headend-dev")


def test_a_lie_is_held_to_what_can_be() -> None:
    lies = report(event="end", watched_s=1e308, stalled_s=float("nan"), kbps=-1, switches=True, region="mars-1")
    assert (lies.watched_s, lies.stalled_s, lies.kbps, lies.switches, lies.region) == (600, 0, None, 0, "unknown")
    assert report(start_ms=float("inf")).start_ms == 120_000
    assert report(start_ms="1").start_ms is None


def test_a_reason_is_short_and_plain() -> None:
    assert report(event="fail", reason="a\nb\x1b[31m" + "c" * 200).reason == "ab[31m" + "c" * 74
    assert report(event="fail", reason={"a": 1}).reason == "{'a': 1}"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"x" * (LARGEST + 1), 413, "Allowed are 4096"),
        (b"", 400, "not a JSON object"),
        (b"[" * 4000, 400, "not a JSON object"),
        (b"\xff", 400, "not a JSON object"),
        (b"[1]", 400, "not a JSON object"),
        (b"{}", 400, "event is 'None'"),
        (b'{"event": ["start"]}', 400, "event is"),
        (b'{"event": "end", "session": "a@b.example"}', 400, "session is 'a@b.example'"),
        (b'{"event": "end", "session": "abcdefgh", "title": "../x"}', 400, "title is '../x'"),
    ],
)
def test_a_bad_report_is_answered_with_a_reason_and_not_counted(body: bytes, status: int, sentence: str) -> None:
    found, said = refusal(body)
    assert found == status
    assert sentence in said
