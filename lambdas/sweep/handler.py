"""Sweep, the Lambda: finds what was lost or left over, and starts it again or deletes it. It runs on a schedule, and
whenever an execution of the workflow ends badly.

Every part is idempotent and bounded: it goes on in the next run where this one ends.
"""

import json
from datetime import UTC, datetime
from typing import Any

from lambdas.refusals import LOG
from lambdas.sweep import abandoned, superseded, unheard
from lambdas.sweep.run import Run

RESERVE_MS = 20_000
"""Of the function's time: enough for the call that is under way, and to keep the place."""

PARTS = {"abandoned": abandoned.sweep, "unheard": unheard.sweep, "superseded": superseded.sweep}


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Returns how many items each part acted on. Raises RuntimeError once all have run, where one failed."""
    run = Run(datetime.now(UTC), lambda: context.get_remaining_time_in_millis() > RESERVE_MS)
    if event.get("source") == "aws.states":
        return {"abandoned": abandoned.ended(event["detail"], run.now)}
    for name, part in PARTS.items():
        run.attempt(name, "all of it", lambda part=part: part(run) or 0)
    LOG.info("swept", extra={"done": json.dumps(run.done)})
    if run.failed:
        raise RuntimeError(f"{len(run.failed)} failed: {'; '.join(run.failed[:5])}")
    return run.done
