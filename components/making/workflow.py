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

from collections.abc import Mapping
from typing import Literal, TypedDict

import pulumi

from components.making.handlers import IDENTIFY, PREPARE, VERIFY, Handler
from components.making.sidecar_workflow import edition_of
from components.making.states import NOW, RETRY, THE_ROW, State, in_a_crowd, invoke, on_lost_claim, tell, update
from facts import encoder_codes
from lambdas.names import FOLDER
from lambdas.rows import OURS

LIFE_SECONDS = 72 * 3600
"""The longest that an execution may take. A film takes well under an hour; ten thousand that arrive at once wait in
MediaConvert's queue, and Step Functions counts that as encoding."""
ENCODE_TIMEOUT_SECONDS = LIFE_SECONDS - 2 * 3600
ENCODE_ATTEMPTS = 3


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


def definition(names: WorkflowNames) -> State:
    """The state machine's definition; `pulumi.Input`s are left in place for `Output.json_dumps`.

    A state's `Comment` says what it does: to whoever watches an execution, and to the demo.
    """
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
        "time": "{% $states.input.time %}",
    }
    identify = _invoke(names, IDENTIFY, event, {"title": "{% $states.result.Payload %}"}, "Claim", "identify the title")
    identify["Assign"] |= {"holder": "nobody", "attempts": 0, "refused": []}
    # Nothing is claimed yet, so there is no row on which to write a reason: the execution fails, which an alarm tells.
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
            "execution": _ME,
            "updated": NOW,
        },
        # `live` is there once a version is out: a title that plays is not hidden while it is encoded anew.
        also="created = if_not_exists(created, :updated), #state = if_not_exists(live, :working)",
        values={
            ":working": {"S": "PROCESSING"},
            ":failed": {"S": "FAILED"},
            ":registered": {"S": "REGISTERED"},
            ":holder": {"S": "{% $holder %}"},
        },
        remove="outcome, reason, fault, warnings",
        # S3's sequencers order the events of one key, and mean nothing between two.
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
    # Any other error fails the execution: to mark a row that was never claimed would pass for a newer upload's work.
    claim["Catch"] = [on_lost_claim("Whose title?")]
    return {
        "Identify": identify,
        "No film": {"Type": "Succeed", "Comment": "What lies beside films is left where it is."},
        "Claim": claim,
        **_not_ours(names),
    }


