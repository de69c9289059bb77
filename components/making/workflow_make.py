"""The workflow's second phase: it encodes a source, and verifies the renditions. Pure."""

import pulumi

from components.making.handlers import PREPARE, VERIFY
from components.making.states import NOW, RETRY, State, in_a_crowd, on_lost_claim, update
from components.making.workflow_common import (
    CATCH,
    LIFE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    ME,
    PREFIX,
    WorkflowNames,
    ask,
    settle,
)
from facts import encoder_codes
from lambdas.rows import OURS

ENCODE_TIMEOUT_SECONDS = LIFE_SECONDS - 2 * 3600
ENCODE_ATTEMPTS = 3

_CANCELLED = "The job was cancelled in MediaConvert. headend retry makes another one."


def making(names: WorkflowNames) -> dict[str, State]:
    """Plan, encode and verify."""
    wanted = "{% $states.context.Execution.Input.requested = true %}" if names["encode"] == "on_request" else True
    prepare = ask(
        names,
        PREPARE,
        {
            "title": "{% $title %}",
            "published": "{% $published %}",
            "wanted": wanted,
            "refused": "{% $refused %}",
            "again": "{% $attempts > 0 %}",
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
    # All films of the account share the rate of Probe. Thousands that arrive at once wait here.
    crowd = in_a_crowd("TooManyRequestsException", "ThrottlingException", "Lambda.TooManyRequestsException")
    prepare["Retry"] = [crowd, *RETRY]
    verify = ask(
        names,
        VERIFY,
        {"title": "{% $title %}", "prefix": f"{{% {PREFIX} %}}", "expected": "{% $prepared.expected %}"},
        {"made": "{% $states.result.Payload %}"},
        "Publish",
        "verify every segment",
    )
    verify["Catch"] = [
        {
            # The job says that it is done, and is wrong. Its renditions are not used, and not written over.
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
        *CATCH,
    ]
    return {
        "Prepare": prepare,
        "What next?": {
            "Type": "Choice",
            "Choices": [
                *(
                    {"Condition": f"{{% $prepared.next = '{answer}' %}}", "Next": state}
                    for answer, state in {"ENCODE": "Price", "VERIFY": "Verify", "SETTLE": "Settle"}.items()
                ),
                {
                    "Condition": "{% $prepared.next = 'WAIT' %}",
                    "Assign": {"pause": f"{{% $min([2 * $pause, {LONGEST_PAUSE_SECONDS}]) %}}"},
                    "Next": "Wait for job",
                },
            ],
            "Default": "Register",
        },
        # The same bytes were uploaded again, and the version that plays was made of them.
        "Settle": settle(names, {"outcome": {"S": "PUBLISHED"}}, "Nothing to do", state="PUBLISHED"),
        "Nothing to do": {"Type": "Succeed"},
        # An upload is only catalogued. Later a viewer's request starts an execution that encodes it.
        "Register": settle(names, {"outcome": {"S": "REGISTERED"}}, "Registered", state="REGISTERED"),
        "Registered": {"Type": "Succeed"},
        # The job belongs to an execution that was lost.
        "Wait for job": {"Type": "Wait", "Seconds": "{% $pause %}", "Next": "Prepare"},
        "Price": _price(names),
        "Encode": _encode(names),
        **_after_a_failure(),
        "Verify": verify,
    }


def _price(names: WorkflowNames) -> State:
    """What the title will cost, before anything is spent."""
    numbers = ", ".join(f"'{name}': {{'N': $string($prepared.cost.{name})}}" for name in ("usd", "storage_usd"))
    minutes = "$merge($keys($prepared.cost.minutes).{$: {'N': $string($lookup($prepared.cost.minutes, $))}})"
    whole = f"{{'M': {{{numbers}, 'tier': {{'S': $prepared.cost.tier}}, 'minutes': {{'M': {minutes}}}}}}}"
    write = update(
        names["table"],
        sets={"cost": f"{{% $prepared.cost = null ? {{'NULL': true}} : {whole} %}}", "updated": NOW},  # pyright: ignore[reportArgumentType] - an expression for an attribute
        also="",
        values={":execution": ME},
        remove="",
        condition="execution = :execution",
        next_state="Encode",
    )
    write["Comment"] = "write down what it costs"
    write["Catch"] = [on_lost_claim("Superseded"), *CATCH]
    return write


def _encode(names: WorkflowNames) -> State:
    place = f"'s3://' & $bucket & '/' & {PREFIX} & '/' & base"
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
            # If the answer was lost, the same request within a minute gives the same job. Later `Prepare` finds it.
            "ClientRequestToken": "{% $hash($states.context.Execution.Id & '/' & $string($attempts), 'SHA-256') %}",
            "StatusUpdateInterval": "SECONDS_10",
            # By these `Prepare` knows which upload a job was made for.
            "UserMetadata": {
                "title": "{% $title.id %}",
                "version": "{% $version %}",
                "source": "{% $title.source %}",
                "content": "{% $prepared.content %}",
            },
            # The queue has the tags of the stack, by which the bill and the budget count the cost of encoding.
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
        # The call was refused for its rate, so no job was made. CreateJob allows five a second, so bursts wait here.
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
    """A job failed, or its renditions are not whole: tell the file's owner or an operator, or try again."""
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
                    # Captions in the picture are an extra, and may be why. The next job does without them.
                    "Condition": (
                        "{% $exists($prepared.expected.captions) and $attempts = 1 and $error != 'Cancelled' %}"
                    ),
                    "Next": "Pause",
                },
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
                    # A job may have been made all the same. `Prepare` looks for it before a second one is made.
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
        # For a minute MediaConvert answers the same request with the job that failed. This is longer.
        "Pause": {"Type": "Wait", "Seconds": 75, "Next": "Prepare"},
    }


def _fault_field(field: str, pattern: str, convert: str, default: str) -> str:
    """A field of the job in the cause of a failed `.sync`. It is found by a pattern, since other causes are not JSON.

    Its first letter may be small: GetJob writes capitals, and MediaConvert's events do not.
    """
    found = f'$match($states.errorOutput.Cause, /"[{field[0]}{field[0].lower()}]{field[1:]}"\\s*:\\s*{pattern}/)'
    return f"{{% $exists({found}.groups[0]) ? {convert}({found}[0].groups[0]) : {default} %}}"
