"""Probe, the Lambda: asks MediaConvert what an upload is. Reads the upload, with the function's own rights."""

import json
from functools import cache
from typing import Any

from lambdas import clients, upload
from lambdas.probe import core
from lambdas.refusals import LOG, error_code, step
from lambdas.shapes import Source, Title


@step
def handle(event: Title, _context: object) -> Source:
    """Returns the source; raises SourceUnreadable, SourceMoved, SourceRefused, or MediaConvert's error by its code."""
    core.check(event)
    upload.check(event)
    try:
        answer = _mediaconvert().probe(InputFiles=[{"FileUrl": event["uri"]}])
    except Exception as error:
        refusal = core.fault(error_code(error))
        if refusal is None:
            raise
        LOG.info("probe failed", extra={"title": event["id"], "error": str(error)})
        raise refusal from error
    source = core.source(answer["Wire"])
    LOG.info("probed", extra={"title": event["id"], "source": source})
    return source


@cache
def _mediaconvert() -> Any:
    mediaconvert = clients.client("mediaconvert")
    mediaconvert.meta.events.register("after-call.mediaconvert.Probe", _keep_wire)
    return mediaconvert


def _keep_wire(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Keep the answer as it came: Lambda's boto3 is months old, and drops fields (rotation) that it does not know."""
    if http_response.status_code == 200:
        parsed["Wire"] = json.loads(http_response.content)
