"""A stack of three regions: the nearest serves, a replica may lag, a region may die, drain or be added.

The tests build on one another, in the order of the file.
"""

import os
import signal
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
from tests.e2e.platform import deployed, settled, upload, view, wait

LAG = 2
"""Seconds after which a replica has a new object."""
HOME, EUROPE, ASIA, BRAZIL = "US", "GB", "SG", "BR"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    """A cloud with three regions. Each has two fleets with one node."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADEND_REPLICATION_SECONDS", str(LAG))
        config = {"regions": world(3), "nodesPerFleet": {"min": 1, "max": 2}, "standbyHome": WORLD[1]}
        with deployed(config=config, boot_seconds=1) as cloud:
            yield cloud


def put(cloud: LaptopCloud, name: str) -> str:
    """Put a new object into the home bucket, for a title such as 00/early: its two hex digits and its id."""
    digits, _, title = name.partition("/")
    key = f"v/{digits}/{title.lower().replace('/', '-')}/0123456789ab/video_1.cmfv"
    cloud.client("s3").put_object(Bucket=cloud.deployment.exports["media_bucket"], Key=key, Body=key.encode() * 500)
    return f"/{key}"


def see(cloud: LaptopCloud, path: str, country: str) -> tuple[int, str, float]:
    """The answer to a viewer in a country: status, region of the node that served it ("" for the home bucket), seconds.

    Raises ValueError for wrong bytes, and RequestException if there is no answer.
    """
    started = time.monotonic()
    answer = view(cloud.url + path, **{"laptop-country": country})
    seconds = time.monotonic() - started
    if answer.status_code == 200 and answer.content != path[1:].encode() * 500:
        raise ValueError(f"{path} from {country}: wrong bytes")
    node = cloud.fleets.nodes.get(answer.headers.get("X-Node", ""))
    return answer.status_code, node.site.zone[:-1] if node else "", seconds


def server(cloud: LaptopCloud, country: str) -> str:
    """The region whose node serves an object that all regions have and no cache has; "" for the home bucket."""
    path = put(cloud, f"0b/late/{time.monotonic_ns()}")
    time.sleep(LAG + 1)
    return see(cloud, path, country)[1]


@contextmanager
def watching(cloud: LaptopCloud, name: str) -> Generator[Counter[int | str]]:
    """Viewers in every country, who ask for objects that are in no cache. Counts the answers by status or complaint."""
    got: Counter[int | str] = Counter()
    over = threading.Event()

    def watch(country: str) -> None:
        for number in range(10_000):
            if over.is_set():
                return
            path = put(cloud, f"{number % 16:x}0/{name}-{country}/{number}")
            try:
                got[see(cloud, path, country)[0]] += 1
            except (ValueError, requests.RequestException) as error:
                got[f"{path} from {country}: {error}"] += 1
            time.sleep(0.2)

    viewers = [threading.Thread(target=watch, args=[country]) for country in (HOME, EUROPE, ASIA, BRAZIL)]
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


def test_uploads_and_rows_are_in_the_second_home_too_and_what_is_taken_down_is_not(cloud: LaptopCloud) -> None:
    left = cloud.deployment.exports["standby"]
    there = cloud.client("s3", left["region"])
    title = upload(cloud, Path(__file__), "a-film.mp4")
    settled(cloud, title)
    key = {"TableName": left["table"], "Key": {"id": {"S": title}}}
    row = cloud.client("dynamodb", left["region"]).get_item(**key)["Item"]
    assert (row["state"]["S"], row["reason"]["S"][:1]) == ("REJECTED", "T")

    def copies() -> int:
        return there.list_objects_v2(Bucket=left["uploads"])["KeyCount"]

    wait(lambda: copies() == 1 or None, "its source is there", 30)
    cloud.client("s3").delete_object(Bucket=cloud.deployment.exports["uploads_bucket"], Key="a-film.mp4")
    wait(lambda: copies() == 0 or None, "its source is gone there", 30)


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
    wait(lambda: server(cloud, EUROPE) == WORLD[1] or None, "Europe is served by its own region", 60)


def test_a_region_is_drained_and_serves_again_when_a_fourth_is_added(cloud: LaptopCloud) -> None:
    with watching(cloud, "draining") as got:
        cloud.update({"regions": world(3, drained=[WORLD[1]])})
        assert server(cloud, EUROPE) == WORLD[0]
        cloud.update({"regions": world(4)})
        assert server(cloud, EUROPE) == WORLD[1]
        wait(lambda: server(cloud, BRAZIL) == WORLD[3] or None, "Brazil is served by its own region", 60)
    assert set(got) == {200}
    assert see(cloud, put(cloud, "0c/home"), HOME)[1] == WORLD[0]


def test_more_fleets_share_the_digits_while_viewers_watch(cloud: LaptopCloud) -> None:
    def fleets() -> set[tuple[str, str]]:
        return {(node.site.zone[:-1], node.fleet) for node in cloud.fleets.nodes.values()}

    before = fleets()
    with watching(cloud, "growing") as got:
        cloud.update({"fleets": "4"})
        wait(lambda: len(fleets()) == 2 * len(before) or None, "four fleets a region", 120)
        cloud.update({"fleets": "2"})
        wait(lambda: fleets() == before or None, "two fleets a region", 120)
    assert set(got) == {200}


def test_a_change_that_the_laptop_cannot_make_is_refused(cloud: LaptopCloud) -> None:
    regions = world(4)
    regions[WORLD[1]]["cidr"] = "10.9.0.0/16"
    with pytest.raises(ProgramError, match="cannot be changed on a running laptop cloud: cidrBlock"):
        cloud.update({"regions": regions})


def test_what_aws_would_start_again_is_started_again(cloud: LaptopCloud) -> None:
    url, edge, balancer = cloud.url, cloud.edge.process, cloud.balancers[WORLD[0]].process
    # It is noticed last, and meanwhile the rest is tried: another region's, so that home has its nodes.
    sick = next(name for name, node in cloud.fleets.nodes.items() if node.site.zone.startswith(WORLD[2]))
    os.killpg(cloud.fleets.nodes[sick].pid, signal.SIGSTOP)

    def served() -> str | None:
        try:
            return see(cloud, put(cloud, f"00/served/{time.monotonic_ns()}"), HOME)[1] or None
        except requests.RequestException:
            return None

    edge.kill()
    balancer.kill()
    assert wait(served, "both are back", 60) == WORLD[0]
    frozen = edge.pid, balancer.pid
    for pid in frozen:
        os.killpg(pid, signal.SIGSTOP)
    wait(lambda: (edge.pid != frozen[0] and balancer.pid != frozen[1]) or None, "the frozen are replaced", 90)
    assert wait(served, "both serve", 60) == WORLD[0]
    assert cloud.url == url
    wait(lambda: sick not in cloud.fleets.nodes or None, "a frozen node is replaced", 120)
