"""What a cache node does to its viewers and to its origin: the declared nginx.conf in a real nginx."""

import base64
import gzip
import hashlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.serving.nodes import Node
from tests.integration.node_bench import SLICE, USER_DATA, Origin, ask, content, eventually, make_node, running

FILM = "/v/0a/film/0123456789ab/index_v720p_000000001.cmfv"
MANIFEST = "/v/0a/film/0123456789ab/index.m3u8"
BUCKET = "/media-0123456"


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin(objects={BUCKET + FILM: content(4 * SLICE), BUCKET + MANIFEST: b"#EXTM3U\n"})
    origin.start()
    yield origin
    origin.stop()


@pytest.fixture
def node(origin: Origin, tmp_path: Path) -> Iterator[Node]:
    with running(make_node(origin, tmp_path / "node")) as node:
        yield node


def short_lived() -> str:
    """The declared user data, but for how long a slice stays fresh: a second in place of a year."""
    text = gzip.decompress(base64.b64decode(USER_DATA)).decode()
    assert "proxy_cache_valid 200 206 1y;" in text
    return base64.b64encode(gzip.compress(text.replace("200 206 1y;", "200 206 1s;").encode())).decode()


def test_a_crowd_that_misses_together_costs_one_fetch_a_slice(node: Node, origin: Origin) -> None:
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
    assert origin.ranges(BUCKET + FILM) == [f"bytes={n * SLICE}-{(n + 1) * SLICE - 1}" for n in range(4)]


def test_a_manifest_is_fetched_once_and_says_who_served_it(node: Node, origin: Origin) -> None:
    first, second = ask(node, MANIFEST), ask(node, MANIFEST)

    assert [first.status, second.status] == [200, 200]
    assert first.body == second.body == b"#EXTM3U\n"
    assert [first.cache, second.cache] == ["MISS", "HIT"]
    assert second.headers["x-node"] == node.site.instance_id
    assert second.headers["etag"] == first.headers["etag"]
    assert len(origin.requests) == 1


def test_what_is_cached_is_served_without_the_origin(node: Node, origin: Origin) -> None:
    whole = ask(node, FILM).body
    origin.stop()
    answer = ask(node, FILM)
    assert (answer.status, answer.cache, answer.body == whole) == (200, "HIT", True)
    assert ask(node, "/v/0a/film/0123456789ab/other.cmfv").status == 502
    assert node.healthy()


@pytest.mark.parametrize("failure", ["dead", "503"])
def test_a_failing_origin_means_stale_not_down(origin: Origin, tmp_path: Path, failure: str) -> None:
    with running(make_node(origin, tmp_path / "node", short_lived())) as node:
        whole = ask(node, FILM).body
        time.sleep(2.1)
        if failure == "dead":
            origin.stop()
        else:
            origin.status = int(failure)
        answer = ask(node, FILM)
        assert (answer.status, answer.cache, answer.body == whole) == (200, "STALE", True)
        assert node.healthy()


@pytest.mark.parametrize("status", [403, 404])
def test_an_object_that_was_missing_is_found_within_a_second_of_its_arrival(
    node: Node, origin: Origin, status: int
) -> None:
    origin.status, attempts = status, itertools.count()
    while True:
        late, began = f"{BUCKET}/v/0a/late/0123456789ab/{next(attempts)}.m3u8", time.monotonic()
        assert [ask(node, late.removeprefix(BUCKET)).status for _ in range(3)] == [status] * 3
        if time.monotonic() - began < 1:
            break  # else it was no burst: this machine is busy
    assert len(origin.ranges(late)) == 1, "a burst of viewers is kept off the origin"

    origin.status, origin.objects[late] = 200, b"#EXTM3U late"
    began = time.monotonic()
    assert eventually(lambda: ask(node, late.removeprefix(BUCKET)).status == 200)
    # nginx keeps whole seconds: what is valid for one of them may be asked for again in up to two.
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    ("wanted", "first", "last", "slices"),
    [
        ("bytes=0-99", 0, 99, [0]),
        (f"bytes={SLICE - 10}-{SLICE + 9}", SLICE - 10, SLICE + 9, [0, 1]),
        (f"bytes={3 * SLICE + 5}-", 3 * SLICE + 5, 4 * SLICE - 1, [3]),
        ("bytes=-100", 4 * SLICE - 100, 4 * SLICE - 1, [0, 3]),
    ],
)
def test_a_range_fetches_only_the_slices_that_it_touches(
    node: Node, origin: Origin, wanted: str, first: int, last: int, slices: list[int]
) -> None:
    answer = ask(node, FILM, Range=wanted)

    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{4 * SLICE}"
    assert answer.body == origin.objects[BUCKET + FILM][first : last + 1]
    assert origin.ranges(BUCKET + FILM) == [f"bytes={n * SLICE}-{(n + 1) * SLICE - 1}" for n in slices]


