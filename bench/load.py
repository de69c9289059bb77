"""Viewers: connections that read at a pace of their own, as players do. They end by themselves.

Each viewer has a connection and a list of objects, which it reads one after the other at a fixed rate: every server
gets the same load, so their processor times can be compared. (Servers that are asked for all they can give show mostly
how client and server wake each other up.) What arrives is thrown away in the kernel, so that the viewers cost little.
"""

import contextlib
import re
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

TICK = 0.01
"""Seconds between two looks at all connections."""
RECEIVE_BUFFER = 256 * 1024
"""Bytes. Small, or the kernel would take in whole objects at once, whatever the pace."""
LONGEST = 20.0
"""Seconds after which a load is given up."""
_SINK = bytearray(1024 * 1024)


class LoadError(Exception):
    """A server did not answer as it must for the measurement to mean anything."""


@dataclass
class Viewer:
    """One connection, and what it has yet to read."""

    paths: list[str]
    mark: str
    connection: socket.socket = field(default_factory=socket.socket)
    asked: bool = False
    """Whether an answer has yet to begin."""
    left: int = 0
    """Bytes of the present answer's body that have yet to be read."""
    read: int = 0
    """Bytes of bodies that were read."""
    began: float = 0.0
    """When it first asked, by the monotonic clock; 0 before."""
    first: float = 0.0
    """When the first answer began, by the monotonic clock; 0 before."""
    ended: float = 0.0
    """When there was nothing more to read."""

    @property
    def done(self) -> bool:
        """Whether there is nothing more to read."""
        return not (self.paths or self.asked or self.left)

    def step(self, allowed: int) -> None:
        """Do what can be done at once, until `allowed` bytes have been read since the beginning."""
        with contextlib.suppress(BlockingIOError):
            while self.read < allowed and not self.done:
                if self.left:
                    size = min(self.left, allowed - self.read, len(_SINK))
                    count = self.connection.recv_into(_SINK, size, socket.MSG_TRUNC)
                    if count == 0:
                        raise LoadError(f"an answer ended {self.left} bytes too early")
                    self.left, self.read = self.left - count, self.read + count
                    self.ended = time.monotonic()
                elif self.asked:
                    self._take_head()
                else:
                    self.connection.sendall(f"GET {self.paths.pop(0)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
                    self.asked, self.began = True, self.began or time.monotonic()

    def _take_head(self) -> None:
        head, end, _ = self.connection.recv(4096, socket.MSG_PEEK).partition(b"\r\n\r\n")
        if not end:
            raise BlockingIOError  # the rest of the head is on its way
        text = self.connection.recv(len(head) + len(end)).decode("latin-1")
        length = re.search(r"(?i)^content-length: *(\d+)", text, re.MULTILINE)
        if not text.startswith("HTTP/1.1 200") or self.mark.lower() not in text.lower() or length is None:
            raise LoadError(f"an answer was not a whole 200 with {self.mark!r}, but:\n{text}")
        self.asked, self.left = False, int(length[1])
        self.first = self.first or time.monotonic()


def drive(address: tuple[str, int], paths: Sequence[Sequence[str]], rate: float, mark: str = "") -> float:
    """Read each list of paths on a connection of its own, at `rate` bytes a second each. Returns the seconds taken.

    All connections are open before the first request. Raises LoadError for an answer that is not 200, does not have
    `mark` in its headers or ends early, and for a server that is too slow.
    """
    began = time.monotonic()
    return max(viewer.ended for viewer in _drive(address, paths, rate, mark)) - began


def crowd(address: tuple[str, int], path: str, count: int) -> list[tuple[float, float]]:
    """Have so many viewers ask for one object at once. For each, the seconds to its first byte and to its last."""
    viewers = _drive(address, [[path]] * count, float("inf"), "")
    began = min(viewer.began for viewer in viewers)
    return [(viewer.first - began, viewer.ended - began) for viewer in viewers]


def _drive(address: tuple[str, int], paths: Sequence[Sequence[str]], rate: float, mark: str) -> list[Viewer]:
    with contextlib.ExitStack() as stack:
        viewers = [Viewer(list(each), mark) for each in paths]
        for viewer in viewers:
            connection = stack.enter_context(viewer.connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            connection.connect(address)
            connection.setblocking(False)
        began = time.monotonic()
        while not all(viewer.done for viewer in viewers):
            elapsed = time.monotonic() - began
            if elapsed > LONGEST:
                raise LoadError(f"{address} was not through after {elapsed:.0f} s")
            for viewer in viewers:
                viewer.step(int(min(rate * elapsed, sys.maxsize)))
            time.sleep(TICK)
        return viewers
