"""Buckets and what they hold."""

from collections.abc import Callable
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
    """The bytes of a file or text; paths are relative to the project."""
    return asset.text.encode() if asset.text is not None else Path(str(asset.path)).read_bytes()


@makes("aws:s3/bucketObjectv2:BucketObjectv2")
def bucket_object(made: Making) -> tuple[str, dict[str, Any]]:
    """An object."""
    bucket_name, key = made.take("bucket"), made.take("key")
    answer = made.call(
        "s3",
        "put_object",
        Bucket=bucket_name,
        Key=key,
        Body=contents(made.take("source")),
        Tagging=urlencode(made.take("tags", {})),
    )
    return f"{bucket_name}/{key}", {"etag": answer["ETag"].strip('"')}


def _setting(class_name: str, operation: str, parameter: str, shape: Callable[[Making], Any]) -> None:
    """Register a type that is one setting of a bucket: `shape` makes the operation's parameter of the inputs."""

    @makes(f"aws:s3/b{class_name[1:]}:{class_name}")
    def _(made: Making) -> tuple[str, dict[str, Any]]:
        name, value = made.take("bucket"), shape(made)
        made.call("s3", operation, Bucket=name, **{parameter: value})
        return name, {}


_setting("BucketPolicy", "put_bucket_policy", "Policy", lambda made: made.take("policy"))
_setting(
    "BucketVersioning",
    "put_bucket_versioning",
    "VersioningConfiguration",
    lambda made: made.take("versioningConfiguration"),
)
_setting(
    "BucketLifecycleConfiguration",
    "put_bucket_lifecycle_configuration",
    "LifecycleConfiguration",
    lambda made: {"rules": made.take("rules")},
)
_setting(
    "BucketOwnershipControls",
    "put_bucket_ownership_controls",
    "OwnershipControls",
    lambda made: {"rules": [made.take("rule")]},
)
_setting(
    "BucketServerSideEncryptionConfiguration",
    "put_bucket_encryption",
    "ServerSideEncryptionConfiguration",
    lambda made: {"rules": made.take("rules")},
)
_setting("BucketPublicAccessBlock", "put_public_access_block", "PublicAccessBlockConfiguration", Making.take_all)
_setting(
    "BucketNotification",
    "put_bucket_notification_configuration",
    "NotificationConfiguration",
    lambda made: {"eventBridgeConfiguration": {}} if made.take("eventbridge") else {},
)
