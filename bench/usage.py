"""The cost of processes: processor time and wall time of a command, and of running processes. Reads /proc."""

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from local.processes import process_stats

TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """The cost of one command from start to end, with the children that it waited for."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    said: str
    """Its output."""


def run(command: Sequence[str | Path], cwd: Path | None = None) -> Run:
    """Run a command in a new process. Raises RuntimeError for a status other than 0. Its messages go to stderr."""
    began = time.monotonic()
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        try:
            output = child.stdout.read() if child.stdout else ""
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        wall, child.returncode = time.monotonic() - began, os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with status {child.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, output)


def peak_mb() -> float:
    """The peak of this process's memory in RAM, in MB.

    It is not getrusage's ru_maxrss, which starts with the size of the process that forked this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def family_cpu() -> float:
    """Processor seconds of this process and its descendants so far, including those that ended and were waited for."""
    own, ticks, parents = os.getpid(), dict[int, int](), dict[int, int]()
    for pid, (_, parent, _, *rest) in process_stats():
        parents[pid] = int(parent)
        # utime, stime, cutime and cstime are fields 14 to 17 of proc(5).
        ticks[pid] = sum(int(field) for field in rest[8:12])

    def related(pid: int) -> bool:
        while pid not in (own, 0):
            pid = parents.get(pid, 0)
        return pid == own

    return sum(count for pid, count in ticks.items() if related(pid)) / TICKS


def group_cpu(group: int) -> dict[int, float]:
    """Processor seconds of each process in a process group: the sum over its threads, exact to the nanosecond.

    /proc/<pid>/stat counts in steps of 10 ms, which is half of what a server needs in a second.
    """
    seconds: dict[int, float] = {}
    for pid, (_, _, member_of, *_) in process_stats():
        if int(member_of) == group:
            with contextlib.suppress(FileNotFoundError):  # it ended meanwhile
                threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
                seconds[pid] = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    return seconds
