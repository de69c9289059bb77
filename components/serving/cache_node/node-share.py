#!/usr/bin/python3
"""Lets viewers who miss one object together share one fetch: `node-share SOCKET CACHE_DIRECTORY`.

nginx asks at SOCKET for each object that is not in its cache. The first request for an object is refused with 503, and
nginx then fetches and stores the object. Until this fetch ends, the other requests get the bytes from the file that
nginx is writing, as they arrive. If the disk is full, the refusal is 507. Then nginx passes on the bucket's answer and
does not store it. If this process is dead, nginx fetches without it, and its lock lets all requests but one wait.

nginx sends lines of its log to SOCKET.ends: a fetch has ended, or a file of the cache is truncated. A truncated file is
deleted.

This relies on three facts about nginx. A file that is being written has its final name and a suffix. The header of the
answer is in it, before the body. The file is renamed when it is complete, and deleted when the fetch fails. Only a
worker that is killed leaves its file as it is. So the fetches of a worker end with it, and older files are not read.

Python 3.9 runs this on Amazon Linux 2023.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 2.0
"""Seconds for which viewers wait here for the first byte. Then they are refused, and wait for nginx's lock."""
FIRST_LOOK, NEXT_LOOK = 0.01, 0.04
"""Seconds between two looks at a file: before its first byte is there, and after. A viewer notices the former more."""
HEAD = 16 * 1024
"""Bytes at the beginning of a file. They contain nginx's own header, the key and the header of the response."""
SWEEP = 1.0
"""Seconds between two looks at a fetch for which no viewer waits."""
FIRST = 1 << 16
"""Bytes that each viewer gets at first. With the next look, one viewer after another gets all bytes that are there. So
no viewer waits for the first byte until others have everything, and half of the viewers are done after half of the
time. If they took equal turns, all would be done only at the end."""
LARGEST = 16 << 20
"""Bytes of disk that are reserved for each running fetch, and size of a socket's buffer. It is more than a segment of
the top rung. The buffer has no copy, but refers to the pages of the file."""
ABSENT = ("403", "404")
"""Answers of the bucket that all waiting viewers get. After another error, each request may ask the bucket."""


