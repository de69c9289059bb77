"""The states of the workflow, read as they are declared: every way ends, nothing hangs, every error has a place."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.making.workflow_common import LIFE_SECONDS
from local.aws.jsonata import evaluate
from tests.declared import ROOT
from tests.making_kit import workflow

MODES = ("on_upload", "on_request")


@pytest.fixture(params=MODES)
def states(request: pytest.FixtureRequest) -> dict[str, Any]:
    return workflow(request.param)["States"]


def tasks(states: dict[str, Any]) -> dict[str, Any]:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def following(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {rule[key] for rule in rules for key in ("Next", "Default") if key in rule}


# Waiting for a job


@pytest.mark.parametrize("mode", MODES)
def test_a_job_can_be_waited_for_as_long_as_an_execution_lives(mode: str) -> None:
    """Step Functions allows 25,000 events per execution. A task writes five of them, and any other state two."""
    states = workflow(mode)["States"]
    wait, events, name = states["Wait for job"], 0, "Wait for job"
    while True:
        events += 5 if states[name]["Type"] == "Task" else 2
        onward = following(states[name])
        name = next(step for step in ("Prepare", "What next?", "Wait for job") if step in onward)
        if name == "Wait for job":
            break
    assert events >= 9
    [longer] = [rule["Assign"] for rule in states["What next?"]["Choices"] if rule["Next"] == "Wait for job"]
    known, waited, looks = {"pause": states["Identify"]["Assign"]["pause"]}, 0, 0
    while waited < LIFE_SECONDS:
        known = {name: evaluate(text[2:-2], known) for name, text in longer.items()}
        waited, looks = waited + evaluate(wait["Seconds"][2:-2], known), looks + 1
        assert looks > 1 or waited < 300, "whose job is nearly done does not wait for long"
    # A fifth is left for the states before and after, and for retries.
    assert looks * events < 0.8 * 25_000


# Rules for every path


def test_step_functions_would_accept_it(tmp_path: Path) -> None:
    definitions = {mode: workflow(mode) for mode in MODES}
    definitions["broken"] = {**workflow(), "StartAt": "Nowhere"}
    paths: list[Path] = []
    for name, content in definitions.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(content))
        assert paths[-1].stat().st_size < 1024 * 1024
    validator = ROOT / "tests/node/node_modules/.bin/asl-validator"
    arguments = [argument for path in paths for argument in ("--json-path", path)]
    checked = subprocess.run([validator, *arguments], capture_output=True, text=True, check=False)
    said = checked.stdout + checked.stderr
    assert [line.split('"')[1] for line in said.splitlines() if line.endswith("is valid")] == list(
        map(str, paths[:2])
    ), said


def test_every_state_is_reached_and_every_way_ends(states: dict[str, Any]) -> None:
    seen, todo = set[str](), ["Identify"]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += following(states[name])
    assert seen == set(states)
    ends = {name for name, state in states.items() if state["Type"] in {"Succeed", "Fail"}}
    for name in states:
        reached, todo = set[str](), [name]
        while todo:
            if (current := todo.pop()) not in reached:
                reached.add(current)
                todo += following(states[current])
        assert reached & ends, f"{name} never ends"


def test_nothing_hangs(states: dict[str, Any]) -> None:
    for name, state in tasks(states).items():
        # All except the encode, whose time includes the wait in MediaConvert's queue.
        assert state["TimeoutSeconds"] <= (LIFE_SECONDS if name == "Encode" else 120), name
    assert workflow()["TimeoutSeconds"] == LIFE_SECONDS


def test_errors_are_retried_by_name_and_with_patience(states: dict[str, Any]) -> None:
    for name, state in tasks(states).items():
        for rule in state["Retry"]:
            assert "States.ALL" not in rule["ErrorEquals"], name
            assert "States.TaskFailed" not in rule["ErrorEquals"], name
            assert rule["BackoffRate"] > 1
            assert rule["JitterStrategy"] == "FULL"


def test_after_the_claim_every_error_is_written_down(states: dict[str, Any]) -> None:
    before = {"Identify", "Claim", "Whose title?", "Does it run?"}
    for name, state in tasks(states).items():
        if name in before or name in {"Mark", "Announce", "Tell"}:
            continue
        caught = {error: rule["Next"] for rule in state["Catch"] for error in rule["ErrorEquals"]}
        assert caught["States.ALL"] in {"Mark", "Whose fault?"}, name
        assert set(caught.values()) <= {"Mark", "Superseded", "Whose fault?"}, name
    # A failed message must not fail the execution, because the row already has the result.
    for name in ("Announce", "Tell"):
        [rule] = states[name]["Catch"]
        assert (rule["ErrorEquals"], rule["Next"]) == (["States.ALL"], states[name]["Next"])


def test_after_the_claim_every_write_demands_that_the_claim_holds(states: dict[str, Any]) -> None:
    for name, state in tasks(states).items():
        if state["Resource"].endswith("dynamodb:updateItem") and name != "Claim":
            assert state["Arguments"]["ConditionExpression"] == "execution = :execution", name
            assert state["Arguments"]["ExpressionAttributeValues"][":execution"] == {
                "S": "{% $states.context.Execution.Id %}"
            }


@pytest.mark.parametrize("name", ["Prepare", "Encode"])
def test_ten_thousand_films_at_once_have_the_patience_for_five_calls_a_second(
    states: dict[str, Any], name: str
) -> None:
    refused = "MediaConvert.TooManyRequestsException" if name == "Encode" else "TooManyRequestsException"
    retry = next(item for item in states[name]["Retry"] if refused in item["ErrorEquals"])
    waits = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
        for attempt in range(retry["MaxAttempts"])
    ]
    # With full jitter, a wait is half as long on average.
    assert sum(waits) / 2 > 10_000 / 5
