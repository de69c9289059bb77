"""The month's budget: an operator hears of a bill before it comes."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws


class BudgetArgs(TypedDict):
    """How much, and who is told."""

    monthly_usd: int
    email: str
    tags: dict[str, str]
    """Only resources with all of these tags count. Activate them once as cost allocation tags (docs/operating.md)."""


class Budget(pulumi.ComponentResource):
    """Sends a mail when 80 % is spent, and when the forecast passes 100 %."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["monthly_usd"] < 1:
            raise ValueError(f"Budget {name!r}: monthly_usd must be >= 1, got {args['monthly_usd']}")
        super().__init__("headend:budget:Budget", name, None, opts)
        aws.budgets.Budget(
            f"{name}-monthly",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args["monthly_usd"]),
            limit_unit="USD",
            # `ands`: a resource must have all of the tags. One filter with several values would accept any of them.
            filter_expression={
                "ands": [{"tags": {"key": key, "values": [value]}} for key, value in sorted(args["tags"].items())]
            },
            metrics="UnblendedCost",
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": threshold,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": [args["email"]],
                }
                for kind, threshold in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
