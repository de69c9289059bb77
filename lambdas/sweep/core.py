"""Sweep: finds titles without an execution, uploads without an event, and versions that nobody plays. Pure."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from lambdas.rows import Row, iso
from lambdas.shapes import Title

MOST_TRIES = 5
"""How often an upload is started again, if each execution ends without an outcome. Finished jobs are used again."""
LOOKS = 500
"""Rows of each state that a run looks at. Step Functions answers 15 questions a second, and the workflow asks too."""
YOUNGEST, OLDEST = timedelta(minutes=30), timedelta(days=14)
"""Age of an upload that should have a row. EventBridge usually delivers within seconds. An older upload without a row
is left alone: it was there before this function, or somebody deleted its row."""


class Start(TypedDict):
    """StartExecution's name and input. Step Functions refuses a name for 90 days, so a repetition starts nothing."""

    name: str
    input: str


class Stored(NamedTuple):
    """The newest version of a key of the uploads bucket. If somebody deleted the file, it is the mark of that."""

    key: str
    version: str
    etag: str
    """Empty for a file that was deleted, and `size` is 0."""
    size: int
    modified: datetime


class Tidying(NamedTuple):
    """What to do with the encodes and editions of a title that its row does not name."""

    noted: dict[str, str]
    """Since when each is known to be out of use, ISO 8601."""
    due: list[str]
    """Those whose grace is over."""


def tries(execution: str) -> int:
    """How many times in a row an upload was started again, up to this execution. Takes a name or an ARN."""
    found = re.search(r"(?:^|:)again-(\d+)-[0-9a-f]+$", execution)
    return int(found[1]) if found else 0


def again(execution: str, event: Mapping[str, Any]) -> Start:
    """Start an event again whose execution ended without an outcome. For each such execution this happens once."""
    return {"name": f"again-{tries(execution) + 1}-{_hash(execution)}", "input": json.dumps(event)}


def of_age(item: Stored, now: datetime) -> bool:
    """Is the upload so old that its event should have arrived, and not older than OLDEST?"""
    return YOUNGEST <= now - item.modified <= OLDEST


def unheard(item: Stored, title: Title, row: Row | None, note: Row | None, *, gave_way: bool) -> bool:
    """Did no event tell of this upload?

    `row` is its title's. `note` says when the title was last taken down. `gave_way`: the row's execution ended because
    it saw a newer upload, which may have the same bytes.
    """
    modified = iso(item.modified)
    if row:
        # The same bytes again are nothing new, unless nothing was made of them: the file may have been deleted then.
        new = gave_way or row["etag"] != title["etag"] or row.get("outcome") in ("REJECTED", "FAILED")
        return new and row.get("uploaded", "") < modified
    return note is None or note["at"] < modified or note.get("stem", title["stem"]) != title["stem"]


def first_start(item: Stored, row: Row | None, bucket: str, now: datetime) -> Start:
    """What the lost event would have started. If the event arrives after all, its execution uses what this one made.

    Only events have S3's sequencer. This one is the row's plus one, so that every later event is newer.
    """
    before = row["sequencer"] if row and row["key"] == item.key else ""
    upload = {
        "key": item.key,
        "etag": item.etag,
        "size": item.size,
        "sequencer": next_after(before),
        "version-id": item.version,
    }
    event = {"time": iso(item.modified), "detail": {"bucket": {"name": bucket}, "object": upload}}
    # At most once a day: an execution that fails before its claim is tried again tomorrow.
    return {"name": f"found-{_hash(f'{item.key}/{item.version}/{now:%Y-%m-%d}')}", "input": json.dumps(event)}


def unseen(item: Stored, row: Row) -> bool:
    """Was this file laid beside a film that plays, or deleted there, after its title last looked at such files?"""
    return "outcome" in row and "version" in row and row.get("looked", "") <= iso(item.modified)


def look_beside(item: Stored, bucket: str, now: datetime) -> Start:
    """What the lost event of a file beside a film would have started, at most once a day."""
    event = {"detail": {"bucket": {"name": bucket}, "object": {"key": item.key}}}
    return {"name": f"found-{_hash(f'{item.key}/{item.version}/{now:%Y-%m-%d}')}", "input": json.dumps(event)}


def next_after(sequencer: str) -> str:
    """The smallest newer sequencer. S3's are hexadecimal, and fill 16 to 18 of the 64 digits that a row keeps."""
    return f"{int(sequencer or '0', 16) + 1:0{len(sequencer) or 64}X}"


def tidying(row: Row, found: Collection[str], now: datetime, keep: timedelta) -> Tidying:
    """What to do with the folders of a title. Each holds an encode, or an edition (manifests with captions) of one.

    The row names one encode and one edition. The grace of the others begins when a sweep first sees that the row does
    not name them. That may be late, and is never too early.
    """
    known: Mapping[str, str] = row.get("superseded") or {}
    named = {_version(row.get(field) or "") for field in ("prefix", "manifests", "poster", "still")}
    noted = {version: known.get(version, iso(now)) for version in sorted(found) if version not in named}
    return Tidying(noted, [version for version, since in noted.items() if since <= iso(now - keep)])


def _version(path: str) -> str:
    """The version in `v/<xx>/<id>/<version>` or in a path below it, with a leading slash or without."""
    return "".join(path.strip("/").split("/")[3:4])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
