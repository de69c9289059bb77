"""Bad input to a cache node and to the edge before one, drawn from a seed.

The status and the bytes are right, and each object is fetched once.
"""

import contextlib
import http.client
import random
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import run_program
from local.serving.edge import Edge
from local.serving.nodes import Node
from tests.declared import ROOT
from tests.integration.node_bench import BUCKET, FILM, MB, Door, Origin, ask, content, make_node, running
from tests.waiting import eventually

SIZE = MB + 321
SEED = 20261128


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    origin = Origin(objects={BUCKET + FILM: content(SIZE)})
    origin.start()
    yield origin
    origin.stop()


@pytest.fixture(scope="module")
def node(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running(make_node(origin, tmp_path_factory.mktemp("input") / "node")) as node:
        yield node


@pytest.fixture(scope="module")
def edge(origin: Origin, node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The declared edge, whose balancers are all this node."""
    deployment = run_program(ROOT, stack="local")
    listeners = deployment.of_type("aws:lb/listener:Listener")
    at = f"{node.site.address}:{node.port}"
    balancers = {(item.inputs["loadBalancerArn"], item.inputs["port"]): at for item in listeners}
    bucket = f"127.0.0.1:{origin.port}"
    edge = Edge(deployment.registrations, tmp_path_factory.mktemp("edge"), s3=bucket, balancers=balancers)
    edge.start()
    yield Door("127.0.0.1", edge.port)
    edge.stop()


@pytest.fixture(params=["node", "edge"])
def door(request: pytest.FixtureRequest, node: Node) -> Door:
    return request.getfixturevalue("edge") if request.param == "edge" else Door(node.site.address, node.port)


def a_range(draw: random.Random) -> str:
    """A Range header, which is often nonsense."""
    numbers = [0, 1, 5, SIZE - 1, SIZE, SIZE + 1, 10**9, 2**63, 2**64 + 1, draw.randrange(SIZE)]

    def one() -> str:
        first, last = draw.choice(numbers), draw.choice(numbers)
        return draw.choice(
            [f"{first}-{last}", f"{first}-", f"-{last}", "-", "a-b", "", f"{first}", f" {first} - {last} "]
        )

    unit = draw.choice(["bytes=", "bytes=", "bytes=", "bytes", "items=", "BYTES=", ""])
    return unit + ",".join(one() for _ in range(draw.choice([1, 1, 1, 2, 5, 200])))


def check(status: int, headers: dict[str, str], body: bytes, whole: bytes, asked: str) -> None:
    """Check an answer to a GET by HTTP's rules (RFC 9110): the whole object, the part that it names, or a refusal."""
    if status == 200:
        assert body == whole, asked
    elif status == 206 and headers["content-type"].startswith("multipart/byteranges"):
        boundary = headers["content-type"].partition("boundary=")[2]
        for part in body.split(f"--{boundary}".encode())[1:-1]:
            head, _, data = part.partition(b"\r\n\r\n")
            named = re.search(rb"(?i)content-range: bytes (\d+)-(\d+)/(\d+)", head)
            assert named, asked
            first, last, size = map(int, named.groups())
            assert (size, data.removesuffix(b"\r\n")) == (len(whole), whole[first : last + 1]), asked
    elif status == 206:
        named = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers["content-range"])
        assert named, asked
        first, last, size = map(int, named.groups())
        assert (size, body) == (len(whole), whole[first : last + 1]), asked
    elif status == 304:
        assert body == b"", asked
    else:
        assert status in ANSWERS["a range or a condition"], asked


ANSWERS = {
    "a range or a condition": {200, 206, 304, 400, 412, 416},
    # 403: CloudFront's answer to a method that a behaviour does not allow. A node says 405.
    "anything at all": {200, 400, 403, 405, 408, 411, 413, 414, 417, 431, 494, 501, 505},
}
"""What the edge or a node may answer."""
QUERIES = [*[""] * 8, "?", "?a=b", "?a=b&a=c&%00=%ff", "?" + "x" * 3000, "?Range=bytes=0-9"]


def test_ranges_and_conditions_of_any_kind_give_the_right_bytes(door: Door, node: Node, origin: Origin) -> None:
    draw, whole = random.Random(SEED), origin.objects[BUCKET + FILM]  # noqa: S311
    at_node = door == Door(node.site.address, node.port)
    before = node.site.access_log.read_text().count(FILM) if node.site.access_log.exists() else 0
    etag = ask(door, FILM).headers["etag"]
    for number in range(400):
        conditions = {
            "Range": a_range(draw),
            "If_Range": draw.choice([etag, '"other"', "W/" + etag, "Sun, 01 Nov 2026 10:00:00 GMT", "never", ""]),
            "If_None_Match": draw.choice([etag, '"other"', "*", "", "x" * 500]),
            "If_Match": draw.choice([etag, '"other"', "*", ""]),
            "If_Modified_Since": draw.choice(["Sun, 01 Nov 2026 10:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "-1"]),
            "If_Unmodified_Since": draw.choice(["Sun, 01 Nov 2026 10:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x"]),
        }
        sent: Any = {
            name: value for name, value in conditions.items() if draw.random() < (0.8 if name == "Range" else 0.2)
        }
        query = draw.choice(QUERIES)
        answer = ask(door, FILM + query, **sent)
        if not sent:
            # The edge passes no query string on, and a node is sent none.
            assert answer.status == (400 if query and at_node else 200), query
        check(answer.status, answer.headers, answer.body, whole, f"seed {SEED}, request {number}: {sent}")
    assert len(origin.requests) == 1, "whatever was asked of it, the object was fetched once"
    if not at_node:
        asked = node.site.access_log.read_text().count(FILM) - before
        assert asked == 1, "the edge keeps one copy, whatever was asked of it"


VERSIONS = ["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/9.9", "HTTP/2.0", "http/1.1", ""]
BODIES = ["hello", "5\r\nhello\r\n0\r\n\r\n"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get", "G3T"]
HEADERS = [
    "Host: a", "Host: a\r\nHost: b", "Host:", "Content-Length: 5", "Content-Length: -1", "Range", ": x", "a b: c",
    "Content-Length: 1\r\nContent-Length: 2", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 3", "Expect: 100-continue", "Upgrade: h2c\r\nConnection: Upgrade",
    "Connection: close", "X: " + "a" * 9000, "X: " + "a" * 40000, "X-Accel-Redirect: /healthz/ok", " folded: x",
    "X-Original-URL: /healthz/write", "X-HTTP-Method-Override: PUT", "Cookie: " + "c=d; " * 500, "\x00: y",
    "Accept-Encoding: gzip",
]  # fmt: skip


def test_no_request_brings_a_node_down_or_makes_it_fetch_twice(door: Door, node: Node, origin: Origin) -> None:
    draw = random.Random(SEED)  # noqa: S311
    whole = ask(door, FILM).body
    before = len(origin.requests)
    for number in range(400):
        method, version = draw.choice(METHODS), draw.choice(VERSIONS)
        headers = draw.sample(HEADERS, draw.randrange(3))
        text = "\r\n".join([f"{method} {FILM} {version}".strip(), *headers, "", draw.choice(BODIES)])
        said = f"seed {SEED}, request {number}: {text[:200]!r}"
        with contextlib.closing(socket.create_connection(door, timeout=2)) as connection:
            connection.sendall(text.encode("latin-1"))
            answer = http.client.HTTPResponse(connection, method="HEAD" if method == "HEAD" else "GET")
            try:
                answer.begin()
                body = answer.read()
            except (http.client.HTTPException, OSError):
                continue  # to send no answer, or to wait for the rest of a body, is a refusal too
        assert answer.status in ANSWERS["anything at all"], said
        assert answer.status != 501 or "Transfer-Encoding" in text, said
        if answer.status == 200:
            assert method in {"GET", "HEAD"}, said
            assert body == (b"" if method == "HEAD" else whole), said
    assert len(origin.requests) == before
    assert node.healthy()


def test_requests_that_come_in_one_go_are_answered_in_their_order(door: Door, origin: Origin) -> None:
    draw = random.Random(SEED)  # noqa: S311
    for number in range(20):
        cold = f"/v/0a/film/0123456789ab/{'edge' if door.address == '127.0.0.1' else 'node'}_{number}.cmfv"
        origin.objects[BUCKET + cold] = content(3000, seed=number)
        kinds = {
            "GET": (FILM, "", 200, origin.objects[BUCKET + FILM]),
            "cold": (cold, "", 200, origin.objects[BUCKET + cold]),
            "part": (FILM, "Range: bytes=7-13\r\n", 206, origin.objects[BUCKET + FILM][7:14]),
            "HEAD": (FILM, "", 200, b""),
            "unchanged": (FILM, "If-None-Match: *\r\n", 304, b""),
        }
        asked = draw.choices(list(kinds), k=draw.randrange(2, 9))
        with contextlib.closing(socket.create_connection(door, timeout=20)) as connection:
            texts = [
                f"{'HEAD' if kind == 'HEAD' else 'GET'} {kinds[kind][0]} HTTP/1.1\r\nHost: a\r\n{kinds[kind][1]}\r\n"
                for kind in asked
            ]
            connection.sendall("".join(texts).encode())
            with connection.makefile("rb") as answers:
                for kind in asked:
                    head = b"".join(iter(answers.readline, b"\r\n")).decode("latin-1")
                    length = re.search(r"(?im)^content-length: (\d+)", head)
                    body = answers.read(int(length[1])) if length and kind not in ("HEAD", "unchanged") else b""
                    assert (int(head.split()[1]), body) == kinds[kind][2:], (asked, kind)


def test_viewers_who_read_slowly_by_the_hundred_keep_nobody_waiting(node: Node, origin: Origin) -> None:
    slow = [socket.create_connection((node.site.address, node.port), timeout=20) for _ in range(300)]
    try:
        for connection in slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(f"GET {FILM} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert ask(node, FILM, timeout=5).body == origin.objects[BUCKET + FILM]
        assert node.healthy()
    finally:
        for connection in slow:
            connection.close()


def test_a_viewer_who_leaves_early_spoils_the_object_for_nobody(node: Node, origin: Origin) -> None:
    path = "/v/0a/film/0123456789ab/left.cmfv"
    origin.objects[BUCKET + path], origin.delay = content(8 * MB, seed=2), 0.2

    def leave() -> None:
        with contextlib.closing(socket.create_connection((node.site.address, node.port), timeout=20)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    leaving = [threading.Thread(target=leave) for _ in range(20)]
    for thread in leaving:
        thread.start()
    for thread in leaving:
        thread.join()
    origin.delay = 0
    assert eventually(lambda: ask(node, path).cache == "HIT")
    assert ask(node, path).body == origin.objects[BUCKET + path]