def test_a_range_past_the_end_is_refused(node: Node) -> None:
    assert ask(node, FILM, Range=f"bytes={4 * SLICE}-").status == 416
    assert ask(node, MANIFEST, Range="bytes=100-").status == 416


def test_head_of_a_cold_object_costs_one_slice_and_has_no_body(node: Node, origin: Origin) -> None:
    answer = ask(node, FILM, method="HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(4 * SLICE), b"")
    assert origin.ranges(BUCKET + FILM) == [f"bytes=0-{SLICE - 1}"]
    assert ask(node, FILM, method="HEAD").cache == "HIT"


def test_a_player_that_has_the_object_is_told_so(node: Node) -> None:
    etag = ask(node, FILM).headers["etag"]
    answer = ask(node, FILM, If_None_Match=etag)
    assert (answer.status, answer.body) == (304, b"")


def test_tokens_and_cookies_make_no_copies_and_reach_no_origin(node: Node, origin: Origin) -> None:
    ask(node, MANIFEST, Authorization="Bearer x", Cookie="a=b", Origin="https://one.example")
    again = ask(node, MANIFEST, Cookie="c=d", Origin="https://two.example", Accept_Encoding="gzip")

    assert again.cache == "HIT"
    [(method, target, headers)] = origin.requests
    assert (method, target) == ("GET", BUCKET + MANIFEST)
    assert headers.keys() == {"host", "range"}
    assert headers["host"] == f"127.0.0.1:{origin.port}"
    kept_from_viewers = {"vary", "set-cookie", "x-amz-request-id", "x-amz-id-2", "x-amz-server-side-encryption"}
    assert not kept_from_viewers & again.headers.keys()


def test_only_reading_is_allowed(node: Node, origin: Origin) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = ask(node, MANIFEST, method=method)
        assert (method, answer.status, answer.headers["allow"]) == (method, 405, "GET, HEAD")
    assert not origin.requests


def test_the_access_log_is_one_json_object_a_request(node: Node) -> None:
    ask(node, MANIFEST)
    ask(node, MANIFEST)
    ask(node, "/healthz")
    assert eventually(lambda: node.site.access_log.read_text().count("\n") == 2)
    lines = [json.loads(line) for line in node.site.access_log.read_text().splitlines()]
    assert abs(lines[0].pop("t") - time.time()) < 60
    assert lines[0] == {
        "uri": MANIFEST,
        "status": 200,
        "bytes": 8,
        "cache": "MISS",
        "node": node.site.instance_id,
        "fleet": "fleet-0",
        "zone": "eu-west-1a",
    }
    assert lines[1]["cache"] == "HIT"


def test_a_node_that_lost_power_comes_back_with_its_cache(node: Node, origin: Origin) -> None:
    whole = ask(node, FILM).body
    # A viewer has the last byte a moment before the slice has its name in the cache.
    assert eventually(lambda: len(list((node.site.directory / "disk/cache").glob(f"*/*/{'[0-9a-f]' * 32}"))) == 4)
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
