"""The workflow from upload to title, as an Amazon States Language definition (JSONata). Pure: names in, data out.

What each state relies on:

- An event may arrive twice, late or out of order, and any state may run again after its answer was lost. A claim names
  the upload and the execution. So a repetition finds its own claim, and an older event finds a newer one.
- A claim holds while its execution runs. If the execution ended without an outcome, another one of the same upload may
  take the claim.
- Every write to the row after the claim has the condition that the claim is still this execution's.
- MediaConvert forgets a request token after a minute. So an execution looks for a job of this upload first.
- Every job writes to a place of its own, whose name comes from the execution. So nothing is ever written twice.
- The role, queue, source and destination of a job come from here, and not from a handler's answer.
"""

from components.making.states import State
from components.making.workflow_claim import claiming
from components.making.workflow_common import LIFE_SECONDS, WorkflowNames
from components.making.workflow_end import ending, publishing
from components.making.workflow_make import making


def definition(names: WorkflowNames) -> State:
    """The state machine's definition; `pulumi.Input`s are left in place for `Output.json_dumps`.

    A state's `Comment` says what it does. The console and the demo show it.
    """
    return {
        "Comment": "An upload becomes a title, or says why it did not.",
        "QueryLanguage": "JSONata",
        "StartAt": "Identify",
        "TimeoutSeconds": LIFE_SECONDS,
        "States": {**claiming(names), **making(names), **publishing(names), **ending(names)},
    }
