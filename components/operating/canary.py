"""A viewer that never sleeps: in each region a function that watches a title through the edge every few minutes."""

from typing import TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import allow
from components.blocks.schedule import schedule

NAMESPACE = "Headend/Canary"
MINUTES = 5


class CanaryArgs(TypedDict):
    """The canary's region, and the things that it checks."""

    region: str
    """It stands for the viewers of this region's country: the edge sends it to the same point of presence."""
    account_id: str
    host: pulumi.Input[str]
    """The host name that viewers use."""
    image: str
    """Id of the image of the region's nodes, whose age it reports. Empty if there are no nodes."""
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
                "environment": {
                    "HOST": args["host"],
                    "IMAGE": args["image"],
                    "STACK": stack_dimension(),
                    "NAMESPACE": NAMESPACE,
                },
                # CloudWatch and EC2 have no resource to name here.
                "statements": [
                    allow("cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": NAMESPACE}),
                    *([allow("ec2:DescribeImages", "*")] if args["image"] else []),
                ],
                # Six requests take ten seconds each at most; then it sends the metrics.
                "timeout": 90,
                "memory": 256,
                "log_days": args["log_days"],
            },
            child,
        )
        schedule(
            name,
            {
                "region": region,
                "account_id": args["account_id"],
                "function": function,
                "expression": f"rate({MINUTES} minutes)",
                "description": "Time to look whether viewers are served",
                # No late call: the next look comes soon, and a late one would count for the wrong time.
                "seconds": 60 * MINUTES,
                "tries": 0,
            },
            self,
        )
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})


def stack_dimension() -> str:
    """The dimension that keeps its metrics apart from those of another stack of the account."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"
