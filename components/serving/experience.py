"""Experience: players report on their views, and the reports become metrics of starts, stalls and failures."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.serving.api_target import api_target
from components.serving.load_balancer import LoadBalancer


class ExperienceArgs(TypedDict):
    """The share of views that report, and the load balancer in front of the function."""

    region: str
    balancer: LoadBalancer
    account_id: str
    log_days: int
    regions: Sequence[str]
    """Regions of the stack's points of presence. Each is a value of a dimension of the metrics."""
    stack: str
    """A dimension of the metrics: it keeps two stacks of one account apart."""
    report_percent: int
    """Share of all views that report, in percent. 0 tells players to stop."""


class Experience(pulumi.ComponentResource):
    """`POST /api/events`: a function of its own, so that a flood of reports cannot slow a viewer's request to play.

    Its only right in AWS is to write its log. CloudWatch makes the metrics from the lines of the log.
    """

    function_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    """Holds a line for each report."""

    def __init__(self, name: str, args: ExperienceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:experience:Experience", name, None, opts)
        function = LambdaFunction(
            f"{name}-reports",
            {
                "region": args["region"],
                "handler": "experience",
                "environment": {
                    "STACK": args["stack"],
                    "REGIONS": ",".join(args["regions"]),
                    "SENDING": "yes" if args["report_percent"] else "no",
                },
                "timeout": 5,
                "memory": 128,
                "log_days": args["log_days"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        api_target(
            name,
            {
                "region": args["region"],
                "account_id": args["account_id"],
                "balancer": args["balancer"],
                "function": function,
                "path": "/api/events",
                "priority": 9,
                "rule_aliases": [],
            },
            self,
        )
        self.function_name, self.log_group_name = function.function_name, function.log_group_name
        self.register_outputs({"function_name": self.function_name})
