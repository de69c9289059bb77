"""The Lambda for captions: handles a file that was uploaded beside a film. Reads the catalogue, writes an edition."""

import os
from typing import Any, Literal, TypedDict

from lambdas import clients
from lambdas.editions import sidecars, writer
from lambdas.refusals import LOG, step
from lambdas.shapes import Caption
from lambdas.titles import title_ids

TABLE = os.environ["TITLES_TABLE"]


class Event(TypedDict):
    """A file in the uploads bucket, as S3's event names it."""

    bucket: str
    key: str


class Answer(TypedDict, total=False):
    """What the workflow does next."""

    action: Literal["UPDATE", "WAIT", "KEEP", "ORPHAN"]
    """UPDATE: write the other fields to the row. WAIT: the film is being made. KEEP: the film cannot be watched yet,
    and the execution that publishes it will find this file. ORPHAN: there is no film of this name."""
    id: str
    name: str
    version: str
    seen: str
    """The edition that the row named when this one was made. The row is written only if it still names that one."""
    manifests: str
    captions: list[Caption]
    poster: str
    notes: list[str]
    looked: str


@step
def handle(event: Event, _context: object) -> Answer:
    """Returns what to do. The same file gives the same edition, so a repetition changes nothing."""
    row = _film(event["key"])
    if row is None:
        LOG.info("no film", extra={"key": event["key"]})
        film = sidecars.stems(event["key"])[-1:] or [event["key"]]
        sentence = f"{event['key']} is kept, but has no film yet. Upload a film of this name, such as {film[0]}.mp4."
        return {"action": "ORPHAN", "id": title_ids(event["key"])[0], "name": event["key"], "notes": [sentence]}
    if "outcome" not in row:
        return {"action": "WAIT"}
    if "version" not in row:
        return {"action": "KEEP"}
    written = writer.write(
        writer.Encode(
            event["bucket"],
            row["stem"]["S"],
            row["prefix"]["S"],
            float(row["duration"]["N"]),
            row["still"]["S"] if "still" in row else row["poster"]["S"],
        )
    )
    return {
        "action": "UPDATE",
        "id": row["id"]["S"],
        "name": row["name"]["S"],
        "version": row["version"]["S"],
        "seen": row["manifests"]["S"] if "manifests" in row else row["prefix"]["S"],
        "manifests": written["manifests"],
        "captions": written["captions"],
        "poster": written["poster"],
        "notes": written["notes"],
        "looked": written["looked"],
    }


def _film(key: str) -> dict[str, Any] | None:
    """The catalogue's row of the film that the file belongs to. If several fit, the one with the longest name wins."""
    for stem, identity in sidecars.films(key):
        found = clients.client("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": identity}}, ConsistentRead=True)
        row: dict[str, Any] | None = found.get("Item")
        if row is not None and row["stem"]["S"] == stem:
            return row
    return None
