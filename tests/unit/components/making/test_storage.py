"""The two buckets of content: the uploads bucket sends events and stores cheaply; the media bucket is for readers."""

import functools

from components.making.storage import ContentStorage
from local.engine import Deployment
from tests.declared import REGION, deploy, statements


@functools.cache
def storage() -> Deployment:
    return deploy(
        lambda: ContentStorage(
            "content", {"region": REGION, "noncurrent_days": 7, "log_bucket": "logs", "protect": True}
        )
    )


def test_every_upload_is_announced_to_eventbridge_and_no_rendition_is() -> None:
    done = storage()
    announced = done.one("aws:s3/bucketNotification:BucketNotification").inputs
    uploads = done.one("aws:s3/bucket:Bucket", "content-uploads-bucket")
    assert announced["eventbridge"] is True
    assert announced["bucket"] == uploads.outputs["bucket"]


def test_an_upload_moves_to_cheaper_storage_and_can_still_be_encoded() -> None:
    rules = {
        item.name: item.inputs["rules"]
        for item in storage().of_type("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    }
    [_, cool] = rules["content-uploads-lifecycle"]
    [transition] = cool["transitions"]
    # Objects in the archive classes must be restored for hours first, so MediaConvert would fail.
    assert transition["storageClass"] in {"GLACIER_IR", "STANDARD_IA"}
    assert "expiration" not in cool
    # Fill lists stay as long as their title: an old title may be wanted again.
    [_, lists] = rules["content-media-lifecycle"]
    assert (lists["filter"], lists["expiration"]) == ({"prefix": "v/fill/gone/"}, {"days": 30})


def test_nothing_but_roles_reaches_the_uploads() -> None:
    policy = storage().one("aws:s3/bucketPolicy:BucketPolicy")
    assert policy.name == "content-uploads-access-policy"
    assert {statement["Effect"] for statement in statements(policy.inputs["policy"])} == {"Deny"}


def test_no_version_of_an_upload_can_be_deleted_so_that_an_older_one_becomes_current_again() -> None:
    [kept] = [
        statement
        for statement in statements(storage().one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
        if statement["Action"] == "s3:DeleteObjectVersion"
    ]
    uploads = storage().one("aws:s3/bucket:Bucket", "content-uploads-bucket").outputs["arn"]
    assert (kept["Effect"], kept["Principal"], kept["Resource"]) == ("Deny", "*", f"{uploads}/*")
    assert "Condition" not in kept


def test_both_buckets_are_protected_and_logged() -> None:
    done = storage()
    assert [item.options.get("protect") for item in done.of_type("aws:s3/bucket:Bucket")] == [True, True]
    assert {item.inputs["targetBucket"] for item in done.of_type("aws:s3/bucketLogging:BucketLogging")} == {"logs"}
    assert len(done.of_type("aws:s3/bucketLogging:BucketLogging")) == 2
