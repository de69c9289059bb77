"""The rights of a cache node in AWS: it can be reached, and it can report. It reads S3 without a role, through the VPC
endpoint that the bucket's policy allows."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import allow, document, trust
from components.serving.cache_node.user_data import METRICS_NAMESPACE


class NodeRoleArgs(TypedDict):
    """Where the nodes of this role are, and where they log."""

    region: str
    log_days: int


class NodeRole(pulumi.ComponentResource):
    """The instance profile of a point of presence's nodes, and their log group."""

    instance_profile_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: NodeRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:node_role:NodeRole", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log", region=region, retention_in_days=args["log_days"], opts=child
        )
        # EC2 sends no source account when it assumes an instance's role, so no condition can name one.
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("ec2.amazonaws.com"), opts=child)
        here = {"aws:RequestedRegion": region}
        aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                [
                    # Session Manager instead of SSH keys. The agent's channels have no resource to name.
                    allow(
                        [
                            "ssm:UpdateInstanceInformation",
                            "ssmmessages:CreateControlChannel",
                            "ssmmessages:CreateDataChannel",
                            "ssmmessages:OpenControlChannel",
                            "ssmmessages:OpenDataChannel",
                        ],
                        "*",
                        StringEquals=here,
                    ),
                    allow(
                        "cloudwatch:PutMetricData",
                        "*",
                        StringEquals={"cloudwatch:namespace": METRICS_NAMESPACE, **here},
                    ),
                    allow(
                        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                        log_group.arn.apply(lambda arn: f"{arn}:*"),
                    ),
                ]
            ),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(f"{name}-profile", role=role.name, opts=child)
        self.instance_profile_arn, self.log_group_name = profile.arn, log_group.name
        self.register_outputs(
            {"instance_profile_arn": self.instance_profile_arn, "log_group_name": self.log_group_name}
        )
