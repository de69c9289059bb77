"""CloudFront's standard logs: one line for each request, in the log bucket."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from facts.regions import CLOUDFRONT_REGION


class EdgeLogsArgs(TypedDict):
    """The distribution, and the bucket for its logs."""

    distribution_arn: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    """Logs go below AWSLogs/<account>/CloudFront/. The bucket's policy must let delivery.logs.amazonaws.com write."""


class EdgeLogs(pulumi.ComponentResource):
    """A vended log delivery (standard logging v2). The older standard logging needs a bucket with ACLs."""

    def __init__(self, name: str, args: EdgeLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:edge_logs:EdgeLogs", name, None, opts)
        # A distribution may have one source, and a source one delivery to S3. So the old one is deleted first.
        alone = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        source = aws.cloudwatch.LogDeliverySource(
            f"{name}-source",
            region=CLOUDFRONT_REGION,
            log_type="ACCESS_LOGS",
            resource_arn=args["distribution_arn"],
            opts=alone,
        )
        destination = aws.cloudwatch.LogDeliveryDestination(
            f"{name}-destination",
            region=CLOUDFRONT_REGION,
            # JSON lines, which Athena and jq both read. AWS charges for Parquet by the gigabyte.
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": args["bucket_arn"]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.LogDelivery(
            f"{name}-delivery",
            region=CLOUDFRONT_REGION,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            opts=alone,
        )
        self.register_outputs({})
