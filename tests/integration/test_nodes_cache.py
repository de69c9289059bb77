"""A cache node, as its viewers and its origin see it: a real nginx with the declared nginx.conf."""

import base64
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from components.serving.cache_node import user_data
from local.serving.nodes import Node
from tests.integration.node_bench import (
    BUCKET,
    FILM,
    FOLDER,
    MANIFEST,
    MB,
    USER_DATA,
    Answer,
    Origin,
    ask,
    make_node,
    running,
)
from tests.waiting import eventually

SCRUB = Path(user_data.__file__).with_name("node-scrub.py")


def short_lived() -> str:
    """The declared user data, but an object stays fresh for a second instead of a year."""
    text = gzip.decompress(base64.b64decode(USER_DATA)).decode()
    assert "proxy_cache_valid 200 1y;" in text
    return base64.b64encode(
        gzip.compress(text.replace("proxy_cache_valid 200 1y;", "proxy_cache_valid 200 1s;").encode())
    ).decode()


def warm(node: Node, path: str) -> Answer:
    """The first answer for an object, once the node has it: it sends the last byte before the file has its place."""
    answer = ask(node, path)
    assert eventually(lambda: ask(node, path).cache == "HIT")
    return answer


def cached(node: Node) -> list[Path]:
    """The files in the cache."""
    return list((node.site.directory / "disk/cache").glob(f"*/*/{'[0-9a-f]' * 32}"))


def test_a_crowd_that_misses_together_costs_one_fetch(node: Node, origin: Origin) -> None:
    origin.delay = 0.2
    want = hashlib.sha256(origin.objects[BUCKET + FILM]).hexdigest()
    together, got = threading.Barrier(200), Counter[str]()

    def viewer() -> None:
        together.wait()
        answer = ask(node, FILM, timeout=60)
        got[f"{answer.status} {hashlib.sha256(answer.body).hexdigest()}"] += 1

    viewers = [threading.Thread(target=viewer) for _ in range(200)]
    for each in viewers:
        each.start()
    for each in viewers:
        each.join()

    assert got == {f"200 {want}": 200}
    assert origin.ranges(BUCKET + FILM) == [""]


def test_a_manifest_is_fetched_once_and_says_who_served_it(node: Node, origin: Origin) -> None:
    first, second = warm(node, MANIFEST), ask(node, MANIFEST)

    assert [first.status, second.status] == [200, 200]
    assert first.body == second.body == b"#EXTM3U\n"
    assert [first.cache, second.cache] == ["MISS", "HIT"]
    assert (second.headers["x-node"], second.headers["x-node-zone"]) == (node.site.instance_id, "eu-west-1a")
    assert second.headers["etag"] == first.headers["etag"]
    assert len(origin.requests) == 1


def test_what_is_cached_is_served_without_the_origin(node: Node, origin: Origin) -> None:
    whole = warm(node, FILM).body
    origin.stop()
    answer = ask(node, FILM)
    assert (answer.status, answer.cache, answer.body == whole) == (200, "HIT", True)
    assert ask(node, "/v/0a/film/0123456789ab/other.cmfv").status == 502
    assert node.healthy()


@pytest.mark.parametrize("failure", ["dead", "503"])
def test_a_failing_origin_means_stale_not_down(origin: Origin, tmp_path: Path, failure: str) -> None:
    with running(make_node(origin, tmp_path / "node", short_lived())) as node:
        whole = warm(node, FILM).body
        time.sleep(2.1)
        if failure == "dead":
            origin.stop()
        else:
            origin.status = int(failure)
        answer = ask(node, FILM)
        assert (answer.status, answer.cache, answer.body == whole) == (200, "STALE", True)
        assert node.healthy()


