"""Storage at home: the bucket of uploads, and the bucket of renditions."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket
from components.blocks.bucket_access import BucketAccess, keep_versions
from components.blocks.gone_lists import FORGET_GONE_LISTS


class ContentStorageArgs(TypedDict):
    """How the content is kept."""

    region: str
    noncurrent_days: int
    log_bucket: pulumi.Input[str]
    protect: bool


class ContentStorage(pulumi.ComponentResource):
    """The uploads bucket, which announces every new object to EventBridge, and the media bucket of the renditions."""

    uploads_name: pulumi.Output[str]
    uploads_arn: pulumi.Output[str]
    media: PrivateBucket
    """The whole component, because its policy is written later, when its readers exist."""

    def __init__(self, name: str, args: ContentStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:storage:ContentStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # A source is read once, and later only to encode it again. MediaConvert can read Instant Retrieval at any time,
        # but the archive classes only after a restore. Instant Retrieval bills at least 90 days, so this waits a month.
        cool: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "cool-mezzanines",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": 30, "storage_class": "GLACIER_IR"}],
        }
        uploads = PrivateBucket(
            f"{name}-uploads",
            {
                "region": args["region"],
                "noncurrent_days": args["noncurrent_days"],
                "protect": args["protect"],
                "log_bucket": args["log_bucket"],
                "lifecycle": [cool],
            },
            child,
        )
        BucketAccess(
            f"{name}-uploads-access",
            {
                "region": args["region"],
                "bucket_name": uploads.bucket_name,
                "bucket_arn": uploads.bucket_arn,
                # If the newer version of an overwritten film could be deleted, the older one would be current again.
                # Then an encode that had read the newer one would count as one of the older. Lifecycle rules still
                # work.
                "statements": [keep_versions(uploads.bucket_arn)],
            },
            child,
        )
        aws.s3.BucketNotification(
            f"{name}-uploads-events", region=args["region"], bucket=uploads.bucket_name, eventbridge=True, opts=child
        )
        self.media = PrivateBucket(
            f"{name}-media",
            {
                "region": args["region"],
                "noncurrent_days": args["noncurrent_days"],
                "protect": args["protect"],
                "log_bucket": args["log_bucket"],
                "lifecycle": [FORGET_GONE_LISTS],
            },
            child,
        )
        self.uploads_name, self.uploads_arn = uploads.bucket_name, uploads.bucket_arn
        self.register_outputs(
            {
                "uploads_name": self.uploads_name,
                "uploads_arn": self.uploads_arn,
                "media_name": self.media.bucket_name,
                "media_arn": self.media.bucket_arn,
            }
        )
