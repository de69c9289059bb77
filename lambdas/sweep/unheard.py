"""Finds uploads that no event told of, because EventBridge could not deliver it, and starts the workflow."""

from datetime import datetime
from typing import Any

from lambdas import clients
from lambdas.editions import sidecars
from lambdas.identify.core import identify
from lambdas.refusals import NotAFilm
from lambdas.rows import Row, iso, taken_down
from lambdas.shapes import Title
from lambdas.sweep import catalogue, core, executions
from lambdas.sweep.run import Run

PLACE = "uploads"
PAGES = 10
"""How many pages a run reads, each of a thousand objects."""


def sweep(run: Run) -> None:
    """Start every film in the uploads bucket that its row does not know, and every file beside a film."""
    after = catalogue.place(PLACE)
    for _ in range(PAGES):
        request = {"StartAfter": after} if after else {}
        found = clients.client("s3").list_objects_v2(Bucket=executions.UPLOADS_BUCKET, **request)
        for item in found.get("Contents", []):
            if not run.more():
                catalogue.keep_place(PLACE, after)
                return
            run.attempt("unheard", item["Key"], lambda item=item: _look(_stored(item), run.now))
            after = item["Key"]
        after = after if found["IsTruncated"] else None
        catalogue.keep_place(PLACE, after)
        if after is None:
            return


def look(key: str, now: datetime) -> bool:
    """Start the current upload of a key, because the row's execution ended in favour of it. Returns whether it did."""
    found = clients.client("s3").list_objects_v2(Bucket=executions.UPLOADS_BUCKET, Prefix=key, MaxKeys=1)
    for item in found.get("Contents", []):
        if item["Key"] == key:
            return _look(_stored(item), now, gave_way=True)
    return False


def _stored(item: Any) -> core.Stored:
    return core.Stored(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])


def _look(item: core.Stored, now: datetime, *, gave_way: bool = False) -> bool:
    if not core.of_age(item, now):
        return False
    if sidecars.is_sidecar(item.key):
        return _look_beside(item, now)
    try:
        title = _identify(item)
    except NotAFilm:
        return False
    id_, row = _row(title)
    if not core.unheard(item, title, row, catalogue.get(taken_down(id_)), gave_way=gave_way):
        return False
    version = _version(item.key)
    if version is None:
        return False
    asked = core.first_start(item, version, row, executions.UPLOADS_BUCKET, now)
    return executions.start(asked, f"no event told of {item.key}")


def _look_beside(item: core.Stored, now: datetime) -> bool:
    for stem, id_ in sidecars.films(item.key):
        row = catalogue.get(id_)
        if row and row.get("stem") == stem:
            asked = core.look_beside(item, executions.UPLOADS_BUCKET, now)
            why = f"no event told of {item.key}"
            return core.unseen(item, row) and executions.start(asked, why, executions.SIDECARS)
    return False  # the film may still come, and finds what lies beside it


def _identify(item: core.Stored) -> Title:
    return identify(
        {
            "bucket": executions.UPLOADS_BUCKET,
            "key": item.key,
            "etag": item.etag,
            "size": item.size,
            "sequencer": "",
            "version_id": "",
            "time": iso(item.modified),
        }
    )


def _row(title: Title) -> tuple[str, Row | None]:
    """The film's id and its row. If another film has the id, this film has the other one."""
    row = catalogue.get(title["id"])
    if row and row.get("stem", title["stem"]) != title["stem"]:
        return title["other"], catalogue.get(title["other"])
    return title["id"], row


def _version(key: str) -> str | None:
    """S3's id of the key's current version; None if it was deleted meanwhile."""
    bucket = executions.UPLOADS_BUCKET
    found = clients.client("s3").list_object_versions(Bucket=bucket, Prefix=key, MaxKeys=1).get("Versions", [])
    return next((item["VersionId"] for item in found if item["Key"] == key and item["IsLatest"]), None)
