"""For tests of a cache node: an origin that counts requests and can fail, and a client."""

import contextlib
import hashlib
import http.client
import itertools
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from components.serving.cache_node.user_data import user_data
from local.serving.nodes import Node, Site
from tests.node_config import node_config

MB = 1024 * 1024
USER_DATA = user_data(node_config())
BUCKET = f"/{node_config().bucket}"
FOLDER = "/v/0a/film/0123456789ab"
FILM, MANIFEST = f"{FOLDER}/index_v720p_000000001.cmfv", f"{FOLDER}/index.m3u8"
_hosts = itertools.count(1)


def content(size: int, seed: int = 1) -> bytes:
    """Bytes in which all parts differ."""
    return hashlib.shake_128(f"{seed}".encode()).digest(size)


@dataclass
class Origin:
    """Answers as S3 does. Objects are by path, which begins with the bucket."""

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """(method, target, headers in lower case) in order."""
    status: int = 200
    """Any other status is the answer to every request."""
    delay: float = 0.0
    """Seconds before each answer."""
    pause: float = 0.0
    """Seconds between the halves of each body."""
    cut: bool = False
    """Whether the second half never comes."""
    tls: ssl.SSLContext | None = None
    port: int = 0
    _server: ThreadingHTTPServer | None = None
    _connections: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    def ranges(self, path: str) -> list[str]:
        """The ranges that were asked of one object, in order of their start."""
        found = [headers.get("range", "") for _, target, headers in self.requests if target == path]
        return sorted(found, key=lambda value: [int(number) for number in re.findall(r"\d+", value)])

    def start(self) -> None:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                origin._connections.add(self.connection)

            def do_GET(self) -> None:
                origin._answer(self)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, request: object, client_address: object) -> None:
                """Ignore cut connections: the test cuts some, and so does nginx when it refuses a certificate."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those that are open."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        # The node itself looks for new titles all the time. The tests do not count that.
        if "?list-type=2" not in handler.path:
            self.requests.append((handler.command, handler.path, headers))
        time.sleep(self.delay)
        body = self.objects.get(handler.path)
        status = self.status if self.status != 200 else 200 if body is not None else 404
        answer = {"Content-Type": "application/xml", "x-amz-request-id": "R1", "x-amz-id-2": "I2"}
        if status != 200 or body is None:
            part = b"<Error/>"
        else:
            answer |= {
                "Content-Type": "video/mp4",
                "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
                "Last-Modified": "Sun, 01 Nov 2026 10:00:00 GMT",
                "Cache-Control": "no-store",
                "Vary": "Origin",
                "Set-Cookie": "a=b",
                "x-amz-server-side-encryption": "AES256",
            }
            part = body
            if match := re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", "")):
                first, last = int(match[1]), min(int(match[2]), len(body) - 1)
                if first >= len(body):
                    status, part = 416, b"<Error/>"
                else:
                    status, part = 206, body[first : last + 1]
                    answer["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        handler.send_response(status)
        for name, value in {**answer, "Content-Length": str(len(part))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            half = len(part) // 2 if self.pause or self.cut else len(part)
            handler.wfile.write(part[:half])
            time.sleep(self.pause)
            handler.close_connection = self.cut
            handler.wfile.write(b"" if self.cut else part[half:])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cache(self) -> str:
        return self.headers.get("x-node-cache", "")


class Door(NamedTuple):
    """Where requests are sent."""

    address: str
    port: int


def ask(where: Node | Door, path: str, method: str = "GET", timeout: float = 20.0, **headers: str) -> Answer:
    """Send one request on a new connection. Header names are given with underscores."""
    address = where.address if isinstance(where, Door) else where.site.address
    connection = http.client.HTTPConnection(address, where.port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def make_node(origin: Origin, directory: Path, data: str = USER_DATA) -> Node:
    """A node that is not started. Its bucket's objects are under /media-0123456 at the origin."""
    pid = os.getpid()
    site = Site(
        instance_id=f"i-{next(_hosts):017x}",
        zone="eu-west-1a",
        # From 127.192 on: the fleets use addresses below that.
        address=f"127.{192 + pid // 256 % 63}.{pid % 256}.{next(_hosts) % 254 + 1}",
        directory=directory,
        access_log=directory / "access.jsonl",
        endpoint_url=origin.url,
    )
    return Node(site, data)


@contextlib.contextmanager
def small_disk(node: Path, megabytes: int) -> Generator[Path]:
    """A disk of this size, mounted where a node in the directory `node` will have its disk."""
    if os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    disk = node / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@contextlib.contextmanager
def running(node: Node) -> Generator[Node]:
    try:
        node.start()
        yield node
    finally:
        node.kill()