def _not_ours(names: WorkflowNames) -> dict[str, State]:
    """Where the claim is another's: this upload's own from before, or a film's whose key has the same slug.

    `films/My Film` and `films/my-film` are two films with one id. Whichever comes second takes an id with a hash.
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
    alive: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
        "Arguments": {"ExecutionArn": "{% $taken.execution.S %}"},
        "Assign": {
            "holder": "{% $states.result.Status in ['RUNNING', 'PENDING_REDRIVE'] ? 'nobody' : $taken.execution.S %}",
        },
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        # Executions are forgotten after 90 days, or with their state machine.
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
                    "Condition": (
                        f"{{% {_SAME_FILM} and $taken.`key`.S = $title.`key`"
                        " and $taken.sequencer.S = $title.sequencer and $not($exists($taken.outcome)) %}"
                    ),
                    "Next": "Does it run?",
                },
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


def _making(names: WorkflowNames) -> dict[str, State]:
    """From a source to renditions that were looked at."""
    wanted = "{% $states.context.Execution.Input.requested = true %}" if names["encode"] == "on_request" else True
    prepare = _invoke(
        names,
        PREPARE,
        {
            "title": "{% $title %}",
            "published": "{% $published %}",
            "wanted": wanted,
            "refused": "{% $refused %}",
        },
        {
            "prepared": "{% $states.result.Payload %}",
            "version": (
                "{% $states.result.Payload.version != '' ? $states.result.Payload.version"
                " : $substring($hash($states.context.Execution.Id & '/' & $string($attempts), 'SHA-256'), 0, 12) %}"
            ),
            "warnings": "{% $states.result.Payload.warnings %}",
        },
        "What next?",
        "look at the source, and plan",
    )
    # MediaConvert's rates are the account's: thousands of films that arrive at once wait here for Probe.
    crowd = in_a_crowd("TooManyRequestsException", "ThrottlingException", "Lambda.TooManyRequestsException")
    prepare["Retry"] = [crowd, *RETRY]
    verify = _invoke(
        names,
        VERIFY,
        {"title": "{% $title %}", "prefix": f"{{% {_PREFIX} %}}", "expected": "{% $prepared.expected %}"},
        {"made": "{% $states.result.Payload %}"},
        "Publish",
        "verify every segment",
    )
    verify["Catch"] = [
        {
            # Of a job that says it is done. What it made is not looked at again, and nothing is written over it.
            "ErrorEquals": ["RenditionsIncomplete"],
            "Assign": {
                "attempts": "{% $attempts + 1 %}",
                "refused": "{% $append($refused, [$version]) %}",
                "code": 0,
                "message": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                "error": "{% $states.errorOutput.Error %}",
            },
            "Next": "Whose fault?",
        },
        *_CATCH,
    ]
    return {
        "Prepare": prepare,
        "What next?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": f"{{% $prepared.next = '{answer}' %}}", "Next": state}
                for answer, state in {
                    "ENCODE": "Encode",
                    "VERIFY": "Verify",
                    "WAIT": "Wait for job",
                    "SETTLE": "Settle",
                }.items()
            ],
            "Default": "Register",
        },
        # The very same bytes were uploaded again: what plays is what would be made.
        "Settle": _settle(names, {"outcome": {"S": "PUBLISHED"}}, "Nothing to do", state="PUBLISHED"),
        "Nothing to do": {"Type": "Succeed"},
        # The event of an upload only catalogues it; the execution that a viewer's request starts goes on.
        "Register": _settle(names, {"outcome": {"S": "REGISTERED"}}, "Registered", state="REGISTERED"),
        "Registered": {"Type": "Succeed"},
        # A job of an execution that was lost. An execution may have 25,000 events, and each look at the job is nine: a
        # look a minute would end it after two days.
        "Wait for job": {"Type": "Wait", "Seconds": 150, "Next": "Prepare"},
        "Encode": _encode(names),
        **_after_a_failure(),
        "Verify": verify,
    }


def _encode(names: WorkflowNames) -> State:
    place = f"'s3://' & $bucket & '/' & {_PREFIX} & '/' & base"
    group = (
        "kind = 'CMAF'"
        f" ? {{'Type': 'CMAF_GROUP_SETTINGS', 'CmafGroupSettings': $merge([settings, {{'Destination': {place}}}])}}"
        f" : {{'Type': 'FILE_GROUP_SETTINGS', 'FileGroupSettings': {{'Destination': {place}}}}}"
    )
    groups = f"$prepared.groups.{{'Name': base, 'OutputGroupSettings': {group}, 'Outputs': outputs}}"
    return {
        "Type": "Task",
        "Comment": "encode to H.264",
        "Resource": "arn:aws:states:::mediaconvert:createJob.sync",
        "Arguments": {
            "Role": names["job_role_arn"],
            "Queue": names["queue_arn"],
            # The same request again within a minute (an answer that was lost) is the same job; later, `Prepare` looks.
            "ClientRequestToken": "{% $hash($states.context.Execution.Id & '/' & $string($attempts), 'SHA-256') %}",
            "StatusUpdateInterval": "SECONDS_10",
            # By these a job is known for this upload's, and the workflow's listeners know the title.
            "UserMetadata": {
                "title": "{% $title.id %}",
                "version": "{% $version %}",
                "source": "{% $title.source %}",
                "content": "{% $prepared.content %}",
            },
            # The queue has the tags of the stack: by them the bill and the budget see what encoding costs.
            "BillingTagsSource": "QUEUE",
            "Settings": {
                "TimecodeConfig": {"Source": "ZEROBASED"},
                "Inputs": ["{% $merge([$prepared.input, {'FileInput': $title.uri}]) %}"],
                "OutputGroups": pulumi.Output.concat("{% ($bucket := '", names["media"], f"'; [{groups}]) %}}")
                if isinstance(names["media"], pulumi.Output)
                else f"{{% ($bucket := '{names['media']}'; [{groups}]) %}}",
            },
        },
        "Assign": {"warnings": "{% $exists($states.result.Job.Warnings) ? $states.result.Job.Warnings : [] %}"},
        "TimeoutSeconds": ENCODE_TIMEOUT_SECONDS,
        # Refused for its rate, so no job was made. CreateJob allows five a second: a burst of uploads waits here.
        "Retry": [in_a_crowd("MediaConvert.TooManyRequestsException")],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {
                    "attempts": "{% $attempts + 1 %}",
                    "code": _fault_field("ErrorCode", r"(\d+)", "$number", "0"),
                    "message": _fault_field("ErrorMessage", r'"([^"]*)', "$string", "''"),
                    # Somebody cancelled the job: another try would act against that.
                    "error": (
                        '{% $contains($states.errorOutput.Cause, /"[Ss]tatus"\\s*:\\s*"CANCELED"/)'
                        " ? 'Cancelled' : $states.errorOutput.Error %}"
                    ),
                },
                "Next": "Whose fault?",
            }
        ],
        "Next": "Verify",
    }


def _after_a_failure() -> dict[str, State]:
    """A job failed, or what it made is not whole: the file's owner is told, an operator, or nobody yet."""
    fault = (
        f"{{% $error = 'Cancelled' ? '{_CANCELLED}'"
        " : $error & ', MediaConvert error ' & $string($code) & ' ' & $message"
        f" & ($string($code) in {list(map(str, encoder_codes.OURS))}"
        f" ? ' (' & $lookup({encoder_codes.OURS_BY_TEXT}, $string($code)) & ')' : '') %}}"
    )
    return {
        "Whose fault?": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": f"{{% $code in {list(encoder_codes.OWNERS)} %}}",
                    "Assign": {
                        "outcome": "REJECTED",
                        "reason": (
                            f"{{% 'The encoder could not use this file. '"
                            f" & $lookup({encoder_codes.OWNERS_BY_TEXT}, $string($code)) & ' It said: ' & $message %}}"
                        ),
                        "fault": "{% 'MediaConvert error ' & $string($code) %}",
                    },
                    "Next": "Mark",
                },
                {
                    # Whatever else went wrong, a job may have been made: look for it rather than make a second one.
                    "Condition": (
                        f"{{% $attempts < {ENCODE_ATTEMPTS} and $error != 'Cancelled'"
                        f" and $not($code in {list(encoder_codes.OURS)}) %}}"
                    ),
                    "Next": "Pause",
                },
            ],
            "Assign": {"outcome": "FAILED", "reason": OURS, "fault": fault},
            "Default": "Mark",
        },
        # Longer than the minute for which MediaConvert answers the same request with the job that failed.
        "Pause": {"Type": "Wait", "Seconds": 75, "Next": "Prepare"},
    }


