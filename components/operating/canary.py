"""A viewer that never sleeps: in each region a function that watches a title through the edge every few minutes."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import allow

NAMESPACE = "Headend/Canary"
MINUTES = 5


class CanaryArgs(TypedDict):
    """From where it looks, and at what."""

    region: str
    """It stands for the viewers of this region's country: the edge sends it to the same point of presence."""
    account_id: str
    host: pulumi.Input[str]
    """The host name that viewers use."""
    log_days: int


class Canary(pulumi.ComponentResource):
    """It lists titles, plays one, and reads a manifest and a segment, from outside of the platform."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: CanaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:canary:Canary", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        function = LambdaFunction(
            name,
            {
                "region": region,
                "handler": "canary",
                "environment": {"HOST": args["host"], "STACK": stack_dimension(), "NAMESPACE": NAMESPACE},
                # CloudWatch has no resource to name here.
                "statements": [
                    allow("cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": NAMESPACE})
                ],
                # Six requests take ten seconds each at most; then it sends the metrics.
                "timeout": 90,
                "memory": 256,
                "log_days": args["log_days"],
            },
            child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            region=region,
            description="Time to look whether viewers are served",
            schedule_expression=f"rate({MINUTES} minutes)",
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
            # No retry: the next look comes soon, and a late look would count for the wrong time.
            retry_policy={"maximum_event_age_in_seconds": 60 * MINUTES, "maximum_retry_attempts": 0},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})


def stack_dimension() -> str:
    """The dimension that keeps its metrics apart from those of another stack of the account."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"