@dataclass(eq=False)
class Fetch:
    """One object that nginx is fetching from the bucket."""

    path: str
    final: Path
    """Path of the complete file."""
    began: float
    viewers: set[Viewer] = field(default_factory=set)
    file: int | None = None
    head: bytes = b""
    start: int = 0
    """Offset of the body in the file."""
    length: int = 0
    here: int = 0
    """Number of bytes of the body that are in the file."""
    over: bool = False
    """Whether new requests no longer use this fetch."""
    worker: int = 0
    """Process id of the worker of nginx that fetches. 0: not known."""
    born: float = field(default_factory=time.time)

    def dead(self) -> bool:
        """Whether the worker was killed."""
        try:
            os.kill(self.worker, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False

    def look(self) -> None:
        """Find the file, and the length of its body so far. Raises ConnectionError if no more can come."""
        if self.file is None:
            self._open()
        if self.file is not None:
            state = os.fstat(self.file)
            self.here = min(max(0, state.st_size - self.start), self.length)
            if self.here < self.length and (not state.st_nlink or self.dead()):
                raise ConnectionError("nginx has deleted the file, or was killed")

    def _open(self) -> None:
        for name in (self.final, *self.final.parent.glob(f"{self.final.name}.*")):
            with contextlib.suppress(FileNotFoundError):
                file = os.open(name, os.O_RDONLY)
                # The time of a file is up to 10 ms behind the clock.
                if name != self.final and os.fstat(file).st_mtime < self.born - 0.02:
                    os.close(file)
                    continue
                before, found, _ = os.pread(file, HEAD, 0).partition(b"\r\n\r\n")
                head = before.partition(b"\nKEY: ")[2].partition(b"\n")[2]
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if found and length:
                    self.file, self.length, self.start = file, int(length[1]), len(before) + len(found)
                    self.head = head + b"\r\nX-Shared: 1\r\n\r\n"
                    return
                os.close(file)

    def close(self) -> None:
        if self.file is not None:
            os.close(self.file)


class Viewer:
    """A connection from nginx, for one viewer at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.worker = int.from_bytes(peer[:4], sys.byteorder)
        """Process id of the worker of nginx at the other end."""
        self.fetch: Fetch | None = None
        self.blocked = False
        """Whether the socket's buffer is full."""
        self._sent = -1
        """Bytes of the body that were sent. -1 before the header is sent."""
        self._asked = b""

    def asked(self) -> str | None:
        """The path of a request, when all of it has arrived. Raises ConnectionError if nginx has closed it."""
        data = self.socket.recv(4096)
        if not data:
            raise ConnectionError("nginx has closed the connection")
        self._asked += data
        if not self._asked.endswith(b"\r\n\r\n"):
            return None
        path, self._asked = self._asked.split(b" ", 2)[1].decode("latin-1"), b""
        return path

    def join(self, fetch: Fetch) -> None:
        self.fetch = fetch
        fetch.viewers.add(self)

    def leave(self) -> None:
        if self.fetch:
            self.fetch.viewers.discard(self)
        self.fetch, self.blocked, self._sent = None, False, -1

    def refuse(self, status: str) -> None:
        """Answer with a status and no body."""
        self.leave()
        self.socket.send(f"HTTP/1.1 {status} -\r\nContent-Length: 0\r\n\r\n".encode())

    def pump(self) -> None:
        """Send some of the bytes that are there. Raises OSError if nginx has closed the connection."""
        fetch = self.fetch
        if fetch is None or fetch.file is None:
            return
        self.blocked = False
        try:
            if self._sent < 0:
                self.socket.send(fetch.head, socket.MSG_MORE)
                self._sent = 0
            if self._sent < fetch.here:
                part = fetch.here - self._sent if self._sent else min(FIRST, fetch.here)
                count = os.sendfile(self.socket.fileno(), fetch.file, fetch.start + self._sent, part)
                self._sent, self.blocked = self._sent + count, count < part
        except BlockingIOError:
            self.blocked = True
            return
        if self._sent == fetch.length:
            self.leave()


class Sharer:
    """The running fetches, and the viewers who wait for them."""

    def __init__(self, path: Path, cache: Path) -> None:
        """Listen. Raises OSError if the directory for the sockets does not exist."""
        self._cache, self._looked, self._swept = cache, 0.0, 0.0
        self._by_path: dict[str, Fetch] = {}
        self._fetches: list[Fetch] = []
        self._selector = selectors.DefaultSelector()
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ends = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        for each, name in ((self._door, str(path)), (self._ends, f"{path}.ends")):
            Path(name).unlink(missing_ok=True)
            each.bind(name)
        self._door.listen(4096)
        for each in (self._ends, self._door):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)

    def turn(self) -> None:
        """Wait for events, and handle them."""
        waits = [FIRST_LOOK if each.file is None else NEXT_LOOK for each in self._fetches if each.viewers]
        due = self._looked + min(waits, default=SWEEP)
        for key, mask in self._selector.select(max(0.0, due - time.monotonic())):
            if key.fileobj is self._door:
                self._accept()
            elif key.fileobj is self._ends:
                self._hear()
            else:
                self._serve(key.data, mask)
        now = time.monotonic()
        if now >= due:
            self._looked = now
            self._look(now)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._door.accept()
                self._selector.register(connection, selectors.EVENT_READ, Viewer(connection))

    def _hear(self) -> None:
        """Read lines of nginx's log that end in `: STATUS PATH`: a fetch has ended, or a file is truncated."""
        with contextlib.suppress(BlockingIOError):
            while True:
                status, _, path = self._ends.recv(4096).decode("latin-1").rpartition(": ")[2].partition(" ")
                if status == "truncated":
                    self._discard(path)
                    continue
                if fetch := self._by_path.get(path):
                    self._end(fetch)
                    self._follow(fetch, status if status in ABSENT else "503")

    def _discard(self, path: str) -> None:
        """Delete a file that is shorter than its header says. nginx then fetches it again."""
        found = Fetch(path, self._file(path), 0.0)
        with contextlib.suppress(OSError):
            found.look()
        if found.file is not None and found.here < found.length:
            found.final.unlink(missing_ok=True)
            print(f"cache node: {path} was truncated on the disk; deleted", flush=True)
        found.close()

    def _serve(self, viewer: Viewer, mask: int) -> None:
        try:
            path = viewer.asked() if mask & selectors.EVENT_READ else None
            if path is not None:
                self._answer(viewer, path)
        except (OSError, LookupError):
            self._drop(viewer)
        else:
            self._pump(viewer)

    def _answer(self, viewer: Viewer, path: str) -> None:
        fetch = self._by_path.get(path)
        if fetch and fetch.dead():
            self._end(fetch)
            fetch = None
        if fetch:
            viewer.join(fetch)
        elif not self._room():
            viewer.refuse("507")
        else:
            self._by_path[path] = fetch = Fetch(path, self._file(path), time.monotonic(), worker=viewer.worker)
            self._fetches.append(fetch)
            viewer.refuse("503")

    def _end(self, fetch: Fetch) -> None:
        """Let new requests no longer use the fetch."""
        fetch.over = True
        if self._by_path.get(fetch.path) is fetch:
            self._by_path.pop(fetch.path)

    def _file(self, path: str) -> Path:
        """Path of an object in nginx's cache (levels=1:2)."""
        name = hashlib.md5(path.encode("latin-1"), usedforsecurity=False).hexdigest()
        return self._cache / name[-1] / name[-3:-1] / name

    def _room(self) -> bool:
        """Whether the disk has room for one more fetch."""
        try:
            disk = os.statvfs(self._cache)
        except OSError:
            return False
        free = 0 if disk.f_flag & os.ST_RDONLY else disk.f_bavail * disk.f_frsize
        return free > LARGEST * (1 + len(self._by_path))

    def _look(self, now: float) -> None:
        """Look at the fetches for which viewers wait, and from time to time at all fetches."""
        sweep = now >= self._swept + SWEEP
        for fetch in [each for each in self._fetches if sweep or each.viewers]:
            late = fetch.file is None and now > fetch.began + PATIENCE
            if not fetch.over and (late or fetch.final.exists() or fetch.dead()):
                self._end(fetch)
            self._follow(fetch, "503")
        if sweep:
            self._swept = now
            for fetch in [each for each in self._fetches if each.over and not each.viewers]:
                fetch.close()
                self._fetches.remove(fetch)

    def _follow(self, fetch: Fetch, status: str) -> None:
        """Send the viewers the bytes that have arrived. If the fetch has ended without any, send them this status."""
        gone = False
        if fetch.viewers:
            try:
                fetch.look()
            except OSError:
                gone = True
                self._end(fetch)
        for viewer in list(fetch.viewers):
            if gone:
                self._drop(viewer)
            elif fetch.over and fetch.file is None:
                viewer.refuse(status)
            elif not viewer.blocked:
                self._pump(viewer)

    def _pump(self, viewer: Viewer) -> None:
        was = viewer.blocked
        try:
            viewer.pump()
        except OSError:
            self._drop(viewer)
            return
        if viewer.blocked != was:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.blocked else 0)
            self._selector.modify(viewer.socket, events, viewer)

    def _drop(self, viewer: Viewer) -> None:
        """Close the connection. Then nginx ends the viewer's answer, or asks the bucket if no answer has begun."""
        viewer.leave()
        self._selector.unregister(viewer.socket)
        viewer.socket.close()


def alive() -> None:
    """Tell systemd that this process is not frozen. If systemd hears nothing for WatchdogSec, it starts it again."""
    if notify := os.environ.get("NOTIFY_SOCKET"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"WATCHDOG=1", socket.MSG_DONTWAIT, notify.replace("@", "\0", 1))


def main() -> None:
    """Share until the machine stops."""
    path, cache = sys.argv[1:]
    sharer = Sharer(Path(path), Path(cache))
    told = 0.0
    while True:
        sharer.turn()
        if time.monotonic() > told + SWEEP:
            told = time.monotonic()
            alive()


if __name__ == "__main__":
    main()
