"""Titles whose execution ended without an outcome: aborted, timed out, or failed without a reason."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdas.refusals import LOG
from lambdas.rows import OURS, Row, event_of, iso, taken_down
from lambdas.sweep import catalogue, core, executions, unheard
from lambdas.sweep.run import Run
from lambdas.titles import title_ids

RECENT = core.OLDEST
"""After this time a claim of a title that plays is not looked at. An execution lives for three days at most."""


def sweep(run: Run) -> None:
    """Look at titles in making. Those whose last change is the oldest come first."""
    # A title that plays keeps its state while it is made again.
    for state, since in (("PROCESSING", "0"), ("PUBLISHED", iso(run.now - RECENT))):
        start, looks = catalogue.place(state), 0
        while looks < core.LOOKS and run.more():
            rows, start = catalogue.page(
                start,
                IndexName="by-state",
                KeyConditionExpression="#state = :state AND updated > :since",
                FilterExpression="attribute_not_exists(outcome)",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":state": {"S": state}, ":since": {"S": since}},
                Limit=core.LOOKS,
            )
            looks += max(1, len(rows))
            for row in rows:
                run.attempt("abandoned", row["id"], lambda id_=row["id"]: _look(id_, run.now))
            if start is None:
                break
        catalogue.keep_place(state, start)


def ended(detail: Mapping[str, Any], now: datetime) -> int:
    """Look at the title of an execution that has ended, from its status event. Returns how many were acted on."""
    event = json.loads(detail.get("input") or "{}")
    key = event.get("detail", {}).get("object", {}).get("key", "")
    # If the second try fails too, the cause is still there. The schedule tries again later.
    if not key or core.tries(detail["executionArn"]):
        return 0
    rows = [catalogue.get(id_) for id_ in dict.fromkeys(title_ids(key))]
    return sum(_look(row["id"], now) for row in rows if row and row.get("execution") == detail["executionArn"])


def _in_making(id_: str) -> Row | None:
    """The title's row, if it is in making. The index may be late, so the row itself is read."""
    row = catalogue.get(id_)
    if not row or "outcome" in row or not row.get("execution"):
        return None
    note = catalogue.get(taken_down(id_))
    # Whoever takes a title down stops its execution, and then deletes the row.
    return None if note and note["at"] >= (row.get("uploaded") or row["updated"]) else row


def _look(id_: str, now: datetime) -> bool:
    row = _in_making(id_)
    if row is None:
        return False
    known = executions.describe(row["execution"])
    status = known.get("status", "UNKNOWN")
    if status in ("RUNNING", "PENDING_REDRIVE"):
        return False
    if status == "SUCCEEDED":
        # It ended because a newer upload was there. The event of that is on its way, or was lost.
        if row["updated"] > iso(now - core.YOUNGEST):
            return False
        if unheard.look(row["key"], now):
            return True
    if core.tries(row["execution"]) >= core.MOST_TRIES:
        return _give_up(row, f"{core.MOST_TRIES} executions in a row ended without an outcome, the last {status}", now)
    event = json.loads(known.get("input") or "null") or event_of(row, executions.UPLOADS_BUCKET)
    return executions.start(core.again(row["execution"], event), f"{row['id']}: {row['execution']} {status}")


def _give_up(row: Row, fault: str, now: datetime) -> bool:
    """Write why the title was not made, as the workflow's state `Mark` does."""
    LOG.error("given up", extra={"title": row["id"], "fault": fault})
    return catalogue.write(
        row,
        "SET outcome = :failed, #state = if_not_exists(live, :failed), reason = :reason, fault = :fault,"
        " updated = :updated",
        {
            ":failed": {"S": "FAILED"},
            ":reason": {"S": OURS},
            ":fault": {"S": fault},
            ":updated": {"S": iso(now)},
        },
        "attribute_not_exists(outcome)",
    )