def _publishing(names: WorkflowNames) -> dict[str, State]:
    """One conditional write makes the title visible, or nothing does; then people are told."""
    publish = _settle(
        names,
        {
            "outcome": {"S": "PUBLISHED"},
            "live": {"S": "PUBLISHED"},
            "version": {"S": "{% $version %}"},
            "content": {"S": "{% $prepared.content %}"},
            "prefix": {"S": f"{{% {_PREFIX} %}}"},
            "#duration": {"N": "{% $string($made.duration) %}"},
            "width": {"N": "{% $string($made.width) %}"},
            "height": {"N": "{% $string($made.height) %}"},
            "renditions": {"L": "{% [$made.renditions.{'S': $}] %}"},
            **edition_of("$made"),
            "still": {"S": "{% $made.still %}"},
            # What the encoder noticed and worked around: damaged frames, missing references.
            "warnings": {"L": "{% [$warnings.{'S': $string(Code) & ' x ' & $string(Count)}] %}"},
            "published": NOW,
        },
        "Announce",
        state="PUBLISHED",
        live=True,
    )
    publish["Comment"] = "publish"
    told = tell(names["topic_arn"], "$title.name & ' can be watched'", {"state": "PUBLISHED"}, "announce", "Published")
    return {"Publish": publish, "Announce": told, "Published": {"Type": "Succeed"}}


