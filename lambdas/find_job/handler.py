"""Find job, the Lambda: looks among MediaConvert's jobs for one of this version, so that none is paid for twice."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypedDict

from lambdas import clients
from lambdas.find_job.core import find, search
from lambdas.refusals import LOG, step
from lambdas.shapes import Found, Title

QUEUE = os.environ["QUEUE_ARN"]
MOST_PAGES = 5
"""A hundred jobs of one upload: more are no accident that this could help with."""


class Event(TypedDict):
    title: Title


@step
def handle(event: Event, _context: object) -> Found:
    """Returns the job, if any; raises MediaConvert's error by its code."""
    found = find(event["title"], _jobs(event["title"]), datetime.now(UTC))
    LOG.info("looked for a job", extra={"title": event["title"]["id"], "found": found})
    return found


def _jobs(title: Title) -> Iterator[dict[str, Any]]:
    request = search(title, QUEUE)
    for _ in range(MOST_PAGES):
        page = clients.client("mediaconvert").search_jobs(**request)
        yield from page.get("Jobs", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]
