"""EventBridge calls a function: at fixed times, or whenever a rule's event happens."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction


class CallArgs(TypedDict):
    """Which function is called, and how hard EventBridge tries."""

    region: str
    account_id: str
    function: LambdaFunction
    seconds: int
    """Most seconds by which a call may be late."""
    tries: int
    """Further attempts after the first one failed."""


class ScheduleArgs(CallArgs):
    """When the function is called."""

    expression: str
    """EventBridge's schedule expression: `rate(5 minutes)`, or `cron(20 0 * * ? *)` in UTC."""
    description: str


def schedule(name: str, args: ScheduleArgs, parent: pulumi.Resource) -> None:
    """Make the rule of EventBridge that calls the function, and the function's permission for it."""
    rule = aws.cloudwatch.EventRule(
        f"{name}-rule",
        region=args["region"],
        description=args["description"],
        schedule_expression=args["expression"],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    let_call(rule, args, parent, permission=f"{name}-from-schedule", target=f"{name}-target")


def let_call(
    rule: aws.cloudwatch.EventRule, args: CallArgs, parent: pulumi.Resource, *, permission: str, target: str
) -> None:
    """Let the rule call the function; `permission` and `target` are the names of the two resources."""
    region, function = args["region"], args["function"]
    allowed = aws.lambda_.Permission(
        permission,
        region=region,
        function=function.function_name,
        action="lambda:InvokeFunction",
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        source_account=args["account_id"],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.cloudwatch.EventTarget(
        target,
        region=region,
        rule=rule.name,
        arn=function.function_arn,
        retry_policy={"maximum_event_age_in_seconds": args["seconds"], "maximum_retry_attempts": args["tries"]},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )
