"""An experiment that stops a part of a fleet. Do viewers notice? A stack that asks for it has it; a person runs it."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import allow, document, from_account, trust


class FaultInjectionArgs(TypedDict):
    """Which fleet, and what ends the experiment early."""

    region: str
    account_id: str
    fleet_name: str
    """Value of the Name tag of the fleet's instances."""
    nodes: int
    """How many nodes to stop. A percentage of a small fleet could be less than one node, and would stop none."""
    stop_alarm_arn: pulumi.Input[str]
    """An alarm in the same region. If it starts, viewers are harmed, and the experiment stops."""


class FaultInjection(pulumi.ComponentResource):
    """AWS Fault Injection Service stops some of a fleet's instances; Auto Scaling must replace them."""

    template_id: pulumi.Output[str]

    def __init__(self, name: str, args: FaultInjectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["nodes"] < 1:
            raise ValueError(f"FaultInjection {name!r}: nodes must be >= 1, got {args['nodes']}")
        super().__init__("headend:fault_injection:FaultInjection", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust(
                "fis.amazonaws.com",
                StringEquals=from_account(account),
                ArnLike={"aws:SourceArn": f"arn:aws:fis:{region}:{account}:experiment/*"},
            ),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                [
                    allow("ec2:DescribeInstances", "*"),
                    allow(
                        ["ec2:StartInstances", "ec2:StopInstances"],
                        f"arn:aws:ec2:{region}:{account}:instance/*",
                        StringEquals={"aws:ResourceTag/Name": args["fleet_name"]},
                    ),
                ]
            ),
            opts=child,
        )
        template = aws.fis.ExperimentTemplate(
            f"{name}-stop-nodes",
            region=region,
            description=f"Stop {args['nodes']} of the nodes of {args['fleet_name']}",
            role_arn=role.arn,
            stop_conditions=[{"source": "aws:cloudwatch:alarm", "value": args["stop_alarm_arn"]}],
            targets=[
                {
                    "name": "some",
                    "resource_type": "aws:ec2:instance",
                    "selection_mode": f"COUNT({args['nodes']})",
                    "resource_tags": [{"key": "Name", "value": args["fleet_name"]}],
                    "filters": [{"path": "State.Name", "values": ["running"]}],
                }
            ],
            actions=[
                {
                    "name": "stop",
                    "action_id": "aws:ec2:stop-instances",
                    "target": {"key": "Instances", "value": "some"},
                    # A stop takes seconds, but the alarm needs minutes to see it. So the experiment lasts until it
                    # starts the stopped nodes again, or until the alarm ends it. By then the group has replaced them.
                    "parameters": [
                        {"key": "startInstancesAfterDuration", "value": "PT15M"},
                        {"key": "completeIfInstancesTerminated", "value": "true"},
                    ],
                }
            ],
            tags={"Name": name},
            opts=child,
        )
        self.template_id = template.id
        self.register_outputs({"template_id": self.template_id})
