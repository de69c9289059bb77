"""The workflow from upload to title, as an Amazon States Language definition (JSONata). Pure: names in, data out.

What each state relies on:

- An event may arrive twice, late or out of order, and any state may run again after its answer was lost. A claim
  carries the upload and the execution, so a repetition finds its own claim and anything older finds a newer one.
- A claim is worth what its execution is: where that has ended without an outcome, the same upload takes the claim over.
- Every write to the row after the claim is on the condition that the claim is still this execution's.
- MediaConvert forgets its own request token after a minute, so a job of this upload is looked for before one is made.
- Every job writes to a place of its own, whose name comes from the execution: nothing is ever written twice.
- What a job may touch (role, queue, source, destination) comes from here, and not from a handler's answer.
"""

from components.making.states import State
from components.making.workflow_claim import claiming
from components.making.workflow_common import LIFE_SECONDS, WorkflowNames
from components.making.workflow_end import ending, publishing
from components.making.workflow_make import making


def definition(names: WorkflowNames) -> State:
    """The state machine's definition; `pulumi.Input`s are left in place for `Output.json_dumps`.

    A state's `Comment` says what it does: to whoever watches an execution, and to the demo.
    """
    return {
        "Comment": "An upload becomes a title, or says why it did not.",
        "QueryLanguage": "JSONata",
        "StartAt": "Identify",
        "TimeoutSeconds": LIFE_SECONDS,
        "States": {**claiming(names), **making(names), **publishing(names), **ending(names)},
    }
