"""Viewers: connections that read at a fixed rate, as players do. They end by themselves.

Each viewer has a connection and a list of objects, which it reads one after the other at a fixed rate. So every server
gets the same load, and their processor times can be compared. (A load without a limit would mostly measure how client
and server wake each other up.) The kernel throws the received bytes away, so that the viewers cost little.
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
"""Bytes. It must be small. Otherwise the kernel would receive whole objects at once, whatever the rate is."""
LONGEST = 20.0
"""Seconds after which a load fails."""
_SINK = bytearray(1024 * 1024)


class LoadError(Exception):
    """A server gave an answer that makes the measurement useless."""


@dataclass
class Viewer:
    """One connection, and the objects that it must still read."""

    paths: list[str]
    mark: str
    connection: socket.socket = field(default_factory=socket.socket)
    asked: bool = False
    """True while it waits for the beginning of an answer."""
    left: int = 0
    """Bytes of the present answer's body that are not read yet."""
    read: int = 0
    """Bytes of bodies that were read."""
    began: float = 0.0
    """Time of the first request, by the monotonic clock; 0 before that."""
    first: float = 0.0
    """Time at which the first answer began, by the monotonic clock; 0 before that."""
    ended: float = 0.0
    """Time at which everything was read, by the monotonic clock; 0 before that."""

    @property
    def done(self) -> bool:
        """Whether everything is read."""
        return not (self.paths or self.asked or self.left)

    def step(self, allowed: int) -> None:
        """Read what is there without waiting, until `allowed` bytes have been read since the beginning."""
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
            raise BlockingIOError  # the rest of the head is not here yet
        text = self.connection.recv(len(head) + len(end)).decode("latin-1")
        length = re.search(r"(?i)^content-length: *(\d+)", text, re.MULTILINE)
        if not text.startswith("HTTP/1.1 200") or self.mark.lower() not in text.lower() or length is None:
            raise LoadError(f"an answer was not a whole 200 with {self.mark!r}, but:\n{text}")
        self.asked, self.left = False, int(length[1])
        self.first = self.first or time.monotonic()


def drive(address: tuple[str, int], paths: Sequence[Sequence[str]], rate: float, mark: str = "") -> float:
    """Read each list of paths on its own connection, at `rate` bytes a second each. Returns the seconds that it took.

    All connections are open before the first request. Raises LoadError for an answer that is not 200, does not have
    `mark` in its headers or ends early, and for a server that is too slow.
    """
    began = time.monotonic()
    return max(viewer.ended for viewer in _drive(address, paths, rate, mark)) - began


def crowd(address: tuple[str, int], path: str, count: int) -> list[tuple[float, float]]:
    """Let `count` viewers ask for one object at once. Returns the seconds to the first and to the last byte of each."""
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
