"""Sweep, the Lambda: starts again what was lost, and deletes what is left over.

It runs on a schedule, and when an execution of the workflow was stopped, timed out or failed. Every part may run twice
at once, and has limits: the next run goes on where this one ends.
"""

import json
from datetime import UTC, datetime
from typing import Any

from lambdas.refusals import LOG
from lambdas.sweep import abandoned, superseded, unheard
from lambdas.sweep.run import Run

RESERVE_MS = 20_000
"""Milliseconds of the function's time that are kept for the last call, and to store where the next run continues."""

PARTS = {"abandoned": abandoned.sweep, "unheard": unheard.sweep, "superseded": superseded.sweep}


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Returns how many items each part acted on. If a part failed, raises RuntimeError after all parts have run."""
    run = Run(datetime.now(UTC), lambda: context.get_remaining_time_in_millis() > RESERVE_MS)
    if event.get("source") == "aws.states":
        return {"abandoned": abandoned.ended(event["detail"], run.now)}
    for name, part in PARTS.items():
        run.attempt(name, "all of it", lambda part=part: part(run) or 0)
    LOG.info("swept", extra={"done": json.dumps(run.done)})
    if run.failed:
        raise RuntimeError(f"{len(run.failed)} failed: {'; '.join(run.failed[:5])}")
    return run.done
