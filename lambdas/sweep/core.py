"""Sweep: which titles no execution owns, which uploads no event told of, which versions nobody plays any more. Pure."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from lambdas.rows import Row
from lambdas.shapes import Title

MOST_TRIES = 5
"""Times that an upload is started again whose executions end without an outcome. Each uses what the last one made."""
YOUNGEST, OLDEST = timedelta(minutes=30), timedelta(days=14)
"""Age of an upload that should have a row. EventBridge delivers within seconds where all is well. What lies there for
longer than lost events are kept is somebody's wish: it was there before this function, or its row was deleted."""


class Start(TypedDict):
    """StartExecution's name and input. A name is taken for 90 days after its execution, so a repetition starts none."""

    name: str
    input: str


class Stored(NamedTuple):
    """An object of the uploads bucket."""

    key: str
    etag: str
    size: int
    modified: datetime


class Tidying(NamedTuple):
    """What becomes of the encodes and editions of a title that its row does not name."""

    noted: dict[str, str]
    """Since when each is known to be out of use, ISO 8601."""
    due: list[str]
    """Those whose grace is over."""


def iso(moment: datetime) -> str:
    """As S3 and the workflow write times: they sort as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tries(execution: str) -> int:
    """How often in a row an upload was started again up to this execution, by its name or ARN."""
    found = re.search(r"(?:^|:)again-(\d+)-[0-9a-f]+$", execution)
    return int(found[1]) if found else 0


def again(execution: str, event: Mapping[str, Any]) -> Start:
    """Start the event of an execution that ended without an outcome once more: one start for each such execution."""
    return {"name": f"again-{tries(execution) + 1}-{_hash(execution)}", "input": json.dumps(event)}


def of_age(item: Stored, now: datetime) -> bool:
    """Is the upload old enough for its event to have arrived, and not so old that its row may be gone for good?"""
    return YOUNGEST <= now - item.modified <= OLDEST


def unheard(item: Stored, title: Title, row: Row | None, note: Row | None, *, gave_way: bool) -> bool:
    """Has no event told of this upload?

    `row` is its title's, and `note` is of the last time that the title was taken down. `gave_way`: the row's execution
    ended because it saw a newer upload, which may be of the same bytes.
    """
    modified = iso(item.modified)
    if row:
        return (gave_way or row["etag"] != title["etag"]) and row.get("uploaded", "") < modified
    return note is None or note["at"] < modified or note.get("stem", title["stem"]) != title["stem"]


def first_start(item: Stored, version: str, row: Row | None, bucket: str, now: datetime) -> Start:
    """What the lost event would have started. It may arrive all the same, and then finds this one's work.

    S3's sequencer is in events alone. This one is the next after the row's, so that every later event is newer.
    """
    before = row["sequencer"] if row and row["key"] == item.key else ""
    upload = {
        "key": item.key,
        "etag": item.etag,
        "size": item.size,
        "sequencer": next_after(before),
        "version-id": version,
    }
    event = {"time": iso(item.modified), "detail": {"bucket": {"name": bucket}, "object": upload}}
    # Once a day at most: what fails for a reason that is not its own is tried again tomorrow.
    return {"name": f"found-{_hash(f'{item.key}/{version}/{now:%Y-%m-%d}')}", "input": json.dumps(event)}


def next_after(sequencer: str) -> str:
    """The smallest sequencer that is newer; S3's are hexadecimal and fill 16 to 18 of the row's 64 digits."""
    return f"{int(sequencer or '0', 16) + 1:0{len(sequencer) or 64}X}"


def tidying(row: Row, found: Collection[str], now: datetime, keep: timedelta) -> Tidying:
    """What to do with the folders that lie in a title's own: encodes, and editions with captions beside them.

    The row names an encode, and the edition whose manifests play it. The grace of the others begins when a sweep first
    sees that the row names them no more, which is never too early.
    """
    known: Mapping[str, str] = row.get("superseded") or {}
    named = {_version(row.get(field) or "") for field in ("prefix", "manifests", "poster", "still")}
    noted = {version: known.get(version, iso(now)) for version in sorted(found) if version not in named}
    return Tidying(noted, [version for version, since in noted.items() if since <= iso(now - keep)])


def _version(path: str) -> str:
    """Of `v/<xx>/<id>/<version>` and what lies below, with a leading slash or without."""
    return "".join(path.strip("/").split("/")[3:4])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
