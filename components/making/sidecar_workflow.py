"""The workflow from a file beside a film to the title's next edition, as Amazon States Language (JSONata). Pure.

Two executions may run at once. An edition is named after its content, so both write the same if they see the same
files. The row is written on the condition that it still names the version and the edition that the execution looked
at. If it does not, the execution looks again.
"""

from typing import TypedDict

import pulumi

from components.making.states import State, invoke, on_lost_claim, tell, update

LOOK_AGAIN_SECONDS = 300
"""While a film is being made, which may take three days: 864 looks. With some twelve events each, they stay below the
25,000 that a history may have."""


class SidecarNames(TypedDict):
    """Names and ARNs of the resources in the definition."""

    table: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    captions_arn: pulumi.Input[str]


def edition_of(variable: str) -> dict[str, State]:
    """The attributes of an edition in the catalogue, from a variable with `lambdas.shapes.Edition`."""
    captions = "{'M': {'language': {'S': language}, 'name': {'S': name}, 'role': {'S': role}}}"
    return {
        "manifests": {"S": f"{{% {variable}.manifests %}}"},
        "captions": {"L": f"{{% [{variable}.captions.{captions}] %}}"},
        "poster": {"S": f"{{% {variable}.poster %}}"},
        "notes": {"L": f"{{% [{variable}.notes.{{'S': $}}] %}}"},
        "looked": {"S": f"{{% {variable}.looked %}}"},
    }


def definition(names: SidecarNames) -> State:
    """The state machine's definition; `pulumi.Input`s are left in place for `Output.json_dumps`."""
    event = {
        "bucket": "{% $states.context.Execution.Input.detail.bucket.name %}",
        "key": "{% $states.context.Execution.Input.detail.object.key %}",
    }
    look = invoke(
        names["captions_arn"],
        event,
        {"title": "{% $states.result.Payload %}"},
        "What to do?",
        "look at the files beside the film",
    )
    write = update(
        names["table"],
        sets=edition_of("$title"),
        also="",
        values={":version": {"S": "{% $title.version %}"}, ":seen": {"S": "{% $title.seen %}"}},
        # The edition before this one is left over now, and the sweeper looks only at titles without this mark.
        remove="tidy",
        condition="version = :version AND (attribute_not_exists(manifests) OR manifests = :seen)",
        next_state="Anything to say?",
    )
    write["Catch"] = [on_lost_claim("Look")]
    note = {"note": "{% $join($title.notes, ' ') %}"}
    return {
        "Comment": "A caption file or a poster beside a film becomes part of its title.",
        "QueryLanguage": "JSONata",
        "StartAt": "Look",
        "States": {
            "Look": look,
            "What to do?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $title.action = 'UPDATE' %}", "Next": "Write"},
                    {"Condition": "{% $title.action = 'WAIT' %}", "Next": "Film is being made"},
                    {"Condition": "{% $title.action = 'ORPHAN' %}", "Next": "Tell"},
                ],
                "Default": "Done",
            },
            "Film is being made": {"Type": "Wait", "Seconds": LOOK_AGAIN_SECONDS, "Next": "Look"},
            "Write": write,
            "Anything to say?": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $count($title.notes) > 0 %}", "Next": "Tell"}],
                "Default": "Done",
            },
            "Tell": tell(names["topic_arn"], "'A file beside ' & $title.name", note, "tell the owner", "Done"),
            "Done": {"Type": "Succeed"},
        },
    }
