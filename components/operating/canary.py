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
    """Its country is that of the viewers whom it stands for: the edge sends it to the same point of presence."""
    account_id: str
    host: pulumi.Input[str]
    """The viewers' name of the platform."""
    log_days: int


class Canary(pulumi.ComponentResource):
    """List, play, manifest, segment, from outside of everything that serves them."""

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
                # Six requests of ten seconds at most, and the metrics.
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
            # The next look comes anyway: a late one would tell of another time than its own.
            retry_policy={"maximum_event_age_in_seconds": 60 * MINUTES, "maximum_retry_attempts": 0},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})


def stack_dimension() -> str:
    """What tells its metrics from those of another stack of the account."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"
