"""The workflow from upload to title, as an Amazon States Language definition (JSONata). Pure: names in, data out.

What each state relies on:

- An event may arrive twice, late or out of order, and any state may run again after its answer was lost. Claiming
  carries the upload's sequencer and the execution, so a repetition finds its own claim and anything older finds a
  newer one.
- Every write to the row after the claim is on the condition that the claim is still this execution's.
- MediaConvert forgets its own request token after a minute, so a job of this version is looked for before one is made.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import pulumi

State = dict[str, Any]

LIFE_SECONDS = 72 * 3600
"""The longest that an execution may take. A film takes well under an hour; ten thousand that arrive at once wait in
MediaConvert's queue, and Step Functions counts that as encoding. lambdas/find_job/core.py knows it too."""
ENCODE_TIMEOUT_SECONDS = LIFE_SECONDS - 2 * 3600
LEASE_SECONDS = LIFE_SECONDS + 3600
"""How long a claim holds without being renewed: longer than any execution may take."""
ENCODE_ATTEMPTS = 3

# MediaConvert's error codes that say something of the file and nothing of us: it cannot be opened or is no media
# (1010), has no video (1020), an unsupported codec (1030), or ends too early (1076); and 1404: it is gone.
SOURCE_FAULTS = [1010, 1020, 1030, 1076, 1404]


class WorkflowNames(TypedDict):
    """What the definition points at."""

    table: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    functions: Mapping[Literal["identify", "probe", "plan", "find_job", "verify"], pulumi.Input[str]]
    """ARNs of the handlers."""
    encode: Literal["on_upload", "on_request"]


def definition(names: WorkflowNames) -> State:
    """The state machine's definition; `pulumi.Input`s are left in place for `Output.json_dumps`."""
    return {
        "Comment": "An upload becomes a title, or says why it did not.",
        "QueryLanguage": "JSONata",
        "StartAt": "Identify",
        "TimeoutSeconds": LIFE_SECONDS,
        "States": {**_claiming(names), **_making(names), **_publishing(names), **_ending(names)},
    }


def _claiming(names: WorkflowNames) -> dict[str, State]:
    """Identify the title and take it, unless this upload was already taken or a newer one was."""
    event = {
        "bucket": "{% $states.input.detail.bucket.name %}",
        "key": "{% $states.input.detail.object.key %}",
        "etag": "{% $states.input.detail.object.etag %}",
        "size": "{% $states.input.detail.object.size %}",
        "sequencer": "{% $states.input.detail.object.sequencer %}",
        "version_id": "{% $states.input.detail.object.`version-id` %}",
    }
    identify = _invoke(names["functions"]["identify"], event, "title", "Claim")
    # Nothing is claimed yet, so there is no row on which to write a reason: the execution fails, which an alarm tells.
    del identify["Catch"]
    claim = _update(
        names["table"],
        sets={
            "#name": {"S": "{% $title.name %}"},
            "stem": {"S": "{% $title.stem %}"},
            "#key": {"S": "{% $title.key %}"},
            "etag": {"S": "{% $title.etag %}"},
            "#size": {"N": "{% $string($title.size) %}"},
            "sequencer": {"S": "{% $title.sequencer %}"},
            "#source": {"S": "{% $title.source %}"},
            "execution": _ME,
            "lease": {"N": f"{{% $string($floor($millis() / 1000) + {LEASE_SECONDS}) %}}"},
            "updated": _NOW,
        },
        # `live` is there once a version is out: a title that plays is not hidden while it is encoded anew.
        also="created = if_not_exists(created, :updated), #state = if_not_exists(live, :working)",
        values={
            ":working": {"S": "PROCESSING"},
            ":failed": {"S": "FAILED"},
            ":registered": {"S": "REGISTERED"},
            ":clock": {"N": "{% $string($floor($millis() / 1000)) %}"},
        },
        remove="outcome, reason, fault",
        condition=(
            "attribute_not_exists(id) OR (stem = :stem AND (sequencer < :sequencer OR (sequencer = :sequencer AND ("
            "execution = :execution OR outcome IN (:failed, :registered)"
            " OR (attribute_not_exists(outcome) AND lease < :clock)))))"
        ),
        next_state="Same version?",
    )
    claim["Arguments"]["ReturnValues"] = "ALL_OLD"
    claim["Assign"] = {
        "published": "{% $exists($states.result.Attributes.content) ? $states.result.Attributes.content.S : '' %}",
        "attempts": 0,
    }
    # Any other error fails the execution: to mark a row that was never claimed would pass for a newer upload's work.
    claim["Catch"] = [_on_lost_claim("Whose title?")]
    same: State = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $published = $title.content %}", "Next": "Settle"}],
        "Default": "Probe",
    }
    states: dict[str, State] = {
        "Identify": identify,
        "Claim": claim,
        "Same version?": same,
        # The very same bytes were uploaded again: what plays is what would be made.
        "Settle": _settle(names, {"outcome": {"S": "PUBLISHED"}}, "Nothing to do", state="PUBLISHED"),
        "Nothing to do": {"Type": "Succeed"},
        **_not_ours(names),
    }
    if names["encode"] == "on_request":
        # The event of an upload only catalogues it; the execution that a viewer's request starts goes on.
        same["Default"] = "Asked for?"
        asked = "{% $states.context.Execution.Input.requested = true %}"
        states["Asked for?"] = {
            "Type": "Choice",
            "Choices": [{"Condition": asked, "Next": "Probe"}],
            "Default": "Register",
        }
        states["Register"] = _settle(names, {"outcome": {"S": "REGISTERED"}}, "Registered", state="REGISTERED")
        states["Registered"] = {"Type": "Succeed"}
    return states


