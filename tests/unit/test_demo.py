"""The messages of `make demo`."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from lambdas.experience.core import line, understand
from local import commands, running
from local.commands import _tell_unless_interrupted
from local.demo import Served
from local.viewers import Viewers


class Dropped:
    """An object that raises when it is deleted. Nobody can catch that exception."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def test_ctrl_c_in_a_callback_is_not_reported_but_a_fault_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", _tell_unless_interrupted)
    Dropped(KeyboardInterrupt())
    assert capsys.readouterr().err == ""
    Dropped(ValueError("a fault"))
    assert "ValueError: a fault" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["0", "5", "-1", "two", "1.5", " 2"])
def test_a_wrong_number_of_regions_is_reported_in_one_line(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGIONS", given)
    with pytest.raises(typer.Exit):
        commands._regions()
    said = capsys.readouterr().err
    assert f"REGIONS={given}: must be a whole number from 1 to 4" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("left", ["", "{}", "[]", "no JSON", '{"pid": 1, "url": "http://127.0.0.1:1"}'])
def test_the_file_of_a_killed_demo_is_not_a_running_demo(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "RUNNING", tmp_path / "demo.json")
    running.RUNNING.write_text(left)
    assert commands._running() is None
    with running.alone():
        assert running.RUNNING.read_text() == ""
    assert not running.RUNNING.exists()


def test_a_second_demo_is_told_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "RUNNING", tmp_path / "demo.json")

    def ignore(_number: int, _handler: object) -> None:
        """The test's own signals stay what they are."""

    monkeypatch.setattr("signal.signal", ignore)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    for name in ("VIDEO", "REGIONS"):  # a handler's environment has REGIONS too, in another form
        monkeypatch.delenv(name, raising=False)
    with running.alone():
        for url, expected in (("", "and is about to start"), ("http://here", "at http://here")):
            if url:
                running.announce("", url, {})
            with pytest.raises(typer.Exit):
                commands.demo()
            assert expected in capsys.readouterr().err


def test_the_table_of_fleets_says_what_their_caches_kept_from_the_bucket(tmp_path: Path) -> None:
    lines = [
        {"uri": "/v/00/a", "status": 200, "bytes": bytes_, "cache": cache, "fleet": fleet, "zone": zone}
        for fleet, zone, cache, bytes_ in (
            ("fleet-0", "us-east-1a", "MISS", 3_000_000),
            ("fleet-0", "us-east-1b", "HIT", 1_000_000),
            ("fleet-1", "eu-west-1a", "HIT", 2_000_000),
        )
    ]
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "node-i-1.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    served = Served(tmp_path)
    served.update()
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(served.fleet_table())
    rows = [line.split() for line in console.export_text().replace("│", " ").splitlines()]
    assert ["us-east-1", "fleet-0", "2", "50%", "4.0", "25%"] in rows
    assert ["eu-west-1", "fleet-1", "1", "100%", "2.0", "100%"] in rows


def test_the_table_of_viewers_says_what_their_players_reported(tmp_path: Path) -> None:
    def said(**values: Any) -> str:
        report = {"session": "0a1b2c3d-4e5f", "title": "films-apollo"} | values
        return json.dumps(line(understand(json.dumps(report).encode(), []), 0, "local"))

    starts = [said(event="start", start_ms=milliseconds) for milliseconds in (500, 700, 5000)]
    rest = [said(event="end", watched_s=99, stalled_s=1), said(event="fail", reason="x"), said(event="exit")]
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "lambda-experience-reports-1.log"
    log.write_text("\n".join(["START RequestId: 1", *starts, *rest, '{"_aws": not whole yet']))
    viewers = Viewers(tmp_path)
    for _ in range(2):
        viewers.update()
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(viewers.table())
    row = console.export_text().replace("│", " ").splitlines()[-1].split()
    assert row == ["3", "0.70", "s", "4.57", "s", "99", "s", "1.0%", "1", "1"]


def test_the_table_of_viewers_is_there_before_anybody_watches(tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(Viewers(tmp_path).table())
    assert "How viewers fare" in console.export_text()
