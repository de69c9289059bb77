"""Plan, the Lambda: a source in, its encoder's job out. Reads its environment; calls nothing."""

import os
from typing import TypedDict

from lambdas.plan.core import Place, Plan, plan
from lambdas.refusals import LOG, step
from lambdas.shapes import Source, Title

PLACE: Place = {
    "media_bucket": os.environ["MEDIA_BUCKET"],
    "role": os.environ["JOB_ROLE_ARN"],
    "queue": os.environ["QUEUE_ARN"],
}


class Event(TypedDict):
    title: Title
    source: Source


@step
def handle(event: Event, _context: object) -> Plan:
    """Returns the job and what to expect of it; raises SourceRefused."""
    planned = plan(event["title"], event["source"], PLACE)
    rungs = [rendition["name"] for rendition in planned["expected"]["renditions"]]
    LOG.info("planned", extra={"title": event["title"]["id"], "rungs": rungs})
    return planned
