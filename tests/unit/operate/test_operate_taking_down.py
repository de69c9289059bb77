"""Taking a title down: it empties every store, in an order in which nothing comes back, and can be repeated."""

import io
import json
import re
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY

from operate import catalogue, taking_down
from operate.cloud import Cloud
from operate.screen import Refusal
from tests.stubs import Stubs

PLACE = catalogue.folder("a-film")
GONE = f"v/fill/gone/{PLACE.removeprefix('v/')}"
ROW = {"id": {"S": "a-film"}, "key": {"S": "A film.mp4"}, "execution": {"S": "arn:e"}}


class Told(Stubs):
    """AWS, with the answers to the verb's calls."""

    def held(self, prefix: str, keys: list[str], region: str = "us-east-1", bucket: str = "media_bucket") -> None:
        """Add the answer to the next listing of a bucket."""
        answer = {"Contents": [{"Key": key} for key in keys]}
        self("s3", region).add_response("list_objects_v2", answer, {"Bucket": bucket, "Prefix": prefix})

    def stands(self, row: Any, keys: list[str], gone: list[str]) -> None:
        """Add the answers to the verb's first calls: the row, and the title's objects."""
        asked = {"TableName": "titles_table", "Key": {"id": {"S": "a-film"}}, "ConsistentRead": True}
        self("dynamodb").add_response("get_item", {"Item": row} if row else {}, asked)
        self.held(f"v/fill/{PLACE.removeprefix('v/')}", [])
        self.held(PLACE, keys)
        self.held(GONE, gone)

    def goes(self) -> None:
        """Expect that the verb notes the deletion for the sweeper, and then deletes the row."""
        note = {"id": {"S": "taken-down/a-film"}, "at": {"S": ANY}}
        self("dynamodb").add_response("put_item", {}, {"TableName": "titles_table", "Item": note})
        row = {"TableName": "titles_table", "Key": {"id": {"S": "a-film"}}}
        self("dynamodb").add_response("delete_item", {}, row)

    def told(self, paths: list[str]) -> None:
        """Expect a list of the deleted paths."""
        body = json.dumps({"paths": paths}).encode()
        self("s3").add_response("put_object", {}, {"Bucket": "media_bucket", "Key": ANY, "Body": body})

    def forgets(self) -> None:
        """Expect an invalidation at the edge."""
        batch = {"Paths": {"Quantity": 1, "Items": [f"/{PLACE}*"]}, "CallerReference": ANY}
        made = {"Id": "I1", "Status": "InProgress", "CreateTime": 0}
        answer = {"Invalidation": made | {"InvalidationBatch": batch | {"CallerReference": "x"}}}
        asked = {"DistributionId": "distribution", "InvalidationBatch": batch}
        self("cloudfront").add_response("create_invalidation", answer, asked)


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Clients of a stack with two regions."""
    stubs = Told()
    names = {name: name for name in ("titles_table", "media_bucket", "uploads_bucket", "distribution")}
    fleets, replicas = [{"group": "a"}], {"eu-west-1": "replica"}
    outputs = {"region": "us-east-1", "fleets": fleets, "replicas": replicas, **names}
    cloud = Cloud("prod", outputs, "https://x.example", None)

    def client(_: Cloud, service: str, region: str | None = None) -> Any:
        return stubs.client(service, region or "us-east-1")

    def find(_: str | None) -> Cloud:
        return cloud

    def wait(_: float) -> None:
        """Nobody waits in a test."""

    monkeypatch.setattr(Cloud, "client", client)
    monkeypatch.setattr(taking_down, "find", find)
    monkeypatch.setattr("time.sleep", wait)
    return stubs


def test_all_that_holds_a_title_lets_go_of_it(stubs: Told, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [f"{PLACE}1/{index}" for index in range(1001)]
    paths = [f"/{key}" for key in keys]
    stubs.stands(ROW, keys, [])
    running = {"executionArn": "arn:e", "stateMachineArn": "arn:m", "status": "RUNNING", "startDate": 0}
    stubs("stepfunctions").add_response("describe_execution", running, {"executionArn": "arn:e"})
    stopped = {"executionArn": "arn:e", "error": ANY, "cause": ANY}
    stubs("stepfunctions").add_response("stop_execution", {"stopDate": 0}, stopped)
    stubs.goes()
    s3 = stubs("s3")
    source = {"Objects": [{"Key": "A film.mp4"}], "Quiet": True}
    s3.add_response("delete_objects", {}, {"Bucket": "uploads_bucket", "Delete": source})
    stubs.told(paths)
    for _ in range(2):
        s3.add_response("delete_objects", {}, {"Bucket": "media_bucket", "Delete": ANY})
    # A replica that lags is waited for; then nodes are told once more, as one may have read it there meanwhile.
    for held in ([keys[0]], []):
        stubs.held(PLACE, held, "eu-west-1", "replica")
    stubs.told(paths)
    for held in ([], ["the list"]):
        stubs("s3", "eu-west-1").add_response(
            "list_objects_v2", {"Contents": [{"Key": key} for key in held]}, {"Bucket": "replica", "Prefix": ANY}
        )
    stubs.forgets()
    taking_down.take_down("a-film", source=True, caches=True, stack="prod", yes=True, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["objects"], told["invalidation"]) == (1001, "I1")
    assert re.fullmatch(rf"{GONE}[0-9TZ]+\.json", told["nodes"])
    stubs.assert_no_pending_responses()


def test_an_interrupted_run_is_finished_by_the_next(stubs: Told, capsys: pytest.CaptureFixture[str]) -> None:
    stubs.stands(None, [], [f"{GONE}20261101T000000Z.json"])
    stubs.goes()
    paths = [f"/{PLACE}1/a"]
    body = json.dumps({"paths": paths}).encode()
    asked = {"Bucket": "media_bucket", "Key": f"{GONE}20261101T000000Z.json"}
    stubs("s3").add_response("get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))}, asked)
    stubs.told(paths)
    stubs.held(PLACE, [], "eu-west-1", "replica")
    stubs.told(paths)
    found = {"Contents": [{"Key": "the list"}]}
    stubs("s3", "eu-west-1").add_response("list_objects_v2", found, {"Bucket": "replica", "Prefix": ANY})
    stubs.forgets()
    taking_down.take_down("a-film", source=False, caches=True, stack="prod", yes=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["invalidation"] == "I1"


def test_a_replica_that_keeps_a_title_is_told(stubs: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_down, "REPLICAS_SECONDS", -1)
    stubs.held(PLACE, [f"{PLACE}1/a"], "eu-west-1", "replica")
    with pytest.raises(Refusal, match=r"have not deleted the files within .* Run this verb again"):
        taking_down._empty_nodes(taking_down.find("prod"), PLACE, [], "a list")


def test_the_things_to_delete_are_shown_before_the_question(
    stubs: Told, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.stands(ROW, [f"{PLACE}1/a", f"{PLACE}1/b"], [])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(Refusal, match="Take a-film down"):
        taking_down.take_down("a-film", source=False, caches=True, stack="prod", yes=False, as_json=False)
    shown = capsys.readouterr().out
    assert f"2 objects below {PLACE} in media_bucket" in shown
    assert "its files, in us-east-1, eu-west-1" in shown
    assert f"/{PLACE}*" in shown
    assert "A film.mp4" not in shown
