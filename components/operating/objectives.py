"""What viewers and owners of films are promised, and how much of it is kept: the dashboard's first row. Pure."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.operating.canary import NAMESPACE, stack_dimension

AVAILABLE = 0.999
"""Share of the canary's looks in which a film started. A month may have 43 minutes in which none does."""
START_SECONDS = 4
"""From the list of titles to the first segment, by the canary, which starts without a cached connection."""
PUBLISHED = 0.99
"""Share of executions that end without a fault of ours."""


def objectives(
    *, home: str, regions: Sequence[str], state_machine_arn: pulumi.Input[str]
) -> list[tuple[str, str, list[list[Any]]]]:
    """(title, region, metrics) of a widget a region, and of one for publishing: values over the time that is shown."""
    stack = ["Stack", stack_dimension()]
    found: list[tuple[str, str, list[list[Any]]]] = [
        (
            f"Promised: {AVAILABLE:.1%} can start a film, within {START_SECONDS} s. Kept for viewers near {region}",
            region,
            [
                [{"expression": "100 * a", "label": "could start, percent"}],
                [
                    {
                        "expression": f"100 * (1 - (1 - a) / {1 - AVAILABLE:.3f})",
                        "label": "error budget left, percent",
                    }
                ],
                [NAMESPACE, "Available", *stack, {"id": "a", "stat": "Average", "visible": False}],
                [NAMESPACE, "StartSeconds", *stack, {"stat": "p95", "label": "start, in seconds, 95 of 100"}],
            ],
        )
        for region in regions
    ]
    ends = {"s": "ExecutionsSucceeded", "f": "ExecutionsFailed", "t": "ExecutionsTimedOut", "x": "ExecutionsAborted"}
    made: list[list[Any]] = [
        ["AWS/States", metric, "StateMachineArn", state_machine_arn, {"id": id_, "stat": "Sum", "visible": False}]
        for id_, metric in ends.items()
    ]
    share = {"expression": "100 * s / (s + f + t + x)", "label": "ended without a fault of ours, in percent"}
    found.append((f"Promised: {PUBLISHED:.0%} of uploads become a title or an answer. Kept", home, [[share], *made]))
    return found
