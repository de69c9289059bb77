"""The parts of `headend` that need no AWS: pages, causes, events, widths."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.ladder import STEPS, content_of
from operate import catalogue, executions, probes, screen, trouble
from operate.screen import Column

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROW = {"etag": "e1", "content": content_of("e1")}


def event(kind: str, second: int, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": NOON + timedelta(seconds=second), **details}


def test_the_states_of_an_execution_with_what_went_wrong_in_them() -> None:
    failed = {"error": "Lambda.ServiceException", "cause": "..."}
    found = executions.visits(
        [
            event("ExecutionStarted", 0, executionStartedEventDetails={}),
            event("TaskStateEntered", 1, stateEnteredEventDetails={"name": "Probe"}),
            event("TaskFailed", 2, taskFailedEventDetails=failed),
            event("TaskFailed", 3, taskFailedEventDetails=failed),
            event("TaskStateExited", 5, stateExitedEventDetails={"name": "Probe"}),
            event("FailStateEntered", 5, stateEnteredEventDetails={"name": "Failed"}),
            event("ExecutionFailed", 6, executionFailedEventDetails={"error": "TitleFailed"}),
        ]
    )
    assert [(visit.state, visit.failed) for visit in found] == [
        ("Probe", "Lambda.ServiceException"),
        ("Failed", "TitleFailed"),
    ]
    assert found[0].left == NOON + timedelta(seconds=5)
    assert found[1].left is None


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("Verify: RenditionsIncomplete a-film has no 720p", "Verify: RenditionsIncomplete"),
        ("Verify: RenditionsIncomplete b-film has no 540p", "Verify: RenditionsIncomplete"),
        ("films/B.mp4 has the same title id as films/b.mp4: rename one", "two films have one title id"),
        ("", "not said"),
    ],
)
def test_failures_of_one_kind_have_one_cause(fault: str, cause: str) -> None:
    assert executions.cause(fault) == cause


def test_another_ladder_is_seen_by_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not catalogue.outdated(ROW, STEPS, surround=False)
    unmade = {name: value for name, value in ROW.items() if name != "content"}
    assert not catalogue.outdated(unmade, STEPS, surround=False), "nothing plays yet"
    assert catalogue.outdated(ROW, STEPS[1:], surround=False), "the stack's config has another ladder"
    assert catalogue.outdated(ROW, STEPS, surround=True), "the stack keeps 5.1 now"
    # Where a test runs the program, it imports the module anew: this one is the one that was imported here.
    monkeypatch.setitem(content_of.__globals__, "REVISION", "another")
    assert catalogue.outdated(ROW, STEPS, surround=False)


def test_pages_and_whether_there_is_another() -> None:
    rows = [{"id": str(number)} for number in range(5)]
    assert catalogue.page(iter(rows), 1, 2) == (rows[:2], True)
    assert catalogue.page(iter(rows), 3, 2) == (rows[4:], False)
    assert catalogue.page(iter(rows[:4]), 2, 2) == (rows[2:4], False)
    assert catalogue.page(iter(rows), 9, 2) == ([], False)


def test_every_word_is_looked_for_in_id_name_and_key() -> None:
    rows = [{"id": "a-b", "name": "Ärger", "key": "x/Z.mov"}, {"id": "c"}]
    assert [row["id"] for row in catalogue.search(rows, "z.MOV äRGER")] == ["a-b"]
    assert list(catalogue.search(rows, "z c")) == []
    assert len(list(catalogue.search(rows, ""))) == 2


def test_a_lost_event_says_which_upload_and_why() -> None:
    body = {"time": "2026-11-01T12:00:00Z", "detail": {"object": {"key": "a.mp4"}}}
    told = {"ERROR_CODE": {"StringValue": "NO_PERMISSIONS"}, "ERROR_MESSAGE": {"StringValue": "not allowed"}}
    message = {"Body": json.dumps(body), "ReceiptHandle": "r", "MessageAttributes": told}
    found = trouble.lost(message)
    assert found[:4] == ("a.mp4", "2026-11-01T12:00:00Z", "NO_PERMISSIONS", "not allowed")
    assert trouble.lost({"Body": "[]", "ReceiptHandle": "r"}).key == "not an upload's event"


@pytest.mark.parametrize(
    ("states", "verdict"),
    [(["healthy", "healthy"], "ok"), (["healthy", "draining"], "unsure"), (["unhealthy"], "wrong")],
)
def test_a_fleet_is_as_healthy_as_its_nodes(states: list[str], verdict: str) -> None:
    group = {"AutoScalingGroupName": "g", "DesiredCapacity": 2}
    assert probes.fleet_health(group, {str(index): state for index, state in enumerate(states)})[0] == verdict


def test_what_a_playlist_names_first_is_what_a_player_fetches_first() -> None:
    media = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:6,\n1.m4s\n'
    assert probes.referenced(media) == ["init.mp4", "1.m4s"]


def test_wide_columns_share_what_the_terminal_leaves() -> None:
    columns = [Column("A", "cut"), Column("B"), Column("C", "fold")]
    assert screen.widths(columns, [10, 8, 10], 80) == [10, 8, 10]
    assert screen.widths(columns, [100, 8, 10], 80) == [80 - 6 - 8 - 10, 8, 10]
    assert screen.widths(columns, [100, 8, 100], 80) == [33, 8, 33]


def test_a_table_that_does_not_fit_becomes_lines_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = [Column("FLEET", "cut"), Column("HEALTHY"), Column("VERSION")]
    row = ["pop-us-east-1-0-group-1a2b3c4", "2 of 2", "1, roll to 2"]
    monkeypatch.setenv("COLUMNS", "40")
    screen.table(columns, [row], "")
    assert capsys.readouterr().out.splitlines()[0].split() == ["FLEET", "HEALTHY", "VERSION"]
    monkeypatch.setenv("COLUMNS", "30")
    screen.table(columns, [row], "")
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said if line and line[0] != " "] == ["FLEET", "HEALTHY", "VERSION"]
    assert "VERSION  1, roll to 2" in said[-2]
    assert max(map(len, said)) <= 30


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (123_456_789, "123 MB"), (2.5e12, "2.5 TB")]
)
def test_sizes(count: float, text: str) -> None:
    assert screen.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (61, "1 min"), (7200, "2 h"), (90_000, "1 d"), (-3, "0 s")])
def test_ages(seconds: int, text: str) -> None:
    assert screen.ago((NOON - timedelta(seconds=seconds)).isoformat(), NOON) == text
    assert screen.ago(NOON - timedelta(seconds=seconds), NOON) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (20.4, "0:20"), (5525, "1:32:05")])
def test_lengths(seconds: float | None, text: str) -> None:
    assert screen.length(seconds) == text


def test_a_name_can_neither_clear_the_terminal_nor_turn_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[2J\nb \u202e4pm.exe \x9b 👩\u200d👧 é"
    shown = r"a\x1b[2J\nb \u202e4pm.exe \x9b " + "👩\u200d👧 é"
    assert screen.visible(name) == shown
    screen.facts({"upload": name})
    screen.table([Column("TITLE")], [[name]], "")
    assert capsys.readouterr().out.count(shown) == 2
    screen.say(f"{name}: sent\nand more")
    assert capsys.readouterr().out.splitlines() == [r"a\x1b[2J", shown.partition(r"\n")[2] + ": sent", "and more"]
