"""A server is ended with its workers, and none outlives the program that started it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes import ManagedProcess, free_port
from tests.waiting import eventually

# A server with one worker, whose process id it prints. The worker ignores SIGTERM, as one that hangs would.
SERVER = "trap 'exit 0' TERM; (trap '' TERM; while :; do sleep 0.1; done) & echo $!; wait"


def running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "server.log"


@pytest.fixture
def server(log: Path) -> Iterator[ManagedProcess]:
    process = ManagedProcess("server", ["sh", "-c", SERVER], log)
    process.start()
    assert eventually(lambda: log.read_text().endswith("\n"))
    yield process
    process.kill()


def worker(log: Path) -> int:
    return int(log.read_text().split()[-1])


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_ending_a_server_ends_its_workers_too(server: ManagedProcess, log: Path, end: str) -> None:
    assert server.alive()
    assert running(worker(log))

    getattr(server, end)()

    assert not server.alive()
    assert not running(worker(log)), "it would still answer on the server's address"


def test_workers_of_a_server_that_died_do_not_go_on_serving(server: ManagedProcess, log: Path) -> None:
    os.kill(server.pid, signal.SIGKILL)

    assert eventually(lambda: not server.alive())
    assert eventually(lambda: not running(worker(log)))


def test_a_stopped_server_can_be_started_again_and_a_running_one_cannot(server: ManagedProcess) -> None:
    with pytest.raises(RuntimeError, match="server already runs"):
        server.start()
    first = server.pid
    server.stop()
    server.start()
    assert server.alive()
    assert server.pid != first


def test_a_server_that_ignores_the_stop_signal_is_killed_after_its_grace(log: Path) -> None:
    process = ManagedProcess("wedged", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"], log)
    process.start()
    assert eventually(lambda: "up" in log.read_text())
    began = time.monotonic()
    process.stop(grace_seconds=0.2)
    assert not process.alive()
    assert 0.2 <= time.monotonic() - began < 3


def test_nothing_outlives_a_program_that_is_killed_outright(tmp_path: Path) -> None:
    program = f"""
import pathlib, threading, time
from local.processes import ManagedProcess
process = ManagedProcess("server", ["sh", "-c", {SERVER!r}], pathlib.Path({str(tmp_path / "log")!r}))
thread = threading.Thread(target=process.start)  # whose end must not end the server
thread.start()
thread.join()
print(process.pid if process.alive() else 0, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert eventually(lambda: (tmp_path / "log").read_text().endswith("\n"))
        pids = [pid, worker(tmp_path / "log")]
        assert all(running(pid) for pid in pids)
        parent.kill()
    assert eventually(lambda: not any(running(pid) for pid in pids))


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing(tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal, subprocess, time
from local.processes import ManagedProcess
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background would ignore it
popen = subprocess.Popen

def interrupted(command, **options):
    child = popen(command, **options)
    if command[0] == "sh":
        print(child.pid, flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
    return child

subprocess.Popen = interrupted
process = ManagedProcess("server", ["sh", "-c", {SERVER!r}], pathlib.Path({str(tmp_path / "log")!r}))
try:
    process.start()
except KeyboardInterrupt:
    process.stop()
    print("stopped")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    pid, *words = ended.stdout.split()
    assert words == ["stopped"], ended.stderr
    assert not running(int(pid))


def test_a_free_port_can_be_bound() -> None:
    port = free_port("127.0.0.1")
    assert 1024 < port < 65536
    assert port != free_port("127.0.0.1")
