"""Forecast: once a day a function turns the counted plays into orders, by which cache nodes fill their disks."""

from typing import TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import allow
from components.blocks.schedule import schedule
from lambdas.names import ORDERS


class ForecastArgs(TypedDict):
    """Where the function reads plays, and where it writes orders."""

    region: str
    account_id: str
    log_days: int
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    media_name: pulumi.Input[str]
    """The home bucket. Replication copies the orders to the others."""
    media_arn: pulumi.Input[str]


class Forecast(pulumi.ComponentResource):
    """A function with a schedule. If it fails, nodes keep the order of the day before."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: ForecastArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:forecast:Forecast", name, None, opts)
        function = LambdaFunction(
            name,
            {
                "region": args["region"],
                "handler": "forecast",
                "environment": {"TITLES_TABLE": args["table_name"], "MEDIA_BUCKET": args["media_name"]},
                "statements": [
                    allow("dynamodb:Scan", args["table_arn"]),
                    allow("s3:PutObject", pulumi.Output.concat(args["media_arn"], f"/{ORDERS}*")),
                ],
                # It reads the table page by page. A hundred thousand items are some dozen megabytes.
                "timeout": 300,
                "memory": 512,
                "log_days": args["log_days"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        schedule(
            name,
            {
                "region": args["region"],
                "account_id": args["account_id"],
                "function": function,
                # It counts the plays of the last day, which is over at this time (UTC).
                "expression": "cron(20 0 * * ? *)",
                "description": "Time to forecast what will be watched",
                "seconds": 6 * 3600,
                "tries": 3,
            },
            self,
        )
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})
