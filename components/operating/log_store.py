"""The bucket of a region that takes its logs: S3 access, load balancer, VPC flow, and CloudFront at home."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket
from components.blocks.bucket_access import BucketAccess
from components.blocks.policies import Statement, Values
from facts.regions import CLOUDFRONT_REGION


class LogStoreArgs(TypedDict):
    """One region's logs."""

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
        super().__init__("headend:log_store:LogStore", name, None, opts)
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

        account, region = args["account_id"], args["region"]
        # Flow logs come from the log service of this region. CloudFront's logs come from that of us-east-1.
        logs_services = sorted({f"arn:aws:logs:{region}:{account}:*", f"arn:aws:logs:{CLOUDFRONT_REGION}:{account}:*"})

        def write(sid: str, service: str, prefix: str, source: Values, **more: Values) -> Statement:
            """One log service may put objects under its own prefix, for this account's own resources."""
            return {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "s3:PutObject",
                "Resource": bucket.bucket_arn.apply(lambda arn: f"{arn}/{prefix}*"),
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account, **more},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }

        balancers: Statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            # The path keeps other accounts' balancers out: the service writes below the number of the balancer's
            # account. It sends no source account or ARN that a condition could name (ELB user guide).
            "Resource": bucket.bucket_arn.apply(lambda arn: f"{arn}/alb/AWSLogs/{account}/*"),
        }
        # The Sid is AWS's own: log delivery adds a statement to the policy if it finds none with this Sid.
        read_acl: Statement = {
            "Sid": "AWSLogDeliveryAclCheck",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": bucket.bucket_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": logs_services},
            },
        }
        access = BucketAccess(
            f"{name}-access",
            {
                "region": region,
                "bucket_name": bucket.bucket_name,
                "bucket_arn": bucket.bucket_arn,
                "statements": [
                    write("S3AccessLogs", "logging.s3.amazonaws.com", "s3/", "arn:aws:s3:::*"),
                    balancers,
                    # Flow logs and CloudFront's standard logs; both write with this canned ACL.
                    write(
                        "AWSLogDeliveryWrite",
                        "delivery.logs.amazonaws.com",
                        f"AWSLogs/{account}/",
                        logs_services,
                        **{"s3:x-amz-acl": "bucket-owner-full-control"},
                    ),
                    read_acl,
                ],
            },
            child,
        )

        # From the policy and not from the bucket, so that others wait for the policy: AWS refuses a load balancer that
        # cannot write its logs yet.
        self.bucket_name, self.bucket_arn = access.bucket_name, access.bucket_arn
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})
