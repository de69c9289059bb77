"""Who may do what with a bucket: the one policy that each of the platform's buckets has."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import Statement, document, tls_only
from lambdas.names import FILL_LISTS


class BucketAccessArgs(TypedDict):
    """Who may do what with a bucket."""

    region: str
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    statements: Sequence[Statement]
    """Grants to AWS services and to readers that come through our network. IAM roles have their own policies."""


class BucketAccess(pulumi.ComponentResource):
    """The one policy of a bucket: it refuses requests without TLS, and makes the grants."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    """Name and ARN, known once the policy is in force. AWS refuses some settings while the service cannot write yet."""

    def __init__(self, name: str, args: BucketAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:bucket_access:BucketAccess", name, None, opts)
        arn = pulumi.Output.from_input(args["bucket_arn"])
        whole = [arn, arn.apply(lambda value: f"{value}/*")]
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            region=args["region"],
            bucket=args["bucket_name"],
            policy=document([{"Sid": "TlsOnly", **tls_only("s3:*", whole)}, *args["statements"]]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket_name = policy.bucket
        self.bucket_arn = policy.bucket.apply(lambda bucket: f"arn:aws:s3:::{bucket}")
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})


def read_by_cloudfront(bucket_arn: pulumi.Input[str], distribution_arn: pulumi.Input[str], keys: str) -> Statement:
    """Bucket policy statement: this distribution alone may read these keys."""
    return {
        "Sid": "CloudFront",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": pulumi.Output.concat(bucket_arn, "/", keys),
        "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
    }


def read_through_endpoint(bucket_arn: pulumi.Input[str], endpoint_id: pulumi.Input[str]) -> list[Statement]:
    """Bucket policy statements: cache nodes may read renditions and list fill lists through their VPC endpoint.

    Their requests are not signed, so the endpoint is all that identifies them.
    """
    here = {"aws:SourceVpce": endpoint_id}
    return [
        {
            "Sid": "CacheNodes",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.concat(bucket_arn, "/v/*"),
            "Condition": {"StringEquals": here},
        },
        {
            "Sid": "FillLists",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
            "Condition": {"StringEquals": {**here, "s3:prefix": FILL_LISTS}},
        },
    ]


def keep_versions(bucket_arn: pulumi.Input[str]) -> Statement:
    """Bucket policy statement: nobody may delete a version or a delete marker. Lifecycle rules still can."""
    return {
        "Sid": "KeepVersions",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObjectVersion",
        "Resource": pulumi.Output.concat(bucket_arn, "/*"),
    }
