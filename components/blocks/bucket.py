"""A private bucket: the way every bucket of the platform is made."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class PrivateBucketArgs(TypedDict):
    """The values that differ between buckets."""

    region: str
    """The AWS region of the bucket."""
    noncurrent_days: int
    """Days in which an overwritten or deleted object can still be brought back."""
    protect: bool
    """True: Pulumi refuses to delete the bucket. False: `destroy` deletes it with its objects."""
    log_bucket: NotRequired[pulumi.Input[str]]
    """Name of the log bucket of the same region. A log bucket itself has none, since it would log its own logging."""
    inherited: NotRequired[str | None]
    """Name of a bucket that another stack made and that this one takes over, instead of a new one. Its settings become
    those below; the program never deletes it."""
    lifecycle: NotRequired[Sequence[aws.s3.BucketLifecycleConfigurationRuleArgsDict]]
    """Further lifecycle rules."""


class PrivateBucket(pulumi.ComponentResource):
    """A bucket without public access or ACLs, encrypted (SSE-S3), versioned; old versions and broken uploads expire.

    It has no policy yet. `BucketAccess` gives it one later, when its readers are known.
    """

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    """`<bucket>.s3.<region>.amazonaws.com`"""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["noncurrent_days"] < 1:
            raise ValueError(f"PrivateBucket {name!r}: noncurrent_days must be >= 1, got {args['noncurrent_days']}")
        super().__init__("headend:bucket:PrivateBucket", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]

        if inherited := args.get("inherited"):
            bucket = aws.s3.Bucket.get(f"{name}-inherited", inherited, region=region, opts=child)
        else:
            bucket = aws.s3.Bucket(
                f"{name}-bucket",
                region=region,
                force_destroy=not args["protect"],
                opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
            )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            region=region,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            region=region,
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            region=region,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            region=region,
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            region=region,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "clear-away",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": args["noncurrent_days"]},
                    # A delete marker without older versions hides nothing, and makes every listing slower.
                    "expiration": {"expired_object_delete_marker": True},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                },
                *args.get("lifecycle", []),
            ],
            # S3 refuses a rule for noncurrent versions of a bucket that has none.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        if "log_bucket" in args:
            aws.s3.BucketLogging(
                f"{name}-logging",
                region=region,
                bucket=bucket.bucket,
                target_bucket=args["log_bucket"],
                target_prefix=f"s3/{name}/",
                opts=child,
            )

        self.bucket_name, self.bucket_arn = bucket.bucket, bucket.arn
        self.domain_name = bucket.bucket_regional_domain_name
        self.register_outputs(
            {"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn, "domain_name": self.domain_name}
        )
