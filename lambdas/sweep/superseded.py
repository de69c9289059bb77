"""Deletes encodes and editions that their title does not name any more, and what failed executions left, after a grace.

The bucket has versions: a delete writes a marker, and the bucket's lifecycle frees the bytes days later. Replication
copies the markers, so the replicas follow.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from lambdas import clients, names
from lambdas.refusals import LOG
from lambdas.rows import STATES, Row
from lambdas.sweep import catalogue, core
from lambdas.sweep.run import Run

MEDIA_BUCKET = os.environ["MEDIA_BUCKET"]
KEEP = timedelta(days=int(os.environ["KEEP_VERSIONS_DAYS"]))
ROWS, PAGES = 500, 10
"""Rows a page, and pages a run, of each state."""


def sweep(run: Run) -> None:
    """Tidy every title that had an execution since it was last tidy. A title in making is left alone.

    It reads the index and not the table: counts of plays lie in the table too, and are not in the index. There may be
    twelve of them for each title that is watched, and a scan pays for what its filter leaves out.
    """
    for state in STATES:
        place = f"versions-{state}"
        start = catalogue.place(place)
        for _ in range(PAGES):
            rows, start = catalogue.page(
                start,
                IndexName="by-state",
                KeyConditionExpression="#state = :state",
                FilterExpression="attribute_exists(outcome) AND (attribute_not_exists(tidy) OR tidy <> execution)",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":state": {"S": state}},
                Limit=ROWS,
            )
            for row in rows:
                if not run.more():
                    return  # the next run reads this page again, and skips the titles that are tidy now
                run.attempt("superseded", row["id"], lambda id_=row["id"]: _tidy(id_, run.now))
            catalogue.keep_place(place, start)
            if start is None:
                break


def _tidy(id_: str, now: datetime) -> int:
    row = catalogue.get(id_)  # the index may give what it was before
    if not row or "outcome" not in row:
        return 0
    folder = f"{names.folder(id_)}/"
    plan = core.tidying(row, list(_versions(folder)), now, KEEP)
    if plan.noted and plan.noted == row.get("superseded") and not plan.due:
        return 0
    # This write fails if an execution has claimed the title. Such an execution may use what it finds here.
    if not _note(row, plan.noted):
        return 0
    for version in plan.due:
        _delete(f"{folder}{version}")
        LOG.info("deleted", extra={"title": id_, "version": version, "since": plan.noted[version]})
    if plan.due:
        again = catalogue.get(id_) or row
        if lost := sorted({*plan.due} - {*core.tidying(again, plan.due, now, KEEP).noted}):
            # An edition that was out of use for days became the current one again in this second. The next file beside
            # the film has it written again.
            raise RuntimeError(
                f"{', '.join(lost)} became the current edition while it was deleted. Upload a caption file again"
            )
        _note(row, {version: since for version, since in plan.noted.items() if version not in plan.due})
    return len(plan.due)


def _note(row: Row, noted: dict[str, str]) -> bool:
    """Write since when each version is out of use. If there is none, the title is tidy until its next execution."""
    if not noted:
        return catalogue.write(row, "SET tidy = :execution REMOVE superseded", {})
    value = {"M": {version: {"S": since} for version, since in noted.items()}}
    return catalogue.write(row, "SET superseded = :noted", {":noted": value})


def _versions(folder: str) -> Iterator[str]:
    pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=MEDIA_BUCKET, Prefix=folder, Delimiter="/")
    for page in pages:
        for found in page.get("CommonPrefixes", []):
            yield found["Prefix"].removeprefix(folder).strip("/")


def _delete(prefix: str) -> None:
    """The fill list goes first, so that no node fetches the files; then the playlist that stands for the version."""
    for first in (names.fill_list(prefix), f"{prefix}/{names.MASTER}", f"{prefix}/"):
        pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=MEDIA_BUCKET, Prefix=first)
        for page in pages:  # of a thousand keys, the most that one call deletes
            _delete_keys([found["Key"] for found in page.get("Contents", [])])


def _delete_keys(keys: Sequence[str]) -> None:
    if not keys:
        return
    objects = [{"Key": key} for key in keys]
    done = _s3().delete_objects(Bucket=MEDIA_BUCKET, Delete={"Objects": objects, "Quiet": True})
    if errors := done.get("Errors"):
        first = errors[0]
        raise RuntimeError(f"{first.get('Key')} could not be deleted: {first.get('Code')} {first.get('Message')}")


def _s3() -> Any:
    return clients.client("s3")
