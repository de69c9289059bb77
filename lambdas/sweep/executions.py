"""Starts executions of the workflow, and asks how one ended."""

import os
from typing import Any

from lambdas import clients
from lambdas.refusals import LOG, error_code
from lambdas.sweep.core import Start

STATE_MACHINE = os.environ["STATE_MACHINE"]
SIDECARS = os.environ["SIDECARS_STATE_MACHINE"]
"""The workflow of files beside films."""
UPLOADS_BUCKET = os.environ["UPLOADS_BUCKET"]


def start(asked: Start, why: str, machine: str = STATE_MACHINE) -> bool:
    """Start an execution, unless one with its name ran in the last 90 days. Returns whether it did."""
    try:
        _states().start_execution(stateMachineArn=machine, **asked)
    except Exception as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise
        return False
    LOG.info("started", extra={"execution": asked["name"], "why": why})
    return True


def describe(execution: str) -> dict[str, Any]:
    """Step Functions' answer about an execution; empty if it does not know it, or if it was in another region.

    Such an execution is from before home was moved.
    """
    if execution.split(":")[3:4] != STATE_MACHINE.split(":")[3:4]:
        return {}
    try:
        return _states().describe_execution(executionArn=execution)
    except Exception as error:
        if error_code(error) not in ("ExecutionDoesNotExist", "InvalidArn"):
            raise
        return {}


def _states() -> Any:
    return clients.client("stepfunctions")
