"""Executions of the workflow: their states, with times and errors. The functions that take a Cloud call AWS."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from operate.cloud import Cloud


class Visit(NamedTuple):
    """One visit to a state of the workflow."""

    state: str
    entered: datetime
    left: datetime | None
    """None while the execution is in this state, or if it ended there."""
    failed: str
    """Errors in this state, also those that were retried. "" for none."""


def visits(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """The states of an execution in order, from its history. They never overlap, since the workflow has no branches."""
    found: list[Visit] = []
    for event in events:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            found.append(Visit(event["stateEnteredEventDetails"]["name"], event["timestamp"], None, ""))
        elif kind.endswith("StateExited") and found:
            found[-1] = found[-1]._replace(left=event["timestamp"])
        elif found and found[-1].left is None and (error := _error(event)) and error not in found[-1].failed:
            found[-1] = found[-1]._replace(failed="; ".join(part for part in (found[-1].failed, error) if part))
    return found


def _error(event: Mapping[str, Any]) -> str:
    for name, details in event.items():
        if name.endswith("EventDetails") and isinstance(details, dict) and "error" in details:
            return str(cast(dict[str, Any], details)["error"])
    return ""


def runs(cloud: Cloud, execution: str) -> bool:
    """Whether an execution has not ended."""
    return cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "RUNNING"


def visits_of(cloud: Cloud, execution: str) -> list[Visit]:
    """The states of one execution so far; none of one that ran before home was moved."""
    if execution.split(":")[3] != cloud.home:
        return []
    pages = cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(
        executionArn=execution, includeExecutionData=False
    )  # fmt: skip
    return visits(event for page in pages for event in page["events"])


def cause(fault: str) -> str:
    """The part of a fault that all failures of one kind share.

    The workflow writes a fault as the name of the state, the name of the error, and then the text of the error, which
    differs from film to film.
    """
    words = fault.split()
    if "has the same title id as" in fault:
        return "two films have one title id"
    return " ".join(words[:2]) if words and words[0].endswith(":") else fault[:60] or "not said"
