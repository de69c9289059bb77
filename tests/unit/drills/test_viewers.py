"""The viewers of a drill count wrong, failed, cut and right answers. The test server gives each kind."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from drills import viewers
from drills.viewers import Crowd, Seen, content

PATH = "/v/00/film/0123456789ab/video_1.cmfv"
SIZE = 5000


@contextmanager
def serving(how: str) -> Generator[str]:
    """URL of a server that answers rightly, with other bytes, with an error, or with half of the announced bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"titles": []}' if self.path.startswith("/api/") else content(self.path, SIZE)
            if how == "wrong" and self.path == PATH:
                body = body[:-1] + bytes([body[-1] ^ 1])
            self.send_response(502 if how == "error" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:100] if how == "half" else body)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log, since nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def watched(url: str, seconds: float) -> Seen:
    """The counts of two viewers."""
    crowd = Crowd(url, {PATH: SIZE}, ("US", "GB"), seed=1, viewers=2)
    crowd.start()
    time.sleep(seconds)
    seen = crowd.take()
    crowd.stop()
    return seen


@pytest.mark.parametrize("how", ["well", "wrong", "error"])
def test_each_answer_is_compared(how: str) -> None:
    with serving(how) as url:
        seen = watched(url, 1.0)
    assert seen.requests >= 4
    assert bool(seen.wrong) == (how == "wrong")
    assert bool(seen.failed) == (how == "error")
    assert bool(seen.examples) == (how != "well")


def test_a_broken_connection_is_made_again_until_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "PATIENCE", 0.6)
    with serving("half") as url:
        seen = watched(url, 2.0)
    assert seen.wrong == 0
    assert seen.failed >= 1
    assert seen.cut > seen.failed


def test_without_the_bucket_viewers_read_only_what_they_have_read_before() -> None:
    other = "/v/80/film/0123456789ab/video_2.cmfv"
    with serving("well") as url:
        crowd = Crowd(url, {other: SIZE, PATH: SIZE}, ("US",), seed=1, viewers=1)
        crowd.warm_only.set()
        crowd.warm_up()
        assert crowd.take().requests == 2
        crowd.start()
        time.sleep(1.0)
        crowd.stop()
        seen = crowd.take()
    assert (seen.failed, seen.wrong) == (0, 0)
    assert seen.requests >= 2
