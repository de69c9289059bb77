"""A restored catalogue is adopted: titles that were lost are offered again, and nothing works on the damaged table.

moto restores a table as it is now, whatever moment is named: so the damage comes after the restore here.
"""

import importlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.making.catalogue import Catalogue
from lambdas import clients
from local.engine import Deployment, RecordingProvider, run_program
from local.resources import Realiser
from operate import restoring
from tests.declared import REGION, ROOT, documents

TARGET = "titles-at-20261128T213000Z"
TABLE = "aws:dynamodb/table:Table"


class Account(Realiser):
    """A boto3 client of moto, which has no encoder."""

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        if type_ == "aws:mediaconvert/queue:Queue":
            return RecordingProvider.create(self, type_, name, inputs, region)
        return super().create(type_, name, inputs, region)


def client(service: Any, *_: object) -> Any:
    """A client as the function makes it, but without time-outs."""
    return boto3.client(service, region_name=REGION)


def row(title: str) -> dict[str, Any]:
    """The row of a title that plays."""
    fields = {
        "id": title,
        "state": "PUBLISHED",
        "updated": "2026-11-28T12:00:00.000000Z",
        "name": title,
        "prefix": f"v/00/{title}/0123456789ab",
        "key": f"films/{title}.mp4",
    }
    return {name: {"S": value} for name, value in fields.items()}


@pytest.fixture(scope="module")
def adopted() -> Iterator[tuple[Any, Deployment]]:
    """DynamoDB, and the platform after a deployment with the restored table."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        first = run_program(lambda: Catalogue("old", {"region": REGION, "protect": False}), provider=Account(None))
        source, dynamodb = first.one(TABLE).id, client("dynamodb")
        for title in ("films-one", "films-two"):
            dynamodb.put_item(TableName=source, Item=row(title))
        restoring.make(dynamodb, source, TARGET, datetime(2026, 11, 28, 21, 30, tzinfo=UTC))
        assert restoring.ready(dynamodb, TARGET)
        restoring.keep(dynamodb, source, TARGET)
        dynamodb.delete_item(TableName=source, Key={"id": {"S": "films-two"}})
        yield dynamodb, run_program(ROOT, stack="local", provider=Account(None), config={"catalogueTable": TARGET})


def test_lost_titles_are_offered_again(adopted: tuple[Any, Deployment], monkeypatch: pytest.MonkeyPatch) -> None:
    _, done = adopted
    function = done.one("aws:lambda/function:Function", "web-playback-function").inputs
    for name, value in function["environment"]["variables"].items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(clients, "client", client)
    handler = importlib.reload(importlib.import_module("lambdas.playback.handler"))
    event = {"httpMethod": "GET", "path": "/api/titles", "multiValueQueryStringParameters": {}, "multiValueHeaders": {}}
    answer = handler.handle(event, None)
    assert answer["statusCode"] == 200, answer
    assert {title["id"] for title in json.loads(answer["body"])["titles"]} == {"films-one", "films-two"}


def test_the_restored_table_has_all_that_the_program_gives_its_own(adopted: tuple[Any, Deployment]) -> None:
    dynamodb, done = adopted
    own = done.one(TABLE, "catalogue-titles").id
    for name in (own, TARGET):
        told = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = [dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] for name in (own, TARGET)]
    assert expiry[0] == expiry[1]
    index = [dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"] for name in (own, TARGET)]
    assert [item["KeySchema"] for item in index[0]] == [item["KeySchema"] for item in index[1]]


def test_nothing_works_on_the_damaged_table_which_stays_as_the_way_back(adopted: tuple[Any, Deployment]) -> None:
    _, done = adopted
    own = done.one(TABLE, "catalogue-titles").outputs
    for item, document in documents(done):
        assert own["arn"] not in document, item.name
    users = [item.name for item in done.registrations if own["name"] in json.dumps(item.inputs, default=str)]
    assert users == []
    assert done.exports["titles_table"] == TARGET
