"""The bucket of a region that takes its logs: S3 access, load balancer, VPC flow, and CloudFront at home."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.bucket import BucketAccess, PrivateBucket
from components.policies import Statement, Values


class LogStoreArgs(TypedDict):
    """Where, for how long, for whom."""

    region: str
    account_id: str
    log_days: int
    """Days that a log is kept."""
    protect: bool


class LogStore(pulumi.ComponentResource):
    """A private bucket that only AWS's log services of this account may write to."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: LogStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:log_store:LogStore", name, {**args}, opts)
        child = pulumi.ResourceOptions(parent=self)
        expire: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": args["log_days"]},
        }
        bucket = PrivateBucket(
            name,
            {
                "region": args["region"],
                "noncurrent_days": 1,
                "protect": args["protect"],
                "lifecycle": [expire],
            },
            child,
        )

        def write(service: str, prefix: str, source: str, **more: Values) -> Statement:
            """One log service may put objects under its own prefix, for this account's own resources."""
            return {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "s3:PutObject",
                "Resource": bucket.bucket_arn.apply(lambda arn: f"{arn}/{prefix}*"),
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": args["account_id"], **more},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }

        account, region = args["account_id"], args["region"]
        logs_service = f"arn:aws:logs:*:{account}:*"
        read_acl: Statement = {
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": bucket.bucket_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": logs_service},
            },
        }
        BucketAccess(
            f"{name}-access",
            {
                "region": region,
                "bucket_name": bucket.bucket_name,
                "bucket_arn": bucket.bucket_arn,
                "statements": [
                    write("logging.s3.amazonaws.com", "s3/", "arn:aws:s3:::*"),
                    write(
                        "logdelivery.elasticloadbalancing.amazonaws.com",
                        "alb/",
                        f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/*",
                    ),
                    # Flow logs and CloudFront's standard logs; both write with this canned ACL.
                    write(
                        "delivery.logs.amazonaws.com",
                        "AWSLogs/",
                        logs_service,
                        **{"s3:x-amz-acl": "bucket-owner-full-control"},
                    ),
                    read_acl,
                ],
            },
            child,
        )

        self.bucket_name, self.bucket_arn = bucket.bucket_name, bucket.bucket_arn
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})
