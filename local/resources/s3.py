"""Buckets, their settings and their objects."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local.engine.model import Asset
from local.resources.making import Making, makes


@makes("aws:s3/bucket:Bucket", {"forceDestroy": "all of the laptop's AWS ends with the process"})
def bucket(made: Making) -> tuple[str, dict[str, Any]]:
    """A bucket."""
    place = {"LocationConstraint": made.region} if made.region != "us-east-1" else None
    made.call("s3", "create_bucket", Bucket=made.name, CreateBucketConfiguration=place)
    if tags := made.take("tags"):
        made.call("s3", "put_bucket_tagging", Bucket=made.name, Tagging={"TagSet": tags})
    return made.name, {}


def contents(asset: Asset) -> bytes:
    """The bytes of a file or text. Paths are relative to the project."""
    return asset.text.encode() if asset.text is not None else Path(str(asset.path)).read_bytes()


@makes("aws:s3/bucketObjectv2:BucketObjectv2")
def bucket_object(made: Making) -> tuple[str, dict[str, Any]]:
    """An object."""
    bucket_name, key = made.take("bucket"), made.take("key")
    body, tags = contents(made.take("source")), urlencode(made.take("tags", {}))
    answer = made.call("s3", "put_object", Bucket=bucket_name, Key=key, Body=body, Tagging=tags)
    return f"{bucket_name}/{key}", {"etag": answer["ETag"].strip('"')}


# Types that are one setting of a bucket: the operation, and the parameter that takes all inputs, if there is one.
_SETTINGS = {
    "BucketPolicy": ("put_bucket_policy", None),
    "BucketVersioning": ("put_bucket_versioning", None),
    "BucketLifecycleConfiguration": ("put_bucket_lifecycle_configuration", "LifecycleConfiguration"),
    "BucketOwnershipControls": ("put_bucket_ownership_controls", "OwnershipControls"),
    "BucketPublicAccessBlock": ("put_public_access_block", "PublicAccessBlockConfiguration"),
    "BucketReplicationConfig": ("put_bucket_replication", "ReplicationConfiguration"),
    "BucketServerSideEncryptionConfiguration": ("put_bucket_encryption", "ServerSideEncryptionConfiguration"),
}


def _setting(class_name: str, operation: str, parameter: str | None) -> None:
    @makes(f"aws:s3/b{class_name[1:]}:{class_name}")
    def _(made: Making) -> tuple[str, dict[str, Any]]:
        name = made.take("bucket")
        whole = {parameter: made.take_all()} if parameter else {}
        made.call("s3", operation, Bucket=name, **whole)
        return name, {}


for _class_name, (_operation, _parameter) in _SETTINGS.items():
    _setting(_class_name, _operation, _parameter)


@makes("aws:s3/bucketNotification:BucketNotification")
def bucket_notification(made: Making) -> tuple[str, dict[str, Any]]:
    """A bucket's notifications to EventBridge."""
    name, events = made.take("bucket"), {"eventBridgeConfiguration": {}} if made.take("eventbridge") else {}
    made.call("s3", "put_bucket_notification_configuration", Bucket=name, NotificationConfiguration=events)
    return name, {}
