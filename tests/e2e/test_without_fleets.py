"""A stack without cache fleets: the film comes from the bucket, and the API works as always."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from drills.faults import forgetful
from lambdas import plays
from lambdas.names import order_of
from lambdas.titles import title_id
from local.cloud import LaptopCloud
from tests.e2e.platform import Log, deployed, first_digit, objects, play, settled, upload, view, wait
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


def forecast_reaches_a_node(cloud: LaptopCloud) -> None:
    """The API counted the play of today; what was counted yesterday becomes an order, and a node takes it up."""
    table, title, now = cloud.deployment.exports["titles_table"], title_id(FILM), time.time()
    dynamodb = cloud.client("dynamodb")
    today = dynamodb.get_item(TableName=table, Key={"id": {"S": plays.item(title, plays.day_of(now))}})["Item"]
    assert float(today["plays"]["N"]) >= 1
    dynamodb.update_item(TableName=table, **plays.counting(title, now - 86400, 5.0))
    function = next(
        item.id
        for item in cloud.deployment.of_type("aws:lambda/function:Function")
        if item.inputs["handler"] == "lambdas.forecast.handler.handle"
    )
    answer = cloud.client("lambda").invoke(FunctionName=function)
    assert "FunctionError" not in answer, answer["Payload"].read()
    bucket, digit = cloud.deployment.exports["media_bucket"], first_digit(FILM)
    order = json.load(cloud.client("s3").get_object(Bucket=bucket, Key=order_of(digit))["Body"])
    assert [(place.split("/")[1], number) for place, number in order["plays"].items()] == [(title, 5.0)]

    def taken_up() -> bool | None:
        logs = cloud.run_dir.glob("nodes/*/logs/fill.log")
        return any("orders are taken up" in log.read_text() for log in logs) or None

    wait(taken_up, "a node takes the order up", 60)


def test_fleets_come_and_go_and_no_viewer_notices(cheap: LaptopCloud) -> None:
    bucket, s3 = cheap.deployment.exports["media_bucket"], cheap.client("s3")
    paths = list(objects(cheap, play(cheap, title_id(FILM))["hls"]))
    wanted = {path: s3.get_object(Bucket=bucket, Key=path[1:])["Body"].read() for path in paths}
    over, nodes, bad, asked = threading.Event(), set[str](), list[str](), Counter[str]()

    def watch(number: int) -> None:
        while not over.is_set():
            for path in paths[number:] + paths[:number]:
                try:
                    answer = view(cheap.url + path)
                    ok = answer.status_code == 200 and answer.content == wanted[path]
                except requests.RequestException as error:
                    bad.append(f"{path}: {error}")
                    continue
                nodes.add(answer.headers.get("X-Node", ""))
                asked["all"] += 1
                if not ok:
                    bad.append(f"{path}: {answer.status_code}, {len(answer.content)} bytes")
                time.sleep(0.05)

    viewers = [threading.Thread(target=watch, args=[number]) for number in range(3)]
    with forgetful(cheap, 1.0):
        for viewer in viewers:
            viewer.start()
        try:
            assert cheap.fleets.nodes == {}
            cheap.update({"fleets": "2"})
            wait(lambda: len(nodes) > 1 or None, "nodes serve", 60)
            forecast_reaches_a_node(cheap)
            cheap.update({"fleets": "0"})
            wait(lambda: not cheap.fleets.nodes or None, "no node is left", 60)
            count = asked["all"]
            wait(lambda: asked["all"] > count + 20 or None, "viewers go on", 60)
        finally:
            over.set()
            for viewer in viewers:
                viewer.join()
    assert not bad, bad[:3]
