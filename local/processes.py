"""Child processes that cannot outlive the laptop cloud.

Every server (moto, HAProxy, each nginx) leads its own session. So Ctrl-C in the terminal reaches only this program, and
a signal to the group reaches a server with all its workers. A guardian process holds the other end of a pipe. When this
program ends in any way, the pipe closes, and the guardian kills the servers that were not stopped.
(PR_SET_PDEATHSIG would send its signal when the starting *thread* ends, and to nginx's master without its workers.)
"""

import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

GUARDIAN = """
import os, shutil, signal, sys, time
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(name, signal.SIG_IGN)
groups, folders = set(), []
for line in sys.stdin:
    if line[0] == "/":
        folders.append(line[:-1])
    else:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
for attempt in range(50):  # who was killed may still write
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    if not any(map(os.path.exists, folders)):
        break
    time.sleep(0.1)
"""


_telling = threading.Lock()


@functools.cache
def _guardian() -> subprocess.Popen[str]:
    """The guardian process of this program. It starts with the first child and ends when this program ends."""
    # -I -S: only the standard library, so that it starts in some 15 ms.
    command = [sys.executable, "-I", "-S", "-c", GUARDIAN]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)


def _tell_guardian(line: str) -> None:
    """Tell it of a process group that runs ("+" and its number) or ended ("-"), or of a folder to remove."""
    with _telling:
        print(line, file=_guardian().stdin, flush=True)


def remove_in_the_end(folder: Path) -> None:
    """Have the guardian remove `folder` when this program ends in any way."""
    _tell_guardian(str(folder.absolute()))


class ManagedProcess:
    """One server and its workers: a process group that is started, watched and ended as one.

    Its standard output and error are appended to `log`. A process that stopped or died may be started again. Methods
    may be called from any thread.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, stop_signal: signal.Signals = signal.SIGTERM
    ) -> None:
        self.name = name
        self._command, self._log, self._stop_signal = list(command), log, stop_signal
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Raises FileNotFoundError if the program is not installed, and RuntimeError if it already runs."""
        # Not on the main thread, which Ctrl-C interrupts. Between a start and the note of it for the guardian, that
        # would leave a process that nobody ends.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._start).result()

    def _start(self) -> None:
        with self._lock:
            if self.alive():
                raise RuntimeError(f"{self.name} already runs as process {self.pid}")
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as output:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            _tell_guardian(f"+{self._process.pid}")

    @property
    def pid(self) -> int:
        """Process id of the last start. It is also the id of the process group."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    def alive(self) -> bool:
        """Whether the server runs.

        Workers that a dead server left behind are killed, since they would still answer on its address.
        """
        with self._lock:
            if self._process is None or self._process.returncode is not None:
                return False
            # WNOWAIT does not reap it, so no other process can get its id while the group is killed.
            if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return True
            self._finish(self._process)
            return False

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Whether it becomes `ready` within `seconds`. If it ends before, False at once."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive() or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def stop(self, grace_seconds: float = 3.0) -> None:
        """Ask the group to end, give it `grace_seconds`, then kill what is left of it."""
        with self._lock:
            if self._process is None or not self.alive():
                return
            os.killpg(self._process.pid, self._stop_signal)
            deadline = time.monotonic() + grace_seconds
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.kill()

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        with self._lock:
            if self._process is not None and self.alive():
                self._finish(self._process)

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        # A worker that is still ending could answer once more on the server's address.
        deadline = time.monotonic() + 10
        while _runs(process.pid) and time.monotonic() < deadline:
            time.sleep(0.002)
        process.wait()
        _tell_guardian(f"-{process.pid}")


def _runs(group: int) -> bool:
    """Whether a process group has a member that is more than a zombie."""
    return any(int(member_of) == group and state not in "ZX" for _, (state, _, member_of, *_) in process_stats())


def process_stats() -> Iterator[tuple[int, list[str]]]:
    """(process id, fields of proc(5) from the third on) of each process: state, parent, group and so on."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            text = stat.read_text(encoding="utf-8", errors="replace")
            # "pid (name) state parent group ..."; a name may hold spaces and brackets.
            yield int(stat.parent.name), text.rpartition(")")[2].split()


_reserved: deque[socket.socket] = deque(maxlen=64)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port of `host` that nobody else gets: a socket that does not listen holds it until 64 more were given out.

    A server that sets SO_REUSEADDR, as all of ours do, can still bind it. Until then connections are refused.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((host, 0))
    _reserved.append(holder)
    return int(holder.getsockname()[1])