@pytest.mark.parametrize("status", [403, 404])
def test_an_object_that_was_missing_is_found_as_soon_as_it_is_there(node: Node, origin: Origin, status: int) -> None:
    origin.status, path = status, "/v/0a/late/0123456789ab/index.m3u8"
    assert [ask(node, path).status for _ in range(3)] == [status] * 3
    origin.status, origin.objects[BUCKET + path] = 200, b"#EXTM3U late"
    # Who asks in the moment before the last refusal is over shares it.
    assert eventually(lambda: ask(node, path).status == 200, seconds=1)


def test_a_crowd_that_asks_for_an_absent_object_is_answered_before_the_edge_gives_up(node: Node) -> None:
    took: list[float] = []

    def viewer() -> None:
        began = time.monotonic()
        assert ask(node, "/v/0a/absent/0123456789ab/index.m3u8").status == 404
        took.append(time.monotonic() - began)

    viewers = [threading.Thread(target=viewer) for _ in range(50)]
    for each in viewers:
        each.start()
    for each in viewers:
        each.join()
    assert len(took) == 50
    assert max(took) < 5


def test_absent_objects_push_no_film_out(node: Node, origin: Origin) -> None:
    warm(node, FILM)
    # The laptop's node has room for 7,000 keys.
    connection = http.client.HTTPConnection(node.site.address, node.port, timeout=20)
    with contextlib.closing(connection):
        for number in range(8000):
            connection.request("GET", f"/v/0a/film/0123456789ab/absent_{number}.cmfv")
            response = connection.getresponse()
            response.read()
            assert response.status == 404
    origin.stop()
    assert (ask(node, FILM).status, ask(node, FILM).cache) == (200, "HIT")


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        (f"bytes={MB - 10}-{MB + 9}", MB - 10, MB + 9),
        (f"bytes={3 * MB + 5}-", 3 * MB + 5, 4 * MB - 1),
        ("bytes=-100", 4 * MB - 100, 4 * MB - 1),
    ],
)
def test_a_range_is_cut_from_one_fetch_of_the_object(
    node: Node, origin: Origin, wanted: str, first: int, last: int
) -> None:
    for cache in ("MISS", "HIT"):
        answer = ask(node, FILM, Range=wanted)
        assert (answer.status, answer.cache) == (206, cache)
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{4 * MB}"
        assert answer.body == origin.objects[BUCKET + FILM][first : last + 1]
        assert eventually(lambda: len(cached(node)) == 1)
    assert origin.ranges(BUCKET + FILM) == [""]


def test_a_range_past_the_end_is_refused(node: Node) -> None:
    for _ in ("cold", "warm"):
        beyond = ask(node, FILM, Range=f"bytes={4 * MB}-")
        # The edge and browsers must not keep it instead of the object.
        assert (beyond.status, beyond.headers.get("cache-control")) == (416, None)
        ask(node, FILM)
    assert ask(node, MANIFEST, Range="bytes=100-").status == 416


