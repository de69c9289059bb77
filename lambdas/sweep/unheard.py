"""Finds uploads and deletions that EventBridge could not tell of, and starts the workflow."""

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
    """Start every film in the uploads bucket that its row does not know, and every file beside a film.

    It reads versions, since a caption file that was deleted is known by its mark alone.
    """
    after = catalogue.place(PLACE)
    for _ in range(PAGES):
        found = _versions(**{"KeyMarker": after} if after else {})
        for item in _newest(found):
            if not run.more():
                catalogue.keep_place(PLACE, after)
                return
            run.attempt("unheard", item.key, lambda item=item: _look(item, run.now))
            after = item.key
        after = found["NextKeyMarker"] if found["IsTruncated"] else None
        catalogue.keep_place(PLACE, after)
        if after is None:
            return


def look(key: str, now: datetime) -> bool:
    """Start the current upload of a key, because the row's execution ended in favour of it. Returns whether it did."""
    found = _newest(_versions(Prefix=key, MaxKeys=1))
    return any(_look(item, now, gave_way=True) for item in found if item.key == key)


def _versions(**request: Any) -> Any:
    return clients.client("s3").list_object_versions(Bucket=executions.UPLOADS_BUCKET, **request)


def _newest(found: Any) -> list[core.Stored]:
    """The newest version of each key of a page, in the order of keys. It comes before the older ones of its key."""
    versions = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
    newest = sorted((item for item in versions if item["IsLatest"]), key=lambda item: item["Key"].encode())
    return [
        core.Stored(
            item["Key"], item["VersionId"], item.get("ETag", "").strip('"'), item.get("Size", 0), item["LastModified"]
        )
        for item in newest
    ]


def _look(item: core.Stored, now: datetime, *, gave_way: bool = False) -> bool:
    if not core.of_age(item, now):
        return False
    if sidecars.is_sidecar(item.key):
        return _look_beside(item, now)
    if not item.etag:
        return False  # a film's title stays when its file is deleted
    try:
        title = _identify(item)
    except NotAFilm:
        return False
    id_, row = _row(title)
    if not core.unheard(item, title, row, catalogue.get(taken_down(id_)), gave_way=gave_way):
        return False
    asked = core.first_start(item, row, executions.UPLOADS_BUCKET, now)
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
