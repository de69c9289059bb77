"""A schedule: EventBridge calls a function at fixed times."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction


class ScheduleArgs(TypedDict):
    """Which function is called, and when."""

    region: str
    account_id: str
    function: LambdaFunction
    expression: str
    """EventBridge's schedule expression: `rate(5 minutes)`, or `cron(20 0 * * ? *)` in UTC."""
    description: str
    seconds: int
    """Most seconds by which a call may be late."""
    tries: int
    """Further attempts after the first one failed."""


def schedule(name: str, args: ScheduleArgs, parent: pulumi.Resource) -> None:
    """Make the rule of EventBridge that calls the function, and the function's permission for it."""
    child, region, function = pulumi.ResourceOptions(parent=parent), args["region"], args["function"]
    rule = aws.cloudwatch.EventRule(
        f"{name}-rule",
        region=region,
        description=args["description"],
        schedule_expression=args["expression"],
        opts=child,
    )
    permission = aws.lambda_.Permission(
        f"{name}-from-schedule",
        region=region,
        function=function.function_name,
        action="lambda:InvokeFunction",
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        source_account=args["account_id"],
        opts=child,
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        region=region,
        rule=rule.name,
        arn=function.function_arn,
        retry_policy={"maximum_event_age_in_seconds": args["seconds"], "maximum_retry_attempts": args["tries"]},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
