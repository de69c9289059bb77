"""S3's events, as EventBridge receives them."""

from types import SimpleNamespace
from typing import Any

from local.aws.events import object_event


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
