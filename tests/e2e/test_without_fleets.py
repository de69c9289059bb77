"""A stack without cache fleets: the film comes from the bucket, and the API works as always."""

from collections.abc import Iterator

import pytest
import requests

from local.cloud import LaptopCloud
from tests.e2e.platform import Log, deployed, objects, play, settled, upload
from tests.media_samples import sample


@pytest.fixture(scope="module")
def cheap() -> Iterator[LaptopCloud]:
    with deployed(config={"fleets": 0}) as cloud:
        yield cloud


def test_a_film_is_published_and_played_out_of_the_bucket(cheap: LaptopCloud) -> None:
    log = Log(cheap.run_dir)
    title = upload(cheap, sample("landscape"), "cheap.mp4")
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
