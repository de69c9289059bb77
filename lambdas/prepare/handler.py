"""The Lambda for Prepare. It decides what to do with an upload, and plans the job if one must be created.

It reads the upload and calls MediaConvert with the function's own rights. It writes nothing.
"""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any, NotRequired, TypedDict

from lambdas import clients, cost, jobs, names, upload
from lambdas import source as sources
from lambdas.editions import film
from lambdas.ladder import content_of, steps_of
from lambdas.plan import corrections, plan
from lambdas.prepare.core import Preparation, decided, encode, verify
from lambdas.refusals import LOG, error_code, step
from lambdas.shapes import Source, Title

QUEUE = os.environ["QUEUE_ARN"]
MEDIA_BUCKET = os.environ["MEDIA_BUCKET"]
STEPS = steps_of(os.environ["LADDER"])
SURROUND = bool(os.environ.get("SURROUND"))
"""Set where 5.1 is kept."""
MOST_USD = float(os.environ["MAX_TITLE_USD"])
MOST_PAGES = 5
"""Most pages of jobs to read, of 20 jobs each. One upload never has a hundred jobs by accident."""


MOST_FLAT = 3
"""Channels. Ambisonics have four or more, and the file says which."""


class Published(TypedDict):
    """The version that plays. Both fields are empty if none does."""

    content: str
    version: str


class Event(TypedDict):
    title: Title
    published: Published
    wanted: bool
    """False if an upload is only put into the catalogue until a viewer asks for it."""
    refused: list[str]
    """Versions of this upload whose renditions were found incomplete."""
    again: NotRequired[bool]
    """Whether a job of this upload failed before. Executions that began before an update do not say."""


@step
def handle(event: Event, _context: object) -> Preparation:
    """Returns what to do. Raises SourceUnreadable, SourceRefused, SourceMoved, or an error named by AWS's code."""
    answer = _prepare(event)
    LOG.info("prepared", extra={"title": event["title"]["id"], "next": answer["next"], "version": answer["version"]})
    return answer


def _prepare(event: Event) -> Preparation:
    title, published = event["title"], event["published"]
    content = content_of(title["etag"], STEPS, surround=SURROUND)
    if published["content"] == content and _is_there(title, published["version"]):
        return decided("SETTLE", content)
    if not event["wanted"]:
        return decided("REGISTER", content)
    sources.check(title)
    upload.check(title)
    found = jobs.find(title, content, _jobs(title), event["refused"])
    if found["status"] == "RUNNING":
        return decided("WAIT", content)
    source = _probe(title)
    film.check(title, source)
    source = sources.with_fields(source, lambda: film.interlaced(title))
    if len(source["audio"]) > 1 or any(track["channels"] > MOST_FLAT for track in source["audio"]):
        source = sources.with_flags(source, film.sounds(title))
    source = sources.with_channels(source, lambda: film.channels(title))
    # Captions are an extra. If the job fails, the next one does without those in the picture.
    planned = plan(source, STEPS, surround=SURROUND, captions=not event.get("again"))
    # A finished job counts only if its files still exist: the title may have been taken down since.
    if found["status"] == "COMPLETE" and _is_there(title, found["version"]):
        return verify(content, planned, found)
    video = source["video"]
    price = cost.cost(planned["expected"], title["size"], corrected=bool(video and corrections(video)))
    cost.check(price, MOST_USD)
    return encode(content, planned, price)


def _is_there(title: Title, version: str) -> bool:
    """Whether the files of a version exist. The encoder writes this playlist last; verify checks the other files."""
    name = f"{names.folder(title['id'])}/{version}/{names.MASTER}"
    listed = clients.client("s3").list_objects_v2(Bucket=MEDIA_BUCKET, Prefix=name, MaxKeys=1)
    return any(found["Key"] == name for found in listed.get("Contents", []))


def _jobs(title: Title) -> Iterator[dict[str, Any]]:
    request = jobs.search(title, QUEUE)
    for _ in range(MOST_PAGES):
        page = _mediaconvert().search_jobs(**request)
        yield from page.get("Jobs", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _probe(title: Title) -> Source:
    try:
        answer = _mediaconvert().probe(InputFiles=[{"FileUrl": title["uri"]}])
    except Exception as error:
        refusal = sources.fault(error_code(error))
        if refusal is None:
            raise
        LOG.info("probe failed", extra={"title": title["id"], "error": str(error)})
        if error_code(error) != "NotFoundException":
            film.check_kind(title)
        raise refusal from error
    found = sources.source(answer["Wire"], title["size"], lambda: film.pictures(title))
    LOG.info("probed", extra={"title": title["id"], "source": found})
    return found


@cache
def _mediaconvert() -> Any:
    mediaconvert = clients.client("mediaconvert")
    mediaconvert.meta.events.register("after-call.mediaconvert.Probe", _keep_wire)
    return mediaconvert


def _keep_wire(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Keep the raw answer. Lambda's boto3 is months old, and drops fields that it does not know (such as rotation)."""
    if http_response.status_code == 200:
        parsed["Wire"] = json.loads(http_response.content)