def _ending(names: WorkflowNames) -> dict[str, State]:
    """The ways out that are not a published title: the row says why, the source is kept, a person is told."""
    mark = _settle(
        names,
        {"outcome": {"S": "{% $outcome %}"}, "reason": {"S": "{% $reason %}"}, "fault": {"S": "{% $fault %}"}},
        "Tell",
        state="{% $outcome %}",
    )
    mark["Comment"] = "write down why not"
    # What cannot be marked fails the execution, which an alarm tells.
    mark["Catch"] = [on_lost_claim("Superseded")]
    told = tell(
        names["topic_arn"],
        "$title.name & ' was not published'",
        {"state": "{% $outcome %}", "reason": "{% $reason %}", "fault": "{% $fault %}"},
        "tell the operators",
        "Ours?",
    )
    return {
        "Mark": mark,
        "Tell": told,
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
_SAME_FILM = "($exists($taken.stem) ? $taken.stem.S = $title.stem : $taken.`key`.S = $title.`key`)"
_PREFIX = f"{FOLDER} & '/' & $version"
_CANCELLED = "The job was cancelled in MediaConvert. headend retry makes another one."

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
            "reason": OURS,
            "fault": (
                "{% $states.context.State.Name & ': ' & $states.errorOutput.Error & ' '"
                " & ($exists($states.errorOutput.Cause) ? $substring($states.errorOutput.Cause, 0, 800) : '') %}"
            ),
        },
        "Next": "Mark",
    },
]


def _fault_field(field: str, pattern: str, convert: str, default: str) -> str:
    """A field of the job that a failed `.sync` puts into its cause; by pattern, since other causes are not JSON.

    Its first letter may be small: GetJob's are capitals, those of MediaConvert's events are not.
    """
    found = f'$match($states.errorOutput.Cause, /"[{field[0]}{field[0].lower()}]{field[1:]}"\\s*:\\s*{pattern}/)'
    return f"{{% $exists({found}.groups[0]) ? {convert}({found}[0].groups[0]) : {default} %}}"


def _invoke(
    names: WorkflowNames, handler: Handler, payload: object, assigns: State, next_state: str, says: str
) -> State:
    """Ask a handler; a refusal ends the execution as one."""
    return {**invoke(names["functions"][handler.name], payload, assigns, next_state, says), "Catch": _CATCH}


def _settle(
    names: WorkflowNames, sets: Mapping[str, State], next_state: str, *, state: str, live: bool = False
) -> State:
    """Write how this execution ended, if the claim is still its own; else a newer upload's execution speaks.

    A viewer is shown `state` only where nothing is live, unless `live` makes this version the one that plays.
    """
    write = update(
        names["table"],
        sets={**sets, "updated": NOW},
        also="#state = :state" if live else "#state = if_not_exists(live, :state)",
        values={":execution": _ME, ":state": {"S": state}},
        remove="" if "reason" in sets else "reason, fault",
        condition="execution = :execution",
        next_state=next_state,
    )
    write["Catch"] = [on_lost_claim("Superseded"), *_CATCH]
    return write