def _not_ours(names: WorkflowNames) -> dict[str, State]:
    """Where the claim is another's: this upload's own from before, or a film's whose key has the same slug.

    `films/My Film` and `films/my-film` are two films with one id. The first keeps it, and nothing of it is touched.
    """
    look: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": names["table"], "Key": {"id": {"S": "{% $title.id %}"}}, "ConsistentRead": True},
        "Assign": {
            "outcome": "FAILED",
            "reason": "{% 'Another film has this title already: ' & $states.result.Item.`key`.S %}",
            "fault": "{% $title.key & ' has the same title id as ' & $states.result.Item.`key`.S & ': rename one' %}",
            "same": "{% $states.result.Item.stem.S = $title.stem %}",
        },
        "TimeoutSeconds": 60,
        "Retry": _RETRY,
        "Next": "Same film?",
    }
    return {
        "Whose title?": look,
        "Same film?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $same %}", "Next": "Already taken"}],
            "Default": "Tell",
        },
        "Already taken": {"Type": "Succeed"},
    }


def _making(names: WorkflowNames) -> dict[str, State]:
    """From a source to renditions that were looked at."""
    functions = names["functions"]
    probe = _invoke(functions["probe"], "{% $title %}", "source", "Plan")
    find_job = _invoke(functions["find_job"], {"title": "{% $title %}"}, "job", "Job there?")
    for asks in (probe, find_job):
        # Both by botocore's names, and Lambda's own limit by its.
        crowd = _in_a_crowd("TooManyRequestsException", "ThrottlingException", "Lambda.TooManyRequestsException")
        asks["Retry"] = [crowd, *_RETRY]
    verify = _invoke(
        functions["verify"],
        {"title": "{% $title %}", "expected": "{% $plan.expected %}"},
        "made",
        "Publish",
    )
    return {
        "Probe": probe,
        "Plan": _invoke(functions["plan"], {"title": "{% $title %}", "source": "{% $source %}"}, "plan", "Find job"),
        "Find job": find_job,
        "Job there?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $job.status = 'COMPLETE' %}", "Next": "Verify"},
                {"Condition": "{% $job.status = 'RUNNING' %}", "Next": "Wait for job"},
            ],
            "Default": "Encode",
        },
        # A job of an execution that was lost: GetJob allows two calls a second for the whole account.
        "Wait for job": {"Type": "Wait", "Seconds": 60, "Next": "Find job"},
        "Encode": {
            "Type": "Task",
            "Resource": "arn:aws:states:::mediaconvert:createJob.sync",
            "Arguments": "{% $plan.job %}",
            "TimeoutSeconds": ENCODE_TIMEOUT_SECONDS,
            # Refused for its rate, so no job was made. CreateJob allows five a second: a burst of uploads waits here.
            "Retry": [_in_a_crowd("MediaConvert.TooManyRequestsException")],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {
                        "attempts": "{% $attempts + 1 %}",
                        "code": _fault_field("ErrorCode", r"(\d+)", "$number", "0"),
                        "message": _fault_field("ErrorMessage", r'"([^"]*)', "$string", "''"),
                        "error": "{% $states.errorOutput.Error %}",
                    },
                    "Next": "Whose fault?",
                }
            ],
            "Next": "Verify",
        },
        "Whose fault?": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": f"{{% $code in {SOURCE_FAULTS} %}}",
                    "Assign": {
                        "outcome": "REJECTED",
                        "reason": "{% 'The encoder could not use this file: ' & $message %}",
                        "fault": "{% 'MediaConvert error ' & $string($code) %}",
                    },
                    "Next": "Mark",
                },
                # Whatever else went wrong, a job may have been made: look for it rather than make a second one.
                {"Condition": f"{{% $attempts < {ENCODE_ATTEMPTS} %}}", "Next": "Pause"},
            ],
            "Assign": {
                "outcome": "FAILED",
                "reason": _OURS,
                "fault": "{% 'Encode: ' & $error & ', MediaConvert error ' & $string($code) & ' ' & $message %}",
            },
            "Default": "Mark",
        },
        # Longer than the minute for which MediaConvert answers the same request with the job that failed.
        "Pause": {"Type": "Wait", "Seconds": 75, "Next": "Find job"},
        "Verify": verify,
    }


