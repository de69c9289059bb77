"""EventBridge: what a target is sent."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.events import at_path, object_event, target_input

EVENT = {
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::uploads"],
    "detail": {"object": {"key": 'films/The "Best" <k>.mp4', "size": 5}, "bucket": {"name": "uploads"}},
}


def created(versioned: bool, event_name: str = "s3:ObjectCreated:Put") -> dict[str, Any]:
    bucket = SimpleNamespace(
        name="uploads", arn="arn:aws:s3:::uploads", region_name="eu-west-1", is_versioned=versioned
    )
    key = SimpleNamespace(name="films/Ünï +%.mp4", size=5, etag='"0cc1"', version_id="v1")
    return object_event("123456789012", event_name, bucket, key, "0018EA6181526C1109")


def test_an_object_event_is_worded_as_s3_words_it() -> None:
    event = created(versioned=False)
    assert event["detail-type"] == "Object Created"
    assert (event["source"], event["region"], event["resources"]) == ("aws.s3", "eu-west-1", ["arn:aws:s3:::uploads"])
    detail = event["detail"]
    assert detail["bucket"] == {"name": "uploads"}
    assert detail["object"] == {
        "key": "films/Ünï +%.mp4",
        "size": 5,
        "etag": "0cc1",
        "sequencer": "0018EA6181526C1109",
    }
    assert (detail["reason"], detail["requester"]) == ("PutObject", "123456789012")
    assert {"version", "request-id", "source-ip-address"} < detail.keys()


def test_a_versioned_bucket_names_the_version() -> None:
    assert created(versioned=True)["detail"]["object"]["version-id"] == "v1"


def test_a_deletion_has_neither_size_nor_etag() -> None:
    detail = created(False, "s3:ObjectRemoved:Delete")["detail"]
    assert detail["object"].keys() == {"key", "sequencer"}
    assert (detail["reason"], detail["deletion-type"]) == ("DeleteObject", "Permanently Deleted")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.detail.object.size", 5),
        ("$.detail-type", "Object Created"),
        ("$.resources[0]", "arn:aws:s3:::uploads"),
        ("$.resources[1]", None),
        ("$.detail.nowhere.deeper", None),
        ("$", EVENT),
    ],
)
def test_a_path_finds(path: str, value: object) -> None:
    assert at_path(EVENT, path) == value


def test_without_more_a_target_gets_the_event() -> None:
    assert json.loads(target_input({}, EVENT)) == EVENT


def test_a_target_may_get_a_constant_or_a_part() -> None:
    assert target_input({"Input": '{"a": 1}'}, EVENT) == '{"a": 1}'
    assert json.loads(target_input({"InputPath": "$.detail.bucket"}, EVENT)) == {"name": "uploads"}


def test_a_transformer_fills_its_template_and_keeps_it_json() -> None:
    paths = {"k": "$.detail.object.key", "s": "$.detail.object.size", "o": "$.detail.bucket", "n": "$.nowhere"}
    template = """{
        "text": "got <k>: <s>, <o>", "key": <k>, "size": <s>, "bucket": <o>, "n": <n>, "<no>": 1,
        "all": <aws.events.event.json>
    }"""
    filled = json.loads(target_input({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, EVENT))
    key = 'films/The "Best" <k>.mp4'
    assert filled == {
        "text": f'got {key}: 5, {{"name": "uploads"}}',
        "key": key,
        "size": 5,
        "bucket": {"name": "uploads"},
        "n": None,
        "all": EVENT,
        "<no>": 1,
    }
