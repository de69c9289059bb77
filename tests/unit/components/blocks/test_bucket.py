"""A bucket of the platform: it is ours, it is encrypted, and a deleted object is kept for some time only."""

import functools
from typing import Any

import pytest

from components.blocks.bucket import PrivateBucket
from local.engine import Deployment
from tests.declared import depends_on, made, refusal

ARGS: dict[str, Any] = {"region": "eu-west-1", "noncurrent_days": 7, "protect": False}


@functools.cache
def bucket(**other: Any) -> Deployment:
    return made(PrivateBucket, "films", {**ARGS, **other})


def test_what_others_put_into_it_is_ours() -> None:
    ownership = bucket().one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert ownership["rule"]["objectOwnership"] == "BucketOwnerEnforced"


def test_it_is_encrypted_in_a_way_that_unsigned_reads_can_use() -> None:
    [rule] = (
        bucket()
        .one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
        .inputs["rules"]
    )
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_a_deleted_object_can_be_restored_for_some_days() -> None:
    done = bucket(noncurrent_days=9)
    versioning = done.one("aws:s3/bucketVersioning:BucketVersioning")
    lifecycle = done.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert versioning.inputs["versioningConfiguration"]["status"] == "Enabled"
    [rule] = lifecycle.inputs["rules"]
    assert rule["status"] == "Enabled"
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 9}
    assert rule["expiration"] == {"expiredObjectDeleteMarker": True}
    assert 1 <= rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"] <= 7
    assert depends_on(done, lifecycle, versioning)


@pytest.mark.parametrize("protect", [True, False])
def test_destroy_takes_it_with_its_objects_or_not_at_all(protect: bool) -> None:
    films = bucket(protect=protect).one("aws:s3/bucket:Bucket")
    assert films.options.get("protect", False) is protect
    assert films.inputs["forceDestroy"] is not protect


def test_every_part_is_in_its_region_and_of_this_bucket() -> None:
    done = bucket(log_bucket="logs")
    parts = [item for item in done.registrations if item.custom]
    assert {item.region for item in parts} == {"eu-west-1"}
    [name] = {item.outputs["bucket"] for item in done.of_type("aws:s3/bucket:Bucket")}
    assert {item.inputs["bucket"] for item in parts if item.type != "aws:s3/bucket:Bucket"} == {name}


def test_access_is_logged_if_a_log_bucket_is_given() -> None:
    logging = "aws:s3/bucketLogging:BucketLogging"
    assert bucket().of_type(logging) == []
    target = bucket(log_bucket="logs").one(logging).inputs
    assert (target["targetBucket"], target["targetPrefix"]) == ("logs", "s3/films/")


def test_versions_that_are_kept_for_no_day_are_refused() -> None:
    said = refusal(PrivateBucket, "films", {**ARGS, "noncurrent_days": 0})
    assert said == "PrivateBucket 'films': noncurrent_days must be >= 1, got 0"
