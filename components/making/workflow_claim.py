"""The workflow's first phase: name the title and claim it, or find that another execution has it. Pure."""

from components.making.handlers import IDENTIFY
from components.making.states import NOW, RETRY, THE_ROW, State, on_lost_claim, update
from components.making.workflow_common import FIRST_PAUSE_SECONDS, ME, WorkflowNames, ask

_SAME_FILM = "($exists($taken.stem) ? $taken.stem.S = $title.stem : $taken.`key`.S = $title.`key`)"

_REGION = "$split({}, ':')[3]"
"""Of an execution's ARN."""


def claiming(names: WorkflowNames) -> dict[str, State]:
    """Identify the title and claim it, unless an execution of this upload or of a newer one has it."""
    event = {
        "bucket": "{% $states.input.detail.bucket.name %}",
        "key": "{% $states.input.detail.object.key %}",
        "etag": "{% $states.input.detail.object.etag %}",
        "size": "{% $states.input.detail.object.size %}",
        "sequencer": "{% $states.input.detail.object.sequencer %}",
        "version_id": "{% $states.input.detail.object.`version-id` %}",
        "time": "{% $states.input.time %}",
    }
    identify = ask(names, IDENTIFY, event, {"title": "{% $states.result.Payload %}"}, "Claim", "identify the title")
    identify["Assign"] |= {"holder": "nobody", "attempts": 0, "refused": [], "pause": FIRST_PAUSE_SECONDS // 2}
    # Nothing is claimed yet, so no row can hold a reason. The execution fails, and an alarm tells of it.
    identify["Catch"] = [{"ErrorEquals": ["NotAFilm"], "Next": "No film"}]
    claim = update(
        names["table"],
        sets={
            "#name": {"S": "{% $title.name %}"},
            "stem": {"S": "{% $title.stem %}"},
            "#key": {"S": "{% $title.key %}"},
            "etag": {"S": "{% $title.etag %}"},
            "#size": {"N": "{% $string($title.size) %}"},
            "sequencer": {"S": "{% $title.sequencer %}"},
            "uploaded": {"S": "{% $title.uploaded %}"},
            "#source": {"S": "{% $title.source %}"},
            "execution": ME,
            "updated": NOW,
        },
        # A title has `live` once a version is published. It stays visible while it is encoded again.
        also="created = if_not_exists(created, :updated), #state = if_not_exists(live, :working)",
        values={
            ":working": {"S": "PROCESSING"},
            ":failed": {"S": "FAILED"},
            ":registered": {"S": "REGISTERED"},
            ":holder": {"S": "{% $holder %}"},
        },
        remove="outcome, reason, fault, warnings",
        # S3's sequencers order the events of one key. They say nothing about events of two keys.
        condition=(
            # Rows of earlier releases have no stem: their keys tell whether the film is the same.
            "attribute_not_exists(id) OR ((stem = :stem OR (attribute_not_exists(stem) AND #key = :key)) AND ("
            "(#key = :key AND sequencer < :sequencer)"
            " OR (#key <> :key AND (attribute_not_exists(uploaded) OR uploaded < :uploaded"
            " OR (uploaded = :uploaded AND #key < :key)))"
            " OR (#key = :key AND sequencer = :sequencer AND (execution = :execution"
            " OR outcome IN (:failed, :registered) OR (attribute_not_exists(outcome) AND execution = :holder)))))"
        ),
        next_state="Prepare",
    )
    claim["Comment"] = "claim it in the catalogue"
    claim["Arguments"]["ReturnValues"] = "ALL_OLD"
    claim["Assign"] = {
        "published": {
            field: f"{{% $exists($states.result.Attributes.{field}) ? $states.result.Attributes.{field}.S : '' %}}"
            for field in ("content", "version")
        }
    }
    # Any other error fails the execution. It must not mark a row that it has not claimed.
    claim["Catch"] = [on_lost_claim("Whose title?")]
    return {
        "Identify": identify,
        "No film": {"Type": "Succeed", "Comment": "What lies beside films is left where it is."},
        "Claim": claim,
        **_not_ours(names),
    }


def _not_ours(names: WorkflowNames) -> dict[str, State]:
    """The states after a refused claim. An earlier execution, a newer upload or another film has the row.

    `films/My Film` and `films/my-film` are two films with one id. The one that comes second takes an id with a hash.
    """
    look: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": names["table"], "Key": THE_ROW, "ConsistentRead": True},
        "Assign": {"taken": "{% $exists($states.result.Item) ? $states.result.Item : {} %}"},
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        "Next": "Taken by?",
    }
    same_upload = (
        f"{_SAME_FILM} and $taken.`key`.S = $title.`key` and $taken.sequencer.S = $title.sequencer"
        " and $not($exists($taken.outcome))"
    )
    here = _REGION.format("$states.context.Execution.Id")
    alive: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
        "Arguments": {"ExecutionArn": "{% $taken.execution.S %}"},
        "Assign": {
            "holder": "{% $states.result.Status in ['RUNNING', 'PENDING_REDRIVE'] ? 'nobody' : $taken.execution.S %}",
        },
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        # Step Functions forgets an execution after 90 days, or when its state machine is deleted.
        "Catch": [
            {
                "ErrorEquals": ["Sfn.ExecutionDoesNotExistException"],
                "Assign": {"holder": "{% $taken.execution.S %}"},
                "Next": "Claim",
            }
        ],
        "Next": "Ended?",
    }
    return {
        "Whose title?": look,
        "Taken by?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $not($exists($taken.id)) %}", "Next": "Claim"},
                {
                    "Condition": f"{{% $not({_SAME_FILM}) and $title.id != $title.other %}}",
                    "Assign": {"title": "{% $merge([$title, {'id': $title.other}]) %}"},
                    "Next": "Claim",
                },
                {
                    # Of before home was moved: it runs no more, and Step Functions here does not know it.
                    "Condition": f"{{% {same_upload} and {_REGION.format('$taken.execution.S')} != {here} %}}",
                    "Assign": {"holder": "{% $taken.execution.S %}"},
                    "Next": "Claim",
                },
                {"Condition": f"{{% {same_upload} %}}", "Next": "Does it run?"},
            ],
            "Default": "Already taken",
        },
        "Does it run?": alive,
        "Ended?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $holder != 'nobody' %}", "Next": "Claim"}],
            "Default": "Already taken",
        },
        "Already taken": {"Type": "Succeed"},
    }
