"""`make demo` as a person uses it: wrong films, Ctrl-C at any moment, and a second title while it runs."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from local.clients import client
from tests.e2e.platform import wait
from tests.media_samples import sample

PROJECT = Path(__file__).parent.parent.parent


def _environment(film: str, temporary: Path) -> dict[str, str]:
    # The demo makes its run directory in TMPDIR, so its processes can be told from those of other demos. It is also
    # announced there, so that the tests leave a demo alone that somebody else runs.
    places = {"TMPDIR": str(temporary), "HEADEND_DEMO": str(temporary / "demo.json")}
    return {**os.environ, **places, "VIDEO": film, "HEADEND_X264_PRESET": "ultrafast", "COLUMNS": "120"}


def _ours(temporary: Path) -> list[str]:
    """Command lines of the processes that work in a directory: it is in their arguments, or they have a file of it
    open.

    A port would not tell them apart: another cloud that is tested at the same time takes the first free port.
    """
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            files = [str(file.readlink()) for file in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(str(temporary) in text for text in (command, *files)):
            found.append(command)
    return found


@contextmanager
def demo(film: str, temporary: Path) -> Generator[subprocess.Popen[str]]:
    """A running demo. It is killed at the end if it still runs."""
    process = subprocess.Popen(
        [".venv/bin/python", "-m", "local", "demo"],
        cwd=PROJECT,
        env=_environment(film, temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def add(film: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Run `make add` through make, since a film's name may hold any character."""
    return subprocess.run(
        ["make", "--no-print-directory", "add", f"VIDEO={film}"],
        cwd=PROJECT,
        env=_environment("", temporary),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _state(running: dict[str, Any], title: str) -> str | None:
    exports = running["exports"]
    table = client("dynamodb", exports["region"], running["endpoint"])
    found = table.get_item(TableName=exports["titles_table"], Key={"id": {"S": title}})
    return found["Item"]["state"]["S"] if "Item" in found else None


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path, since it holds sockets."""
    return tmp_path_factory.mktemp("d")


@pytest.mark.parametrize(
    ("film", "says"),
    [("/nowhere/film.mp4", "there is no such file"), (str(sample("text")), "is not a video"), ("/", "is not a file")],
)
def test_a_file_that_is_no_film_is_refused_in_one_line(film: str, says: str, temporary: Path) -> None:
    with demo(film, temporary) as process:
        output, _ = process.communicate(timeout=180)
    assert process.returncode == 1
    assert says in output
    assert film in output
    assert len(output.strip().splitlines()) == 1


@pytest.mark.parametrize("step", ["Starting AWS", "Deploying", "Starting cache nodes"])
def test_ctrl_c_while_it_starts_leaves_nothing(step: str, temporary: Path) -> None:
    with demo("", temporary) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(step):
                break
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=180)
    assert "Traceback" not in rest
    assert process.returncode == 0, rest
    assert _ours(temporary) == []
    assert list(temporary.iterdir()) == []


def test_a_title_is_added_while_it_runs_and_ctrl_c_ends_all(temporary: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a $b 'c' #1 (ü) [red];e.mp4"
    odd.write_bytes(sample("landscape").read_bytes())
    # A film of two minutes, so that it is still being encoded when the demo ends.
    late_film = tmp_path / "late.mp4"
    again = ["-stream_loop", "9", "-i", str(sample("long")), "-c", "copy", str(late_film)]
    subprocess.run(["ffmpeg", "-v", "error", *again], check=True, timeout=60)
    with demo(str(sample("silent")), temporary) as process:
        assert process.stdout
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C stops everything"):
                break
        output = "".join(lines)
        assert "Published silent" in output, output
        running = json.loads((temporary / "demo.json").read_text())
        added = add(str(odd), temporary)
        assert added.returncode == 0, added.stdout + added.stderr
        assert f"Published {odd.stem} in" in added.stdout
        titles = wait(
            lambda: requests.get(f"{running['url']}/api/titles", timeout=60).json().get("titles"), "the list of titles"
        )
        assert {title["name"] for title in titles} == {"silent", odd.stem}
        refused = add(str(sample("audio_only")), temporary)
        assert (refused.returncode, "is not a video" in refused.stderr) == (2, True)
        late = subprocess.Popen(
            [".venv/bin/python", "-m", "local", "add"],
            cwd=PROJECT,
            env=_environment(str(late_film), temporary),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert late.stdout
        wait(lambda: _state(running, "late"), "the late film is on its way")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=180)
        words, _ = late.communicate(timeout=300)
    assert "the demo stopped, or does not answer" in words, words
    assert "Traceback" not in words
    assert "Traceback" not in rest
    assert _ours(temporary) == []
    assert list(temporary.iterdir()) == []
    alone = add(str(odd), temporary)
    assert (alone.returncode, "no demo is running" in alone.stderr) == (2, True)


def test_the_laptop_is_left_alone_when_the_demo_is_killed(temporary: Path) -> None:
    """Not even SIGKILL leaves a process behind."""
    with demo("", temporary) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("The page"):
                break
        process.kill()
    wait(lambda: True if not _ours(temporary) else None, "every process of the demo ends")
    # What it wrote goes too, all but where it was: that blocks nobody.
    wait(lambda: [path.name for path in temporary.iterdir()] == ["demo.json"] or None, "its folder is gone")
    with demo("", temporary) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("Starting AWS")


def _catches_ctrl_c(process: subprocess.Popen[str]) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) & 1 << signal.SIGINT - 1)


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.5])
def test_ctrl_c_in_the_first_moment_says_nothing(seconds: float, temporary: Path) -> None:
    """It holds from the program's first line. Before that Python itself starts, and prints its own message."""
    with demo("", temporary) as process:
        # Python catches SIGINT when it starts. The program's first line undoes that.
        for catches in (True, False):
            deadline = time.monotonic() + 20
            while _catches_ctrl_c(process) != catches and time.monotonic() < deadline:
                time.sleep(0.001)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=180)
    assert "Traceback" not in output
    assert _ours(temporary) == []
    assert list(temporary.iterdir()) == []
