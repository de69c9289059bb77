"""A Step Functions state machine with its log, its role and its traces. Every workflow is deployed by this."""

from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import Statement, allow, document, from_account, trust


class StateMachineArgs(TypedDict):
    """A workflow, and what it may do."""

    region: str
    account_id: str
    log_days: int
    statements: list[Statement]
    definition: dict[str, Any]
    """Amazon States Language; `pulumi.Input`s may be anywhere in it."""


def state_machine(name: str, args: StateMachineArgs, parent: pulumi.Resource) -> aws.sfn.StateMachine:
    """Make `<name>-workflow` and what it needs, as children of `parent`."""
    child, region, account = pulumi.ResourceOptions(parent=parent), args["region"], args["account_id"]
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-log",
        region=region,
        # Step Functions asks for this prefix: the resource policy for log delivery is shared and limited in size.
        name_prefix="/aws/vendedlogs/states/headend-",
        retention_in_days=args["log_days"],
        opts=child,
    )
    role = aws.iam.Role(
        f"{name}-role",
        assume_role_policy=trust(
            "states.amazonaws.com",
            StringEquals=from_account(account),
            ArnLike={"aws:SourceArn": f"arn:aws:states:{region}:{account}:stateMachine:*"},
        ),
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=document([*args["statements"], _delivers_its_log()]), opts=child
    )
    return aws.sfn.StateMachine(
        f"{name}-workflow",
        region=region,
        role_arn=role.arn,
        definition=pulumi.Output.json_dumps(args["definition"]),
        logging_configuration={
            "level": "ERROR",
            "include_execution_data": True,
            "log_destination": log_group.arn.apply(lambda arn: f"{arn}:*"),
        },
        tracing_configuration={"enabled": True},
        # Step Functions checks on creation that it may deliver logs.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )


def _delivers_its_log() -> Statement:
    """Log delivery and X-Ray have no resources to name."""
    return allow(
        [
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ],
        "*",
    )
