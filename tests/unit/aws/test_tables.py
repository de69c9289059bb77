"""The laptop's DynamoDB handles one request at a time. So a condition is still true when the write follows."""

import pkgutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import boto3
import pytest
from moto import mock_aws

from local.aws import mends, tables

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}


def test_one_request_ends_before_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = [0], [0]

    class Request:
        body: ClassVar[dict[str, Any]] = {}

    def slow(asked: Request) -> Request:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return asked

    put = dict[str, object]()

    def mend(place: str, replacement: object) -> object:
        put[place] = replacement
        return slow

    monkeypatch.setattr(tables, "mend", mend)
    tables.install()
    [(place, replacement)] = put.items()
    assert place == "moto.dynamodb.responses:DynamoHandler.call_action"
    assert callable(replacement)
    asked = [Request() for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(replacement, asked)) == asked
    assert most == [1]


def test_what_is_written_to_a_table_is_in_its_copy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    place = "moto.dynamodb.responses:DynamoHandler.call_action"
    monkeypatch.setattr(
        pkgutil.resolve_name(place.rpartition(".")[0]),
        "call_action",
        mends.MENDED.get(place, pkgutil.resolve_name(place)),
    )
    tables.install()
    with mock_aws():
        home, there = (boto3.client("dynamodb", region_name=region, **KEYS) for region in ("us-east-1", "eu-west-1"))
        home.create_table(
            TableName="titles",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        home.put_item(TableName="titles", Item={"id": {"S": "early"}})
        home.update_table(TableName="titles", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
        home.put_item(TableName="titles", Item={"id": {"S": "late"}})
        assert {item["id"]["S"] for item in there.scan(TableName="titles")["Items"]} == {"early", "late"}
