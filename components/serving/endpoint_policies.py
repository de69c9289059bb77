"""The policy of a network's gateway endpoint to S3. It limits everybody in the network. Pure."""

import pulumi

from components.blocks.policies import Statement
from lambdas.names import FILL_LISTS


def s3_reads(region: str, media_bucket_arn: pulumi.Input[str]) -> list[Statement]:
    """Statements that allow only reads: of renditions, of fill lists, and of the packages of Amazon Linux 2023."""
    return [
        {
            "Sid": "Renditions",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.concat(media_bucket_arn, "/v/*"),
        },
        {
            "Sid": "FillLists",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:ListBucket",
            "Resource": media_bucket_arn,
            "Condition": {"StringEquals": {"s3:prefix": FILL_LISTS}},
        },
        {
            "Sid": "AmazonLinux",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
        },
    ]
