"""A new title is in the cache of its fleet's nodes before anybody asks: a real node, and the puller that it runs."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.serving import nodes
from local.serving.nodes import Node
from tests.integration.node_bench import BUCKET, Origin, ask, content, make_node, running
from tests.waiting import eventually

LISTING = f"{BUCKET}/?list-type=2&prefix=v%2Ffill%2F"
SIZE = 50_000


def publish(origin: Origin, digit: str, files: int = 4) -> list[str]:
    """A title's files, two of them its beginning, and then its list, as verify writes it. Returns the paths."""
    place, names = f"{digit}0/film-{digit}/0123456789ab", [f"s{number}.cmfv" for number in range(files)]
    for number, name in enumerate(names):
        origin.objects[f"{BUCKET}/v/{place}/{name}"] = content(SIZE, number)
    found = {"head": 2, "files": [[name, SIZE] for name in names]}
    put(origin, f"v/fill/{place}.json", found)
    return [f"/v/{place}/{name}" for name in names]


def order(origin: Origin, since: str, **plays: float) -> None:
    """An order for the nodes that own 0, as the forecast writes it; `plays` by digit of the titles of `publish`."""
    places = {f"{digit[1]}0/film-{digit[1]}/0123456789ab": number for digit, number in plays.items()}
    put(origin, "v/fill/order/0.json", {"since": since, "debut": 1.0, "plays": places})


def put(origin: Origin, key: str, found: object) -> None:
    """An object that is listed."""
    origin.objects[f"{BUCKET}/{key}"] = json.dumps(found).encode()
    make_listing(origin)


def make_listing(origin: Origin) -> None:
    """The bucket's answer to who lists what is for nodes."""
    lists = [path for path in origin.objects if path.startswith(f"{BUCKET}/v/fill/")]
    contents = "".join(
        f"<Contents><Key>{path.removeprefix(BUCKET + '/')}</Key>"
        "<LastModified>2026-11-01T10:00:00.000Z</LastModified></Contents>"
        for path in lists
    )
    listing = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{contents}</ListBucketResult>'
    origin.objects[LISTING] = listing.encode()


def fetched(origin: Origin) -> list[str]:
    """The media paths that the bucket was asked for."""
    asked = [target.removeprefix(BUCKET) for _, target, _ in origin.requests]
    return [path for path in asked if path.startswith("/v/") and not path.startswith("/v/fill/")]


@pytest.fixture
def node(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(nodes, "POLL_SECONDS", 0.5)
    with running(make_node(origin, tmp_path / "node")) as node:
        yield node


def test_a_published_title_is_there_before_anybody_asks(node: Node, origin: Origin) -> None:
    other, own = publish(origin, "8"), publish(origin, "0")
    assert eventually(lambda: len(fetched(origin)) >= len(own))
    assert eventually(lambda: "4 of 4 files" in (node.site.directory / "logs/fill.log").read_text())
    # Each is fetched once, in the order of the list. Titles of another fleet are not fetched.
    assert fetched(origin) == own
    assert [ask(node, path).cache for path in own] == ["HIT"] * 4
    assert ask(node, other[0]).cache == "MISS"
    # Requests of the node itself do not count as requests of viewers.
    log = node.site.access_log
    assert eventually(lambda: log.read_text().count("\n") == 5)


def test_a_killed_puller_goes_on_where_it_was(node: Node, origin: Origin) -> None:
    origin.delay = 0.1
    paths = publish(origin, "0", files=20)
    assert eventually(lambda: len(fetched(origin)) > 5)
    node.filler.kill()
    seen = len(fetched(origin))
    assert seen < len(paths)
    node.filler.start()
    assert eventually(lambda: "20 of 20 files" in (node.site.directory / "logs/fill.log").read_text())
    assert list(dict.fromkeys(fetched(origin))) == paths
    # nginx drops the object that the puller was reading when it died.
    assert len(fetched(origin)) <= len(paths) + 1


def test_a_bucket_that_fails_is_asked_again(node: Node, origin: Origin) -> None:
    paths = publish(origin, "0")
    missing = origin.objects.pop(f"{BUCKET}{paths[1]}")
    assert eventually(
        lambda: f"{paths[1]} was answered with 404" in (node.site.directory / "logs/fill.log").read_text()
    )
    origin.objects[f"{BUCKET}{paths[1]}"] = missing
    assert eventually(lambda: "4 of 4 files" in (node.site.directory / "logs/fill.log").read_text())
    assert [ask(node, path).cache for path in paths] == ["HIT"] * 4


def test_files_of_a_title_that_was_taken_down_leave_the_cache(node: Node, origin: Origin) -> None:
    paths, other = publish(origin, "0"), publish(origin, "1")
    log = node.site.directory / "logs/fill.log"
    assert eventually(lambda: log.read_text().count("4 of 4 files are here") == 2)
    for path in paths:
        del origin.objects[f"{BUCKET}{path}"]
    assert ask(node, paths[0]).cache == "HIT"
    gone = f"{BUCKET}/v/fill/gone/00/film-0/20261101T120000Z.json"
    origin.objects[gone] = json.dumps({"paths": paths}).encode()
    del origin.objects[f"{BUCKET}/v/fill/00/film-0/0123456789ab.json"]
    make_listing(origin)
    assert eventually(lambda: "4 of 4 files were here" in log.read_text())
    assert [ask(node, path).status for path in paths] == [404] * 4
    assert [ask(node, path).cache for path in other] == ["HIT"] * 4
    # A file that was on its way at the first look is found at a second; then the list is done with.
    assert eventually(lambda: "0 of 4 files were here" in log.read_text())
    note = node.site.directory / "disk/fill" / gone.removeprefix(f"{BUCKET}/").replace("/", "_")
    assert eventually(note.exists)


def test_what_is_wanted_most_comes_first_and_what_nobody_wants_not_at_all(origin: Origin, tmp_path: Path) -> None:
    hot, cold, warm = (publish(origin, digit) for digit in "012")
    order(origin, "2026-11-02T00:00:00+00:00", d0=9.0, d2=8.0)
    with running(make_node(origin, tmp_path / "node")) as node:
        log = node.site.directory / "logs/fill.log"
        assert eventually(lambda: len(fetched(origin)) == 8)
        # A viewer who goes on counts for 0.7: the beginning of the second is wanted more than the rest of the first.
        assert fetched(origin) == [*hot[:2], *warm[:2], *hot[2:], *warm[2:]]
        assert eventually(lambda: log.read_text().count("4 of 4 files") == 2)
        assert not {*fetched(origin)} & {*cold}


def test_only_files_that_were_pushed_out_are_fetched_again(origin: Origin, tmp_path: Path) -> None:
    node = make_node(origin, tmp_path / "node")
    script = node._files["node-fill"]
    node._files["node-fill"] = re.sub(r"(?m)^WALK_SECONDS = .*$", "WALK_SECONDS = 0.0", script)
    assert node._files["node-fill"] != script
    own = publish(origin, "0")
    with running(node):
        assert eventually(lambda: "4 of 4 files" in (node.site.directory / "logs/fill.log").read_text())
        name = hashlib.md5(own[1].encode(), usedforsecurity=False).hexdigest()
        (node.site.directory / "disk/cache" / name[-1] / name[-3:-1] / name).unlink()
        assert eventually(lambda: fetched(origin).count(own[1]) == 2)
        # Of what is there a byte is asked for, and nginx does not ask the bucket.
        assert [fetched(origin).count(path) for path in own] == [1, 2, 1, 1]
        assert [ask(node, path).body for path in own] == [content(SIZE, number) for number in range(4)]
