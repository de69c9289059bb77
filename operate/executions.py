"""Executions of the workflow: which states one went through, when, and what went wrong. Pure but for `visits_of`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from operate.cloud import Cloud


class Visit(NamedTuple):
    """One stay in one state."""

    state: str
    entered: datetime
    left: datetime | None
    """None while it is there, or where it ended there."""
    failed: str
    """Errors on the way, a retried one among them; "" for none."""


def visits(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """The states of an execution in order, from its history. States do not overlap: the workflow has no branches."""
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


def visits_of(cloud: Cloud, execution: str) -> list[Visit]:
    """The states of one execution so far."""
    pages = cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(
        executionArn=execution, includeExecutionData=False
    )  # fmt: skip
    return visits(event for page in pages for event in page["events"])


def cause(fault: str) -> str:
    """What failures of one kind have in common: their fault without what differs from film to film.

    A fault begins with the state and the error's name, as the workflow writes it; the rest is the error's own words.
    """
    words = fault.split()
    if "has the same title id as" in fault:
        return "two films have one title id"
    return " ".join(words[:2]) if words and words[0].endswith(":") else fault[:60] or "not said"
