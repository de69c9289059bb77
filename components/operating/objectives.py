"""Service level objectives: what viewers and owners of films are promised, and how much of it was kept. They are the
dashboard's first row. Pure."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.operating.canary import NAMESPACE, stack_dimension

AVAILABLE = 0.999
"""Share of the canary's looks in which a film started. It allows 43 minutes a month in which none starts."""
START_SECONDS = 4
"""Seconds from the list of titles to the first segment. The canary measures them, and starts with new connections."""
PUBLISHED = 0.99
"""Share of executions that end without a fault of the platform."""


def objectives(
    *, home: str, regions: Sequence[str], state_machine_arn: pulumi.Input[str]
) -> list[tuple[str, str, list[list[Any]]]]:
    """(title, region, metrics) of each widget: one for each region, and one for publishing. Each shows values over the
    whole time that the dashboard shows."""
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