def _publishing(names: WorkflowNames) -> dict[str, State]:
    """One conditional write makes the title visible, or nothing does; then people are told."""
    publish = _settle(
        names,
        {
            "outcome": {"S": "PUBLISHED"},
            "live": {"S": "PUBLISHED"},
            "version": {"S": "{% $title.version %}"},
            "content": {"S": "{% $title.content %}"},
            "prefix": {"S": "{% $title.prefix %}"},
            "#duration": {"N": "{% $string($made.duration) %}"},
            "width": {"N": "{% $string($made.width) %}"},
            "height": {"N": "{% $string($made.height) %}"},
            "renditions": {"L": "{% [$made.renditions.{'S': $}] %}"},
            "poster": {"S": "{% $made.poster %}"},
            "published": _NOW,
        },
        "Announce",
        state="PUBLISHED",
        live=True,
    )
    return {
        "Publish": publish,
        "Announce": _tell(names, "Published", "$title.name & ' can be watched'", {"state": "PUBLISHED"}),
        "Published": {"Type": "Succeed"},
    }


def _ending(names: WorkflowNames) -> dict[str, State]:
    """The ways out that are not a published title: the row says why, the source is kept, a person is told."""
    mark = _settle(
        names,
        {"outcome": {"S": "{% $outcome %}"}, "reason": {"S": "{% $reason %}"}, "fault": {"S": "{% $fault %}"}},
        "Tell",
        state="{% $outcome %}",
    )
    # What cannot be marked fails the execution, which an alarm tells.
    mark["Catch"] = [_on_lost_claim("Superseded")]
    tell = _tell(
        names,
        "Ours?",
        "$title.name & ' was not published'",
        {"state": "{% $outcome %}", "reason": "{% $reason %}", "fault": "{% $fault %}"},
    )
    return {
        "Mark": mark,
        "Tell": tell,
        "Ours?": {
            "Type": "Choice",
            # A refused file is an answer, not a failure: only our own faults may wake somebody.
            "Choices": [{"Condition": "{% $outcome = 'FAILED' %}", "Next": "Failed"}],
            "Default": "Rejected",
        },
        "Rejected": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "TitleFailed", "Cause": "{% $fault %}"},
        # A newer upload of the same title is on its way, and its own execution publishes.
        "Superseded": {"Type": "Succeed"},
    }


_ME = {"S": "{% $states.context.Execution.Id %}"}
_NOW = {"S": "{% $now('[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z') %}"}
_OURS = "Something went wrong on our side, not with your file. It is kept, and its operators have been told."

_TRANSIENT = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.ThrottlingException",
    "DynamoDB.RequestLimitExceeded",
    "DynamoDB.InternalServerError",
    "DynamoDB.SdkClientException",
    "SNS.ThrottledException",
    "SNS.InternalErrorException",
    "SNS.SdkClientException",
    # botocore's own names, raised by a handler whose call was refused for its rate
    "TooManyRequestsException",
    "ThrottlingException",
    "SlowDown",
    "500",  # an error of a HEAD has no name
    "503",
    "ServiceUnavailableException",
    "InternalServerErrorException",
    "EndpointConnectionError",
    "States.Timeout",
]


