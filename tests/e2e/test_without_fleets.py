"""A stack without cache fleets: the film comes from the bucket, and the API works as always."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from drills.faults import forgetful
from lambdas.titles import title_id
from local.cloud import LaptopCloud
from tests.e2e.platform import Log, deployed, objects, play, settled, upload, wait
from tests.media_samples import sample

FILM = "cheap.mp4"


@pytest.fixture(scope="module")
def cheap() -> Iterator[LaptopCloud]:
    with deployed(config={"fleets": 0}) as cloud:
        yield cloud


def test_a_film_is_published_and_played_out_of_the_bucket(cheap: LaptopCloud) -> None:
    log = Log(cheap.run_dir)
    title = upload(cheap, sample("landscape"), FILM)
    published = settled(cheap, title)
    assert published["state"] == "PUBLISHED", published
    bucket, s3 = cheap.deployment.exports["media_bucket"], cheap.client("s3")
    paths = list(objects(cheap, play(cheap, title)["hls"]))
    assert any(path.endswith(".cmfv") for path in paths)
    for path in paths:
        answer = requests.get(cheap.url + path, timeout=60)
        assert answer.content == s3.get_object(Bucket=bucket, Key=path[1:])["Body"].read()
        assert "X-Node" not in answer.headers
    again = requests.get(cheap.url + paths[0], timeout=60)
    assert again.headers["X-Cache"] == "Hit from cloudfront"
    assert {entry["status"] for entry in log.entries("edge", len(paths))} == {200}
    assert log.entries("balancer") == [], "no rendition goes through the balancer"
    assert cheap.fleets.nodes == {}


def test_what_is_not_there_is_not_found(cheap: LaptopCloud) -> None:
    assert requests.get(f"{cheap.url}/v/00/nothing/000000000000/index.m3u8", timeout=60).status_code in (403, 404)


def test_fleets_come_and_go_and_no_viewer_notices(cheap: LaptopCloud) -> None:
    bucket, s3 = cheap.deployment.exports["media_bucket"], cheap.client("s3")
    paths = list(objects(cheap, play(cheap, title_id(FILM))["hls"]))
    wanted = {path: s3.get_object(Bucket=bucket, Key=path[1:])["Body"].read() for path in paths}
    over, nodes, bad, asked = threading.Event(), set[str](), list[str](), Counter[str]()

    def view(number: int) -> None:
        while not over.is_set():
            for path in paths[number:] + paths[:number]:
                try:
                    answer = requests.get(cheap.url + path, timeout=60)
                    ok = answer.status_code == 200 and answer.content == wanted[path]
                except requests.RequestException as error:
                    bad.append(f"{path}: {error}")
                    continue
                nodes.add(answer.headers.get("X-Node", ""))
                asked["all"] += 1
                if not ok:
                    bad.append(f"{path}: {answer.status_code}, {len(answer.content)} bytes")
                time.sleep(0.05)

    viewers = [threading.Thread(target=view, args=[number]) for number in range(3)]
    with forgetful(cheap, 1.0):
        for viewer in viewers:
            viewer.start()
        try:
            assert cheap.fleets.nodes == {}
            cheap.update({"fleets": "2"})
            wait(lambda: len(nodes) > 1 or None, "nodes serve", 60)
            cheap.update({"fleets": "0"})
            wait(lambda: not cheap.fleets.nodes or None, "no node is left", 60)
            count = asked["all"]
            wait(lambda: asked["all"] > count + 20 or None, "viewers go on", 60)
        finally:
            over.set()
            for viewer in viewers:
                viewer.join()
    assert not bad, bad[:3]
