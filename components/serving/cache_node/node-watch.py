#!/usr/bin/python3
"""Kills a worker of nginx that is frozen: `node-watch PID_FILE ADDRESS PORT`. nginx's master then starts another one.

Each worker has its own queue of new connections (reuseport). A worker that is stopped, or hangs in the kernel, still
gets its share of the viewers, and they wait. The node's health check mostly reaches the other workers.

Python 3.9 runs this on Amazon Linux 2023.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

SECONDS = 1.5
"""Seconds between two rounds, and longest time of an answer."""
ROUNDS = 3
"""A worker is killed after so many rounds in which it did not answer and used no processor time."""
ATTEMPTS = 16
"""Most connections per worker in a round. The kernel spreads them, and misses a worker in one of a million rounds."""


def workers(master: int) -> dict[int, str]:
    """Process id of each worker to the processor time that it has used so far, as the kernel writes it."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        with contextlib.suppress(OSError):
            if b"nginx: worker process\0" in Path(f"/proc/{child}/cmdline").read_bytes() + b"\0":
                found[int(child)] = " ".join(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13])
    return found


def answering(address: str, port: int, wanted: set[int]) -> set[int]:
    """Ask until each of the wanted workers has answered, or the time is over. Returns all workers that answered."""
    found: set[int] = set()
    opened, until = 0, time.monotonic() + SECONDS
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        while not found >= wanted and time.monotonic() < until:
            if opened < ATTEMPTS * len(wanted):
                for _ in range(2 * len(wanted)):
                    connection = stack.enter_context(socket.socket())
                    connection.bind((address, 0))
                    connection.settimeout(SECONDS)
                    connection.connect((address, port))
                    connection.sendall(b"GET /healthz/worker HTTP/1.0\r\n\r\n")
                    selector.register(connection, selectors.EVENT_READ)
                    opened += 1
            while not found >= wanted and (ready := selector.select(0.05)):
                for key, _ in ready:
                    selector.unregister(key.fileobj)
                    found.add(int(key.fileobj.recv(4096).rpartition(b"\r\n\r\n")[2]))  # type: ignore[union-attr]
    return found


def silent(
    now: Mapping[int, str], answered: set[int], before: Mapping[int, tuple[str, int]]
) -> dict[int, tuple[str, int]]:
    """The workers of `now` that neither answered nor used processor time: id to (processor time, number of rounds)."""
    found: dict[int, tuple[str, int]] = {}
    for worker, used in now.items():
        if worker not in answered:
            was, rounds = before.get(worker, (used, 0))
            found[worker] = (used, rounds + 1 if was == used else 1)
    return found


def alive() -> None:
    """Tell systemd that this process is not frozen. If systemd hears nothing for WatchdogSec, it starts it again."""
    if notify := os.environ.get("NOTIFY_SOCKET"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"WATCHDOG=1", socket.MSG_DONTWAIT, notify.replace("@", "\0", 1))


def main() -> None:
    """Watch until the machine stops."""
    pid_file, address, port = sys.argv[1:]
    quiet: dict[int, tuple[str, int]] = {}
    while True:
        alive()
        time.sleep(SECONDS)
        try:
            now = workers(int(Path(pid_file).read_text()))
            answered = answering(address, int(port), set(now))
        except (OSError, ValueError):
            # nginx does not run, or is ending.
            continue
        quiet = silent(now, answered, quiet)
        for worker, (_, rounds) in quiet.items():
            if rounds >= ROUNDS:
                print(f"cache node: worker {worker} is frozen; killed", flush=True)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)


if __name__ == "__main__":
    main()
