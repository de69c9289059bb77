"""What all phases of the workflow share: the names that it points at, its errors, how it asks and writes. Pure."""

from collections.abc import Mapping
from typing import Literal, TypedDict

import pulumi

from components.making.handlers import Handler
from components.making.states import NOW, State, invoke, on_lost_claim, update
from lambdas.names import FOLDER
from lambdas.rows import OURS

LIFE_SECONDS = 72 * 3600
"""The longest that an execution may take. A film takes well under an hour. But of ten thousand that arrive at once most
wait in MediaConvert's queue, and that time counts too."""

ME = {"S": "{% $states.context.Execution.Id %}"}
"""This execution, as the row holds it."""
PREFIX = f"{FOLDER} & '/' & $version"
"""JSONata: where this version lies."""


class WorkflowNames(TypedDict):
    """What the definition points at."""

    table: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    functions: Mapping[str, pulumi.Input[str]]
    """ARNs by handler."""
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
    """Ask a handler. If it refuses the source, the title is REJECTED."""
    return {**invoke(names["functions"][handler.name], payload, assigns, next_state, says), "Catch": CATCH}


def settle(
    names: WorkflowNames, sets: Mapping[str, State], next_state: str, *, state: str, live: bool = False
) -> State:
    """Write the outcome of this execution, if it still has the claim. If not, a newer upload's execution writes one.

    The title's own state changes to `state` only where no version plays yet, or where `live` says that one does now.
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
