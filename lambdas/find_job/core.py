"""Find job: is this version of the title already being encoded, or just was? Pure.

A job counts only if it was made for this very version of the uploaded object. One that was made for an earlier upload
of the same bytes may have read what replaced that upload in between: MediaConvert reads a key, never a version of it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from lambdas.shapes import Found, Title

LONGEST_INPUT_FILE = 300
"""Characters that SearchJobs takes; it finds a part of an input's name as well."""

FRESH = timedelta(hours=72)
"""The longest that an execution of the workflow lives. An older job was another execution's, and what it made may have
been deleted since."""

OWN = {"title": "id", "version": "version", "source": "source"}
"""A job's UserMetadata by the title's fields, all of which must be the same."""

RUNNING = ("SUBMITTED", "PROGRESSING")


def search(title: Title, queue: str) -> dict[str, Any]:
    """SearchJobs' arguments. Newest first, so that the job that matters is on the first page.

    `queue` is an ARN: only who names the queue may be given the right to search that one alone.
    """
    source = title["uri"][-LONGEST_INPUT_FILE:]
    return {"InputFile": source, "Queue": queue, "Order": "DESCENDING", "MaxResults": 20}


def find(title: Title, jobs: Iterable[Mapping[str, Any]], now: datetime) -> Found:
    """The job to wait for or to use, of `jobs` newest first. One that failed or was cancelled counts as none."""
    for job in jobs:
        if not _of_version(job, title):
            continue
        if job["Status"] in RUNNING:
            return {"status": "RUNNING", "id": job["Id"]}
        if job["Status"] == "COMPLETE" and now - job["CreatedAt"] < FRESH:
            return {"status": "COMPLETE", "id": job["Id"]}
    return {"status": "NONE", "id": None}


def _of_version(job: Mapping[str, Any], title: Title) -> bool:
    metadata: Mapping[str, str] = job.get("UserMetadata") or {}
    return all(metadata.get(field) == title[own] for field, own in OWN.items())
