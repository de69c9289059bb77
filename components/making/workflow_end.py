"""The workflow's last phase: it publishes the title or writes why not, and sends a message. Pure."""

from components.making.sidecar_workflow import edition_of
from components.making.states import NOW, State, on_lost_claim, tell
from components.making.workflow_common import PREFIX, WorkflowNames, settle


def publishing(names: WorkflowNames) -> dict[str, State]:
    """One conditional write publishes the title. Then a message is sent."""
    publish = settle(
        names,
        {
            "outcome": {"S": "PUBLISHED"},
            "live": {"S": "PUBLISHED"},
            "version": {"S": "{% $version %}"},
            "content": {"S": "{% $prepared.content %}"},
            "prefix": {"S": f"{{% {PREFIX} %}}"},
            "#duration": {"N": "{% $string($made.duration) %}"},
            "width": {"N": "{% $string($made.width) %}"},
            "height": {"N": "{% $string($made.height) %}"},
            "renditions": {"L": "{% [$made.renditions.{'S': $}] %}"},
            **edition_of("$made"),
            "still": {"S": "{% $made.still %}"},
            # The API hands it on to players as it is.
            "opening": {"S": "{% $string($made.opening) %}"},
            # Faults that the encoder noticed and could handle: damaged frames, missing references.
            "warnings": {"L": "{% [$warnings.{'S': $string(Code) & ' x ' & $string(Count)}] %}"},
            "remarks": {"L": "{% [$made.remarks.{'S': $}] %}"},
            "published": NOW,
        },
        "Announce",
        state="PUBLISHED",
        live=True,
    )
    publish["Comment"] = "publish"
    told = tell(names["topic_arn"], "$title.name & ' can be watched'", {"state": "PUBLISHED"}, "announce", "Published")
    return {"Publish": publish, "Announce": told, "Published": {"Type": "Succeed"}}


def ending(names: WorkflowNames) -> dict[str, State]:
    """The ends without a published title. The row says why, the source is kept, and a message is sent."""
    mark = settle(
        names,
        {"outcome": {"S": "{% $outcome %}"}, "reason": {"S": "{% $reason %}"}, "fault": {"S": "{% $fault %}"}},
        "Tell",
        state="{% $outcome %}",
    )
    mark["Comment"] = "write down why not"
    # If the row cannot be written, the execution fails, and an alarm tells of it.
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
            # A refused file is not a failure. Only our own faults may wake a person.
            "Choices": [{"Condition": "{% $outcome = 'FAILED' %}", "Next": "Failed"}],
            "Default": "Rejected",
        },
        "Rejected": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "TitleFailed", "Cause": "{% $fault %}"},
        # A newer upload of the same title is on its way, and its own execution publishes.
        "Superseded": {"Type": "Succeed"},
    }
