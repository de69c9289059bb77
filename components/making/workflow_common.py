"""Parts that all phases of the workflow share: names of resources, errors, calls of handlers, and writes. Pure."""

from collections.abc import Mapping
from typing import Literal, TypedDict

import pulumi

from components.making.handlers import Handler
from components.making.states import NOW, State, invoke, on_lost_claim, update
from lambdas.names import FOLDER
from lambdas.rows import OURS

LIFE_SECONDS = 72 * 3600
"""Longest time of an execution. A film takes well under an hour. But if ten thousand arrive at once, most of them wait
in MediaConvert's queue, and that time counts too."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 150, 3600
"""Between two looks at a job that another execution has begun. Each pause is twice as long as the one before. Where ten
thousand films wait so, they make three looks a second; the account may make five."""

ME = {"S": "{% $states.context.Execution.Id %}"}
"""The id of this execution, for the title's row."""
PREFIX = f"{FOLDER} & '/' & $version"
"""JSONata: the prefix of this version in the media bucket."""


class WorkflowNames(TypedDict):
    """Names and ARNs of the resources in the definition."""

    table: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    functions: Mapping[str, pulumi.Input[str]]
    """Name of each handler to the ARN of its function."""
    media: pulumi.Input[str]
    """Bucket of the renditions."""
    queue_arn: pulumi.Input[str]
    job_role_arn: pulumi.Input[str]
    encode: Literal["on_upload", "on_request"]


CATCH: list[State] = [
    {
        "ErrorEquals": ["SourceUnreadable", "SourceRefused", "SourceTruncated"],
        "Assign": {
            "outcome": "REJECTED",
            "reason": "{% $parse($states.errorOutput.Cause).errorMessage %}",
            "fault": "{% $states.errorOutput.Error %}",
        },
        "Next": "Mark",
    },
    {"ErrorEquals": ["SourceMoved"], "Next": "Superseded"},
    {
        "ErrorEquals": ["States.ALL"],
        "Assign": {
            "outcome": "FAILED",
            "reason": OURS,
            "fault": (
                "{% $states.context.State.Name & ': ' & $states.errorOutput.Error & ' '"
                " & ($exists($states.errorOutput.Cause) ? $substring($states.errorOutput.Cause, 0, 800) : '') %}"
            ),
        },
        "Next": "Mark",
    },
]
"""Errors of every state after the claim: which outcome each one gives the title."""


def ask(names: WorkflowNames, handler: Handler, payload: object, assigns: State, next_state: str, says: str) -> State:
    """Call a handler. If it refuses the source, the title is REJECTED."""
    return {**invoke(names["functions"][handler.name], payload, assigns, next_state, says), "Catch": CATCH}


def settle(
    names: WorkflowNames, sets: Mapping[str, State], next_state: str, *, state: str, live: bool = False
) -> State:
    """Write the outcome of this execution, if it still has the claim. If not, a newer upload's execution writes one.

    The title's own state changes to `state` only if no version plays yet, or if `live` says that one plays now.
    """
    write = update(
        names["table"],
        sets={**sets, "updated": NOW},
        also="#state = :state" if live else "#state = if_not_exists(live, :state)",
        values={":execution": ME, ":state": {"S": state}},
        remove="" if "reason" in sets else "reason, fault",
        condition="execution = :execution",
        next_state=next_state,
    )
    write["Catch"] = [on_lost_claim("Superseded"), *CATCH]
    return write
