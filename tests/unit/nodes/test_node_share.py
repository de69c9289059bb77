"""In which order a crowd of viewers gets the bytes of an object that is on its way."""

import hashlib
import runpy
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.serving.cache_node import user_data

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(user_data.__file__).with_name("node-share.py")))
BODY = bytes(range(256)) * 1024


@pytest.fixture
def fetch(tmp_path: Path) -> Iterator[Any]:
    """All of the object is there."""
    file = tmp_path / "object"
    file.write_bytes(f"\nKEY: /a\nHTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    fetch = SCRIPT["Fetch"]("/a", file, 0.0)
    fetch.look()
    yield fetch
    fetch.close()


def taken(connection: socket.socket) -> int:
    """How many bytes of the body are there to be read."""
    connection.setblocking(False)
    return len(connection.recv(2 * len(BODY), socket.MSG_PEEK).partition(b"\r\n\r\n")[2])


def test_each_viewer_gets_the_first_bytes_before_anybody_gets_the_rest(fetch: Any) -> None:
    viewers: list[Any] = []
    nginx: list[socket.socket] = []
    for _ in range(3):
        here, there = socket.socketpair()
        viewers.append(SCRIPT["Viewer"](here))
        nginx.append(there)
        viewers[-1].join(fetch)
    for viewer in viewers:
        viewer.pump()
    assert [taken(connection) for connection in nginx] == [SCRIPT["FIRST"]] * 3
    assert not any(viewer.blocked for viewer in viewers), "they wait for the next look, and not for their sockets"
    # Then one after the other gets all that there is.
    viewers[0].pump()
    assert taken(nginx[0]) == len(BODY)
    assert nginx[0].recv(2 * len(BODY)).endswith(BODY)
    assert [viewer.fetch for viewer in viewers] == [None, fetch, fetch]
    for each in (*nginx, *(viewer.socket for viewer in viewers)):
        each.close()


def test_a_viewer_who_takes_no_more_is_waited_for_until_he_has_all_that_there_is(fetch: Any) -> None:
    here, there = socket.socketpair()
    viewer = SCRIPT["Viewer"](here)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    viewer.join(fetch)
    fetch.here -= 1  # one byte is still to come
    got, seen = b"", list[bool]()
    while len(got.partition(b"\r\n\r\n")[2]) < len(BODY) - 1:
        viewer.pump()
        seen.append(viewer.blocked)
        got += there.recv(2 * len(BODY))
    assert seen[0] is False, "the first bytes fit"
    assert seen[1] is True
    assert seen[-1] is False, "the socket takes more, but there is no more"
    here.close()
    there.close()


def test_a_fetch_whose_file_is_gone_is_forgotten_even_if_nginx_does_not_tell(tmp_path: Path) -> None:
    sharer = SCRIPT["Sharer"](tmp_path / "share", tmp_path)
    there = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for nginx in there:
        nginx.connect(str(tmp_path / "share"))
        nginx.settimeout(10)

    def answer(nginx: socket.socket) -> bytes:
        nginx.sendall(b"GET /a HTTP/1.1\r\n\r\n")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not select.select([nginx], [], [], 0)[0]:
            sharer.turn()
        return nginx.recv(100)[:12]

    assert answer(there[0]) == b"HTTP/1.1 503"
    name = hashlib.md5(b"/a", usedforsecurity=False).hexdigest()
    half = tmp_path / name[-1] / name[-3:-1] / f"{name}.0000000001"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"\nKEY: /a\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234")
    assert answer(there[1]) == b"HTTP/1.1 200"
    half.unlink()
    sharer.turn()
    assert answer(there[2]) == b"HTTP/1.1 503", "it still waits for the fetch that failed"
    for nginx in there:
        nginx.close()