def test_head_of_a_cold_object_costs_one_fetch_and_has_no_body(node: Node, origin: Origin) -> None:
    answer = ask(node, FILM, method="HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(4 * MB), b"")
    assert eventually(lambda: len(cached(node)) == 1)
    assert ask(node, FILM, method="HEAD").cache == "HIT"
    assert origin.ranges(BUCKET + FILM) == [""]


def test_a_player_that_has_the_object_is_told_so(node: Node) -> None:
    etag = warm(node, FILM).headers["etag"]
    answer = ask(node, FILM, If_None_Match=etag)
    assert (answer.status, answer.body) == (304, b"")


def test_browsers_may_keep_a_rendition_but_not_an_error(node: Node) -> None:
    etag = warm(node, FILM).headers["etag"]
    lasting = [ask(node, FILM), ask(node, FILM, Range="bytes=0-9"), ask(node, FILM, If_None_Match=etag)]
    assert [answer.status for answer in lasting] == [200, 206, 304]
    assert {answer.headers["cache-control"] for answer in lasting} == {"public, max-age=31536000, immutable"}
    absent = ask(node, "/v/0a/film/0123456789ab/absent.cmfv")
    assert (absent.status, absent.headers.get("cache-control")) == (404, None)


def test_tokens_and_cookies_make_no_copies_and_reach_no_origin(node: Node, origin: Origin) -> None:
    ask(node, MANIFEST, Authorization="Bearer x", Cookie="a=b", Origin="https://one.example")
    warm(node, MANIFEST)
    again = ask(node, MANIFEST, Cookie="c=d", Origin="https://two.example", Accept_Encoding="gzip")

    assert again.cache == "HIT"
    [(method, target, headers)] = origin.requests
    assert (method, target) == ("GET", BUCKET + MANIFEST)
    assert headers.keys() == {"host"}
    assert headers["host"] == f"127.0.0.1:{origin.port}"
    kept_from_viewers = {"vary", "set-cookie", "x-amz-request-id", "x-amz-id-2", "x-amz-server-side-encryption"}
    assert not kept_from_viewers & again.headers.keys()


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_what_was_damaged_on_the_disk_is_found_and_fetched_again(node: Node, origin: Origin, damage: str) -> None:
    whole = [ask(node, path).body for path in (FILM, MANIFEST)]
    assert eventually(lambda: len(cached(node)) == 2)
    path = max(cached(node), key=lambda path: path.stat().st_size)
    if damage == "flipped":
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    else:
        os.truncate(path, 2 * MB if damage == "cut" else 0)
    scrub = [sys.executable, SCRUB, node.site.directory / "disk/cache"]
    for deleted in (1, 0):
        done = subprocess.run(scrub, capture_output=True, text=True, check=True)
        assert done.stdout.count("was damaged") == deleted, done.stdout
    assert [ask(node, path).body for path in (FILM, MANIFEST)] == whole
    assert len(origin.ranges(BUCKET + FILM)) == 2
    assert len(origin.ranges(BUCKET + MANIFEST)) == 1


def test_a_bucket_that_is_busy_for_a_moment_is_asked_again_at_once(origin: Origin, tmp_path: Path) -> None:
    # A bucket has several addresses. All of them say for a moment that they are busy.
    second = Origin(objects=origin.objects)
    second.start()
    text = gzip.decompress(base64.b64decode(USER_DATA)).decode()
    text, times = re.subn(r"( *server )@ORIGIN_SERVER@([^;]*;)", rf"\g<0>\n\g<1>127.0.0.1:{second.port}\2", text)
    assert times == 1
    with running(make_node(origin, tmp_path / "node", base64.b64encode(gzip.compress(text.encode())).decode())) as node:
        origin.status = second.status = 503
        assert {ask(node, FILM).status for _ in range(10)} == {503}
        origin.status = second.status = 200
        assert ask(node, FILM).status == 200
        # If one of them answers with an error, the other is asked.
        second.status = 503
        assert {ask(node, f"{FOLDER}/index_v720p_{number:09}.cmfv").status for number in range(10, 20)} == {404}
    second.stop()


def test_what_a_killed_worker_left_half_written_is_deleted(node: Node, origin: Origin) -> None:
    cache, origin.pause = node.site.directory / "disk/cache", 60
    with socket.create_connection((node.site.address, node.port)) as viewer:
        viewer.sendall(f"GET {FILM} HTTP/1.0\r\n\r\n".encode())
        assert eventually(lambda: list(cache.glob("*/*/*.*")))
    for child in Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    [half] = cache.glob("*/*/*.*")
    for hours, stays in ((0, True), (2, False)):
        written = time.time() - hours * 3600
        os.utime(half, (written, written))
        subprocess.run([sys.executable, SCRUB, cache], capture_output=True, check=True)
        assert half.exists() is stays


@pytest.mark.parametrize("wanted", [None, f"bytes={MB}-"])
def test_a_file_that_was_cut_cuts_one_viewer_off_at_once_and_is_fetched_again(
    node: Node, origin: Origin, wanted: str | None
) -> None:
    whole = warm(node, FILM).body
    [path] = cached(node)
    os.truncate(path, 2 * MB)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        ask(node, FILM, timeout=1, **({"Range": wanted} if wanted else {}))
    assert eventually(lambda: not path.exists(), seconds=5)
    assert ask(node, FILM).body == whole
    assert len(origin.requests) == 2
    assert f"{FILM} was truncated" in (node.site.directory / "logs/share.log").read_text()


def test_a_viewer_who_leaves_drops_nothing(node: Node) -> None:
    warm(node, FILM)
    for _ in range(20):
        with contextlib.closing(socket.create_connection((node.site.address, node.port))) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(f"GET {FILM} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            connection.recv(100)
    ask(node, FILM, Range="bytes=0-9,100-109")
    ask(node, FILM, method="HEAD")
    time.sleep(0.5)
    assert ask(node, FILM).cache == "HIT"
    assert not (node.site.directory / "logs/share.log").read_text()


def test_only_reading_is_allowed(node: Node, origin: Origin) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = ask(node, MANIFEST, method=method)
        assert (method, answer.status, answer.headers["allow"]) == (method, 405, "GET, HEAD")
    assert not origin.requests


def test_the_access_log_is_one_json_object_a_request(node: Node) -> None:
    ask(node, MANIFEST, X_Amz_Cf_Id="edge-1", X_Amzn_Trace_Id="Root=1-2-3")
    assert eventually(lambda: len(cached(node)) == 1)
    assert eventually(lambda: node.site.access_log.read_text().count("\n") == 1)
    ask(node, MANIFEST)
    ask(node, MANIFEST, Range="bytes=0-1")
    ask(node, MANIFEST, If_None_Match="*")
    ask(node, "/healthz")
    assert eventually(lambda: node.site.access_log.read_text().count("\n") == 4)
    lines = [json.loads(line) for line in node.site.access_log.read_text().splitlines()]
    assert abs(lines[0].pop("t") - time.time()) < 60
    times = ("first_byte", "origin_first_byte", "seconds")
    assert [0 <= sum(map(float, str(lines[0].pop(name)).split(" : "))) < 20 for name in times] == [True] * 3
    assert lines[0] == {
        "origin_status": "200",
        "edge_request": "edge-1",
        "trace": "Root=1-2-3",
        "uri": MANIFEST,
        "status": 200,
        "bytes": 8,
        "cache": "MISS",
        "node": node.site.instance_id,
        "fleet": "fleet-0",
        "zone": "eu-west-1a",
    }
    hits = [(line["cache"], line["status"], line["first_byte"]) for line in lines[1:]]
    assert hits == [("HIT", 200, ""), ("HIT", 206, ""), ("HIT", 304, "")]


def test_a_node_that_lost_power_comes_back_with_its_cache(node: Node, origin: Origin) -> None:
    whole = ask(node, FILM).body
    # A viewer gets the last byte just before nginx gives the file its name in the cache.
    assert eventually(lambda: len(cached(node)) == 1)
    node.kill()
    assert not node.alive()
    with pytest.raises(ConnectionRefusedError):
        ask(node, FILM)

    node.start()
    origin.stop()
    answer = ask(node, FILM)
    assert (answer.status, answer.cache, answer.body == whole) == (200, "HIT", True)


def test_a_node_that_is_stopped_finishes_the_request_in_hand(node: Node, origin: Origin) -> None:
    origin.delay = 0.5
    answers: list[int] = []
    viewer = threading.Thread(target=lambda: answers.append(ask(node, MANIFEST).status))
    viewer.start()
    assert eventually(lambda: len(origin.requests) == 1)
    node.stop()
    viewer.join()
    assert answers == [200]
    assert not node.alive()


def test_nothing_of_the_declared_configuration_is_changed_on_the_laptop(node: Node) -> None:
    document = yaml.safe_load(gzip.decompress(base64.b64decode(USER_DATA)))
    [declared] = [file["content"] for file in document["write_files"] if file["path"] == "/etc/headend/nginx.conf"]
    assert (node.site.directory / "nginx.conf").read_text() == declared
