"""Encoding: the MediaConvert queue, and the role with which a job reads the source and writes the renditions."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import allow, document, from_account, trust


class EncodingArgs(TypedDict):
    """What a job reads and writes."""

    region: str
    account_id: str
    uploads_arn: pulumi.Input[str]
    media_arn: pulumi.Input[str]


class Encoding(pulumi.ComponentResource):
    """An on-demand queue and a job role."""

    queue_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncodingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:encoding:Encoding", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # On demand: each encoded minute is billed. A reserved queue is cheaper from a few hours of encoding a day.
        queue = aws.mediaconvert.Queue(f"{name}-queue", region=args["region"], pricing_plan="ON_DEMAND", opts=child)
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust("mediaconvert.amazonaws.com", StringEquals=from_account(args["account_id"])),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                [
                    allow("s3:GetObject", pulumi.Output.concat(args["uploads_arn"], "/*")),
                    # Without this right S3 answers 403 for a source that is gone, and that looks like our fault.
                    allow("s3:ListBucket", args["uploads_arn"]),
                    allow("s3:PutObject", pulumi.Output.concat(args["media_arn"], "/v/*")),
                ]
            ),
            opts=child,
        )
        self.queue_arn, self.role_arn = queue.arn, role.arn
        self.register_outputs({"queue_arn": self.queue_arn, "role_arn": self.role_arn})
