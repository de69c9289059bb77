"""Storage at home: the bucket of uploads, and the bucket of renditions."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket, PrivateBucketArgs
from components.blocks.bucket_access import BucketAccess, keep_versions
from components.blocks.gone_lists import FORGET_GONE_LISTS


class ContentStorageArgs(TypedDict):
    """How the content is kept."""

    region: str
    noncurrent_days: int
    log_bucket: pulumi.Input[str]
    protect: bool
    inherited: NotRequired["InheritedBuckets | None"]
    """Buckets of a stack whose home is lost, used instead of new ones."""


class InheritedBuckets(TypedDict):
    """Names of the copies of a lost home's buckets. They are in the region that is home now."""

    uploads: str
    media: str


class ContentStorage(pulumi.ComponentResource):
    """The uploads bucket, which announces every new object to EventBridge, and the media bucket of the renditions."""

    uploads: PrivateBucket
    uploads_name: pulumi.Output[str]
    uploads_arn: pulumi.Output[str]
    media: PrivateBucket
    """The whole component, because its policy is written later, when its readers exist."""

    def __init__(self, name: str, args: ContentStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:storage:ContentStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        inherited = args.get("inherited")
        settings: PrivateBucketArgs = {
            "region": args["region"],
            "noncurrent_days": args["noncurrent_days"],
            "protect": args["protect"],
            "log_bucket": args["log_bucket"],
        }
        self.uploads = uploads_bucket(
            f"{name}-uploads", {**settings, "inherited": inherited["uploads"] if inherited else None}, child
        )
        self.uploads_name, self.uploads_arn = self.uploads.bucket_name, self.uploads.bucket_arn
        aws.s3.BucketNotification(
            f"{name}-uploads-events", region=args["region"], bucket=self.uploads_name, eventbridge=True, opts=child
        )
        self.media = PrivateBucket(
            f"{name}-media",
            {**settings, "inherited": inherited["media"] if inherited else None, "lifecycle": [FORGET_GONE_LISTS]},
            child,
        )
        self.register_outputs(
            {
                "uploads_name": self.uploads_name,
                "uploads_arn": self.uploads_arn,
                "media_name": self.media.bucket_name,
                "media_arn": self.media.bucket_arn,
            }
        )


def uploads_bucket(name: str, settings: PrivateBucketArgs, opts: pulumi.ResourceOptions) -> PrivateBucket:
    """A bucket of sources, at home or a copy of it: they cool down, and nobody deletes a version of one."""
    # A source is read once, and later only to encode it again. MediaConvert can read Instant Retrieval at any time,
    # but the archive classes only after a restore. Instant Retrieval bills at least 90 days, so this waits a month.
    cool: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "cool-mezzanines",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "transitions": [{"days": 30, "storage_class": "GLACIER_IR"}],
    }
    bucket = PrivateBucket(name, {**settings, "lifecycle": [cool]}, opts)
    BucketAccess(
        f"{name}-access",
        {
            "region": settings["region"],
            "bucket_name": bucket.bucket_name,
            "bucket_arn": bucket.bucket_arn,
            # If the newer version of an overwritten film could be deleted, the older one would be current again.
            # Then an encode that had read the newer one would count as one of the older. Lifecycle rules still work.
            "statements": [keep_versions(bucket.bucket_arn)],
        },
        opts,
    )
    return bucket