def _in_a_crowd(*errors: str) -> State:
    """Patience where MediaConvert refuses for its rate: over an hour, for thousands of films that arrive at once."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 300,
        "MaxAttempts": 40,
        "JitterStrategy": "FULL",
    }


_RETRY: list[State] = [
    {
        "ErrorEquals": _TRANSIENT,
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 120,
        "MaxAttempts": 10,
        "JitterStrategy": "FULL",
    }
]
_CATCH: list[State] = [
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
            "reason": _OURS,
            "fault": (
                "{% $states.context.State.Name & ': ' & $states.errorOutput.Error & ' '"
                " & ($exists($states.errorOutput.Cause) ? $substring($states.errorOutput.Cause, 0, 800) : '') %}"
            ),
        },
        "Next": "Mark",
    },
]


def _on_lost_claim(next_state: str) -> State:
    return {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": next_state}


def _fault_field(field: str, pattern: str, convert: str, default: str) -> str:
    """A field of the job that a failed `.sync` puts into its cause; by pattern, since other causes are not JSON.

    Its first letter may be small: GetJob's are capitals, those of MediaConvert's events are not.
    """
    found = f'$match($states.errorOutput.Cause, /"[{field[0]}{field[0].lower()}]{field[1:]}"\\s*:\\s*{pattern}/)'
    return f"{{% $exists({found}.groups[0]) ? {convert}({found}[0].groups[0]) : {default} %}}"


def _invoke(function_arn: pulumi.Input[str], payload: object, result: str, next_state: str) -> State:
    """Ask a handler; its answer becomes the variable `result`."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function_arn, "Payload": payload},
        "Assign": {result: "{% $states.result.Payload %}"},
        "TimeoutSeconds": 120,
        "Retry": _RETRY,
        "Catch": _CATCH,
        "Next": next_state,
    }


def _update(
    table: pulumi.Input[str],
    *,
    sets: Mapping[str, State],
    also: str,
    values: Mapping[str, State],
    remove: str,
    condition: str,
    next_state: str,
) -> State:
    """One conditional write to the title's row. `sets` by attribute; `#name` marks DynamoDB's reserved words."""
    expressions = [f"{attribute} = :{attribute.removeprefix('#')}" for attribute in sets]
    expression = f"SET {', '.join([*expressions, also])}" + (f" REMOVE {remove}" if remove else "")
    used = f"{expression} {condition}"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Arguments": {
            "TableName": table,
            "Key": {"id": {"S": "{% $title.id %}"}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{word}": word for word in _RESERVED if f"#{word}" in used},
            "ExpressionAttributeValues": {f":{name.removeprefix('#')}": value for name, value in sets.items()}
            | dict(values),
        },
        "TimeoutSeconds": 60,
        "Retry": _RETRY,
        "Next": next_state,
    }


_RESERVED = ("name", "key", "size", "source", "state", "duration")


def _settle(
    names: WorkflowNames, sets: Mapping[str, State], next_state: str, *, state: str, live: bool = False
) -> State:
    """Write how this execution ended, if the claim is still its own; else a newer upload's execution speaks.

    A viewer is shown `state` only where nothing is live, unless `live` makes this version the one that plays.
    """
    update = _update(
        names["table"],
        sets={**sets, "updated": _NOW},
        also="#state = :state" if live else "#state = if_not_exists(live, :state)",
        values={":execution": _ME, ":state": {"S": state}},
        remove="" if "reason" in sets else "reason, fault",
        condition="execution = :execution",
        next_state=next_state,
    )
    update["Catch"] = [_on_lost_claim("Superseded"), *_CATCH]
    return update


def _tell(names: WorkflowNames, next_state: str, subject: str, message: Mapping[str, str]) -> State:
    """Publish to the topic; `subject` is an expression.

    The title's row says it already, so a topic that cannot be reached fails nothing.
    """
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": names["topic_arn"],
            # SNS takes printable ASCII, at most 100 characters, as a subject.
            "Subject": f"{{% $substring($replace({subject}, /[^ -~]/, '?'), 0, 100) %}}",
            "Message": {
                "title": "{% $title.id %}",
                "name": "{% $title.name %}",
                "version": "{% $title.version %}",
                **message,
            },
        },
        "TimeoutSeconds": 60,
        "Retry": _RETRY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": next_state}],
        "Next": next_state,
    }
