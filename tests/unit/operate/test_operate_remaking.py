"""Encoding anew says what it costs; taking down empties every cache that may hold a title."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from lambdas.ladder import STEPS, ladder
from operate import catalogue, remaking
from operate.cloud import Cloud
from operate.rolling import Fleet
from operate.screen import Refusal
from planner.encoding import normalised_minutes

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
FLEETS: list[Fleet] = [
    {"region": region, "group": f"{region}-{index}", "template": "lt-1", "version": "1"}
    for region in ("us-east-1", "eu-west-1")
    for index in range(4)
]


def test_an_hour_in_hd_is_charged_twice_for_each_hd_rung() -> None:
    rungs = ladder(1920, 1080, 24)
    hd = sum(1 for rung in rungs if rung.height >= 720)
    assert normalised_minutes(rungs, 3600) == 60 * (len(rungs) + hd)
    film = {"id": "a", "width": 1920, "height": 1080, "duration": 3600}
    assert remaking.dollars(film, STEPS) == pytest.approx(60 * (len(rungs) + hd) * 0.0075)
    assert remaking.dollars(film, STEPS[1:2]) == pytest.approx(60 * 2 * 0.0075)
    assert remaking.dollars({"id": "a"}, STEPS) is None


@pytest.mark.parametrize(("digit", "index"), [("0", 0), ("3", 0), ("4", 1), ("b", 2), ("f", 3)])
def test_a_title_has_one_fleet_in_each_region(digit: str, index: int) -> None:
    found = remaking.owners(FLEETS, f"v/{digit}0/a/")
    assert [fleet["group"] for fleet in found] == [f"us-east-1-{index}", f"eu-west-1-{index}"]
    assert remaking.owners([], "v/00/a/") == []


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Any]:
    """AWS's clients by service and region, answering as told, of a stack with four fleets in each of two regions."""
    made: dict[tuple[str, str], Any] = {}
    names = {name: name for name in ("titles_table", "media_bucket", "uploads_bucket", "distribution")}
    cloud = Cloud("prod", {"region": "us-east-1", "fleets": FLEETS, **names}, "https://x.example", None)

    def client(_: Cloud, service: str, region: str = "us-east-1") -> Any:
        if (service, region) not in made:
            stub: Any = Stubber(boto3.client(service, region_name=region, **KEYS))
            stub.activate()
            made[service, region] = stub
        return made[service, region].client

    def find(_: str | None) -> Cloud:
        return cloud

    monkeypatch.setattr(Cloud, "client", client)
    monkeypatch.setattr(remaking, "find", find)
    for service in ("dynamodb", "s3", "stepfunctions", "cloudfront"):
        client(cloud, service)
    for region in ("us-east-1", "eu-west-1"):
        client(cloud, "autoscaling", region)
    return made


ROW = {"id": {"S": "a-film"}, "key": {"S": "A film.mp4"}, "execution": {"S": "arn:e"}}


def stands(stubs: dict[tuple[str, str], Any], count: int) -> str:
    """The row, and so many objects. The title's place."""
    place = catalogue.folder("a-film")
    asked = {"TableName": "titles_table", "Key": {"id": {"S": "a-film"}}, "ConsistentRead": True}
    stubs["dynamodb", "us-east-1"].add_response("get_item", {"Item": ROW}, asked)
    contents = [{"Key": f"{place}1/{index}"} for index in range(count)]
    lists = f"v/fill/{place.removeprefix('v/')}"
    for prefix, held in ((lists, []), (place, contents)):
        stubs["s3", "us-east-1"].add_response(
            "list_objects_v2", {"Contents": held}, {"Bucket": "media_bucket", "Prefix": prefix}
        )
    return place


def test_all_that_holds_a_title_lets_go_of_it(
    stubs: dict[tuple[str, str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    place = stands(stubs, 1001)
    states, s3 = stubs["stepfunctions", "us-east-1"], stubs["s3", "us-east-1"]
    running = {"executionArn": "arn:e", "stateMachineArn": "arn:m", "status": "RUNNING", "startDate": 0}
    states.add_response("describe_execution", running, {"executionArn": "arn:e"})
    states.add_response("stop_execution", {"stopDate": 0}, {"executionArn": "arn:e", "error": ANY, "cause": ANY})
    stubs["dynamodb", "us-east-1"].add_response(
        "delete_item", {}, {"TableName": "titles_table", "Key": {"id": {"S": "a-film"}}}
    )
    source = {"Objects": [{"Key": "A film.mp4"}], "Quiet": True}
    s3.add_response("delete_objects", {}, {"Bucket": "uploads_bucket", "Delete": source})
    for _ in range(2):
        s3.add_response("delete_objects", {}, {"Bucket": "media_bucket", "Delete": ANY})
    for region in ("us-east-1", "eu-west-1"):
        group = {fleet["region"]: fleet["group"] for fleet in remaking.owners(FLEETS, place)}[region]
        stubs["autoscaling", region].add_response(
            "start_instance_refresh", {"InstanceRefreshId": "r"}, {"AutoScalingGroupName": group, "Preferences": ANY}
        )
    paths = {"Quantity": 1, "Items": [f"/{place}*"]}
    batch = {"Paths": paths, "CallerReference": ANY}
    stubs["cloudfront", "us-east-1"].add_response(
        "create_invalidation",
        {
            "Invalidation": {
                "Id": "I1",
                "Status": "InProgress",
                "CreateTime": 0,
                "InvalidationBatch": batch | {"CallerReference": "x"},
            }
        },
        {"DistributionId": "distribution", "InvalidationBatch": batch},
    )
    remaking.take_down("a-film", source=True, caches=True, stack="prod", yes=True, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["objects"], told["invalidation"], len(told["refreshes"])) == (1001, "I1", 2)
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def test_what_will_go_is_shown_before_anybody_is_asked(
    stubs: dict[tuple[str, str], Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = stands(stubs, 2)
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(Refusal, match="Take a-film down"):
        remaking.take_down("a-film", source=False, caches=True, stack="prod", yes=False, as_json=False)
    shown = capsys.readouterr().out
    assert f"2 objects below {place} in media_bucket" in shown
    assert f"/{place}*" in shown
    assert "A film.mp4" not in shown
