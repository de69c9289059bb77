"""Jobs: is this very upload already being encoded, or was it? Pure.

A job counts only if it was made for this very version of the uploaded object. One that was made for an earlier upload
of the same bytes may have read what replaced that upload in between: MediaConvert reads a key, never a version of it.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from lambdas.shapes import Found, Title

LONGEST_INPUT_FILE = 300
"""Characters that SearchJobs takes; it finds a part of an input's name as well."""

RUNNING = ("SUBMITTED", "PROGRESSING")


def search(title: Title, queue: str) -> dict[str, Any]:
    """SearchJobs' arguments. Newest first, so that the job that matters is on the first page.

    `queue` is an ARN: only who names the queue may be given the right to search that one alone.
    """
    source = title["uri"][-LONGEST_INPUT_FILE:]
    return {"InputFile": source, "Queue": queue, "Order": "DESCENDING", "MaxResults": 20}


def find(title: Title, content: str, jobs: Iterable[Mapping[str, Any]], refused: Container[str]) -> Found:
    """The job to wait for or to use, of `jobs` newest first. One that failed or was cancelled counts as none.

    `refused` are versions whose renditions were looked at and were not whole. `content` is what the title would be
    encoded to: a job of an older ladder counts as none.
    """
    for job in jobs:
        made_for: Mapping[str, str] = job.get("UserMetadata") or {}
        wanted = {"title": title["id"], "source": title["source"], "content": content}
        version = made_for.get("version", "")
        if not version or version in refused or any(made_for.get(field) != value for field, value in wanted.items()):
            continue
        if job["Status"] in RUNNING:
            return {"status": "RUNNING", "version": version, "warnings": []}
        if job["Status"] == "COMPLETE":
            warnings = [{"Code": int(group["Code"]), "Count": int(group["Count"])} for group in job.get("Warnings", [])]
            return {"status": "COMPLETE", "version": version, "warnings": warnings}
    return {"status": "NONE", "version": "", "warnings": []}
