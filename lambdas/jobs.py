"""Jobs: finds out whether an encode of this upload is running or done. Pure.

A job counts only if it was made for exactly this version of the uploaded object. A job for an earlier upload of the
same bytes does not count: MediaConvert reads a key, and cannot read one version of it, so that job may have read
another upload that replaced the earlier one for a while.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from lambdas.shapes import Found, Title

LONGEST_INPUT_FILE = 300
"""Most characters that SearchJobs takes. It also finds a part of an input's name."""

RUNNING = ("SUBMITTED", "PROGRESSING")


def search(title: Title, queue: str) -> dict[str, Any]:
    """SearchJobs' arguments. The newest job comes first, so the job that matters is on the first page.

    `queue` is an ARN. IAM can limit the right to search to one queue only if the request names the queue.
    """
    source = title["uri"][-LONGEST_INPUT_FILE:]
    return {"InputFile": source, "Queue": queue, "Order": "DESCENDING", "MaxResults": 20}


def find(title: Title, content: str, jobs: Iterable[Mapping[str, Any]], refused: Container[str]) -> Found:
    """The job to wait for or to use. `jobs` come newest first. A job that failed or was cancelled does not count.

    `refused` are versions whose renditions were found incomplete. `content` names the result of the encode, so a job of
    an older ladder does not count either.
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
