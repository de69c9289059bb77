"""Runs the workflow's definition in this process: its expressions, branches, retries and catches, without waiting.

Table writes go to moto's DynamoDB, which checks the expressions. The test answers everything else.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.aws.jsonata import QueryError, evaluate
from tests.unit.lambdas.service_model import faults

Answers = Mapping[str, Callable[[Any], Any]]
"""By state: a function that takes the state's arguments (for a Lambda function, the payload) and returns its result, or
raises a Failure."""

LONGEST = 200
"""Most states of one execution. More states mean a loop that does not end."""


class Failure(Exception):
    """The error of a task, with Step Functions' name."""

    def __init__(self, error: str, cause: object = "") -> None:
        super().__init__(error)
        self.error, self.cause = error, cause if isinstance(cause, str) else json.dumps(cause)


@dataclass
class Execution:
    """The result of an execution."""

    status: str = "RUNNING"
    """SUCCEEDED, FAILED or ABORTED."""
    path: list[str] = field(default_factory=list[str])
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    """(state, arguments) of every task that was started, including failed attempts."""
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str = ""

    def called(self, state: str) -> list[Any]:
        """The arguments of each call of a state."""
        return [arguments for name, arguments in self.calls if name == state]


def run(
    definition: dict[str, Any],
    event: dict[str, Any],
    answers: Answers,
    *,
    name: str = "first",
    stop_at: str = "",
    stop_after: str = "",
) -> Execution:
    """Run an execution to its end, or stop it: before the state `stop_at`, or when `stop_after` has acted and before
    its answer is used."""
    done = Execution()
    state_name, given = definition["StartAt"], event
    context = {"Execution": {"Id": f"arn:aws:states:us-east-1:123456789012:execution:workflow:{name}", "Input": event}}
    while done.status == "RUNNING":
        if state_name == stop_at:
            done.status = "ABORTED"
            break
        assert len(done.path) < LONGEST, done.path[-10:]
        done.path.append(state_name)
        state = definition["States"][state_name]
        bound = {"input": given, "context": {**context, "State": {"Name": state_name}}}
        match state["Type"]:
            case "Task" if state_name == stop_after:
                _call(state_name, state, bound, answers, done)
                done.status = "ABORTED"
            case "Task":
                state_name, given = _task(state_name, state, bound, answers, done)
            case "Choice":
                state_name = _choose(state, bound, done)
            case "Wait":
                state_name = state["Next"]
            case "Succeed":
                done.status = "SUCCEEDED"
            case _:
                done.status, done.error = "FAILED", state["Error"]
        if not state_name:
            done.status = "FAILED"
    return done


def _task(
    name: str, state: dict[str, Any], bound: dict[str, Any], answers: Answers, done: Execution
) -> tuple[str, Any]:
    """The next state and its input. The state is empty if no rule catches the error."""
    attempts = 0
    while True:
        try:
            result = _call(name, state, bound, answers, done)
            _assign(state, {**bound, "result": result}, done)
            return state["Next"], result
        except (Failure, QueryError) as error:
            failed = error if isinstance(error, Failure) else Failure("States.QueryEvaluationError", str(error))
        retried = next((rule for rule in state.get("Retry", []) if _matches(rule, failed)), None)
        if retried and attempts < retried["MaxAttempts"]:
            attempts += 1
            continue
        caught = next((rule for rule in state.get("Catch", []) if _matches(rule, failed)), None)
        if caught is None:
            done.error = failed.error
            return "", None
        output = {"Error": failed.error, "Cause": failed.cause}
        _assign(caught, {**bound, "errorOutput": output}, done)
        return caught["Next"], output


def _call(name: str, state: dict[str, Any], bound: dict[str, Any], answers: Answers, done: Execution) -> Any:
    arguments = resolved(state["Arguments"], {**done.variables, "states": bound})
    done.calls.append((name, arguments))
    *_, service, action = state["Resource"].split(":")
    if name not in answers and service == "dynamodb":
        return _table(action, arguments)
    if service == "lambda":
        return {"Payload": json.loads(json.dumps(answers[name](arguments["Payload"])))}
    if service == "sns":
        # Step Functions sends an object as JSON text.
        request = {**arguments, "Message": json.dumps(arguments["Message"])}
        assert faults("sns", "Publish", request) == []
    return answers[name](arguments)


def _table(action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    operation = action[0].upper() + action[1:]
    assert faults("dynamodb", operation, arguments) == []
    try:
        return getattr(_dynamodb(), "update_item" if action == "updateItem" else "get_item")(**arguments)
    except ClientError as error:
        answer = error.response["Error"]
        raise Failure(f"DynamoDB.{answer['Code']}", answer["Message"]) from error


@cache
def _dynamodb() -> Any:
    """One client for all tests, since making a client takes longer than an execution. The test has started moto."""
    return boto3.client("dynamodb", region_name="us-east-1")


def _choose(state: dict[str, Any], bound: dict[str, Any], done: Execution) -> str:
    for rule in state["Choices"]:
        if resolved(rule["Condition"], {**done.variables, "states": bound}) is True:
            _assign(rule, bound, done)
            return rule["Next"]
    _assign(state, bound, done)
    return state["Default"]


def _assign(owner: dict[str, Any], bound: dict[str, Any], done: Execution) -> None:
    """Assign a state's variables. All assignments see the values from before the state."""
    done.variables |= resolved(owner.get("Assign", {}), {**done.variables, "states": bound})


def _matches(rule: dict[str, Any], failed: Failure) -> bool:
    return failed.error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]


def resolved(value: Any, variables: dict[str, Any]) -> Any:
    """The value of a state's field, with its expressions evaluated."""
    if isinstance(value, str) and value.startswith("{%"):
        return evaluate(value.removeprefix("{%").removesuffix("%}"), variables)
    if isinstance(value, dict):
        return {key: resolved(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, variables) for item in value]
    return value
