"""A stack of three regions: the nearest serves, a replica may lag, a region may die, drain or be added.

The tests build on one another, in the order of the file.
"""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from local.cloud import WORLD, LaptopCloud, world
from local.engine import ProgramError
from tests.e2e.platform import wait

LAG = 4
"""Seconds that the replicas are behind."""
HOME, EUROPE, ASIA, BRAZIL = "US", "GB", "SG", "BR"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    """Three regions of two fleets of one node."""
    run_dir = Path(tempfile.mkdtemp(prefix="headend-test-"))
    nodes = {"min": 1, "max": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADEND_REPLICATION_SECONDS", str(LAG))
        cloud = LaptopCloud(run_dir, config={"regions": world(3), "nodesPerFleet": nodes}, boot_seconds=1)
        try:
            cloud.start()
            yield cloud
        finally:
            cloud.stop()
            shutil.rmtree(run_dir, ignore_errors=True)


def put(cloud: LaptopCloud, name: str) -> str:
    """A new object in the home bucket, of a title such as 00/early: its first two digits, and its id."""
    digits, _, title = name.partition("/")
    key = f"v/{digits}/{title.lower().replace('/', '-')}/0123456789ab/video_1.cmfv"
    cloud.client("s3").put_object(Bucket=cloud.deployment.exports["media_bucket"], Key=key, Body=key.encode() * 500)
    return f"/{key}"


def see(cloud: LaptopCloud, path: str, country: str) -> tuple[int, str, float]:
    """What a viewer in a country gets: status, region of the node that served it ("" for the home bucket), seconds."""
    started = time.monotonic()
    answer = requests.get(cloud.url + path, cookies={"laptop-country": country}, timeout=60)
    seconds = time.monotonic() - started
    if answer.status_code == 200:
        assert answer.content == path[1:].encode() * 500
    node = cloud.fleets.nodes.get(answer.headers.get("X-Node", ""))
    return answer.status_code, node.site.zone[:-1] if node else "", seconds


@contextmanager
def watching(cloud: LaptopCloud, name: str) -> Generator[Counter[int]]:
    """Viewers in every country meanwhile, who want what no cache has; what they got, by status."""
    got: Counter[int] = Counter()
    over = threading.Event()

    def view(country: str) -> None:
        for number in range(10_000):
            if over.is_set():
                return
            got[see(cloud, put(cloud, f"{number % 16:x}0/{name}-{country}/{number}"), country)[0]] += 1
            time.sleep(0.1)

    viewers = [threading.Thread(target=view, args=[country]) for country in (HOME, EUROPE, ASIA, BRAZIL)]
    for viewer in viewers:
        viewer.start()
    try:
        yield got
    finally:
        over.set()
        for viewer in viewers:
            viewer.join()


def test_a_replica_that_lags_falls_over_to_home_and_then_the_nearest_serves(cloud: LaptopCloud) -> None:
    early = put(cloud, "00/early")
    assert see(cloud, early, HOME)[:2] == (200, WORLD[0])
    status, region, far = see(cloud, early, ASIA)
    assert (status, region) == (200, "")
    late = put(cloud, "0a/late")
    time.sleep(LAG + 1)
    assert [see(cloud, late, country)[1] for country in (HOME, EUROPE, ASIA)] == list(WORLD[:3])
    # Light takes 150 ms to Singapore's viewers from the home bucket and back.
    assert far > 0.15


def test_a_key_that_is_deleted_at_home_is_deleted_everywhere(cloud: LaptopCloud) -> None:
    path = put(cloud, "00/deleted")
    buckets = [
        item.id
        for item in cloud.deployment.of_type("aws:s3/bucket:Bucket")
        if item.name.startswith(("media-", "content-media"))
    ]
    assert len(buckets) == 3, buckets
    s3 = cloud.client("s3")

    def holding() -> int:
        return sum(s3.list_objects_v2(Bucket=bucket, Prefix=path[1:])["KeyCount"] for bucket in buckets)

    wait(lambda: holding() == 3 or None, "it is everywhere", 30)
    s3.delete_object(Bucket=cloud.deployment.exports["media_bucket"], Key=path[1:])
    wait(lambda: holding() == 0 or None, "it is gone everywhere", 30)


def test_a_region_that_dies_takes_no_viewer_with_it_and_comes_back(cloud: LaptopCloud) -> None:
    before = set(cloud.fleets.nodes)
    victims = [node for node in cloud.fleets.nodes.values() if node.site.zone.startswith(WORLD[1])]
    with watching(cloud, "dying") as got:
        wait(lambda: got.total() > 10 or None, "viewers are at it")
        for node in victims:
            node.kill()
        cloud.balancers[WORLD[1]].process.kill()
        started = got.total()
        wait(lambda: got.total() > started + 40 or None, "they go on")
    assert set(got) == {200}
    wait(lambda: len(set(cloud.fleets.nodes) - before) >= len(victims) or None, "its nodes are replaced", 120)
    path = put(cloud, "00/again")
    time.sleep(LAG + 1)
    fresh = (put(cloud, f"00/again-{number}") for number in range(1000))
    wait(lambda: see(cloud, next(fresh), EUROPE)[0] == 200 or None, "Europe is served")
    assert see(cloud, path, EUROPE)[:2] == (200, WORLD[1])


def test_a_region_that_does_not_serve_is_drained(cloud: LaptopCloud) -> None:
    path = put(cloud, "0b/drained")
    time.sleep(LAG + 1)
    with watching(cloud, "draining") as got:
        cloud.update({"regions": world(3, drained=[WORLD[1]])})
        assert see(cloud, path, EUROPE)[1] == WORLD[0]
    cloud.update({"regions": world(3)})
    assert set(got) == {200}


def test_a_fourth_region_is_added_while_viewers_watch(cloud: LaptopCloud) -> None:
    with watching(cloud, "adding") as got:
        cloud.update({"regions": world(4)})
        wait(lambda: any(node.site.zone.startswith(WORLD[3]) for node in cloud.fleets.nodes.values()) or None, "nodes")
        path = put(cloud, "0c/fourth")
        fresh = (put(cloud, f"0c/fourth-{number}") for number in range(1000))
        time.sleep(LAG + 1)
        wait(lambda: see(cloud, path, BRAZIL)[1] == WORLD[3] or see(cloud, next(fresh), BRAZIL)[1] or None, "Brazil")
    assert set(got) == {200}
    assert see(cloud, put(cloud, "0c/home"), HOME)[1] == WORLD[0]


def test_more_fleets_share_the_digits_while_viewers_watch(cloud: LaptopCloud) -> None:
    with watching(cloud, "growing") as got:
        cloud.update({"fleets": "4"})
        wait(lambda: len({node.fleet for node in cloud.fleets.nodes.values()}) == 16 or None, "four fleets a region")
        cloud.update({"fleets": "2"})
        wait(lambda: len({node.fleet for node in cloud.fleets.nodes.values()}) == 8 or None, "two fleets a region")
    assert set(got) == {200}


def test_a_change_that_the_laptop_cannot_make_is_refused(cloud: LaptopCloud) -> None:
    with pytest.raises(ProgramError, match="cannot be changed on a running laptop cloud"):
        cloud.update({"encode": "on_request"})


def test_what_aws_would_start_again_is_started_again(cloud: LaptopCloud) -> None:
    url = cloud.url
    cloud.edge.process.kill()
    cloud.balancers[WORLD[0]].process.kill()

    def served() -> str | None:
        try:
            return see(cloud, put(cloud, f"00/served/{time.monotonic_ns()}"), HOME)[1] or None
        except requests.RequestException:
            return None

    assert wait(served, "both are back", 60) == WORLD[0]
    for process in (cloud.edge.process, cloud.balancers[WORLD[0]].process):
        os.killpg(process.pid, signal.SIGSTOP)
        frozen = process.pid
        wait(lambda process=process, frozen=frozen: process.pid != frozen or None, "the frozen one is replaced", 60)
        assert wait(served, "it serves", 60) == WORLD[0]
    assert cloud.url == url
    frozen, node = next(iter(cloud.fleets.nodes.items()))
    os.killpg(node.pid, signal.SIGSTOP)
    wait(lambda: frozen not in cloud.fleets.nodes or None, "a frozen node is replaced", 120)
