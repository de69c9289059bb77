"""Experience, the Lambda behind the load balancer: writes each report as a line that CloudWatch makes metrics of."""

import base64
import json
import os
import sys
import time
from http import HTTPStatus
from typing import Any

from lambdas.experience import core

STACK = os.environ["STACK"]
REGIONS = os.environ["REGIONS"].split(",")
SENDING = os.environ["SENDING"] == "yes"
"""No where the stack asks players for no reports: those that are open stop with their next one."""


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answers every request; a report that cannot be counted changes nothing."""
    if not SENDING:
        return _answer(HTTPStatus.GONE, "This platform asks for no reports.")
    if event.get("httpMethod") != "POST":
        return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "Reports come by POST.")
    body = event.get("body") or ""
    try:
        report = core.understand(base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(), REGIONS)
    except core.Problem as problem:
        return _answer(problem.status, str(problem))
    # Not by the logger: CloudWatch takes metrics from a line that is the JSON object itself.
    sys.stdout.write(json.dumps(core.line(report, int(time.time() * 1000), STACK)) + "\n")
    return _answer(HTTPStatus.NO_CONTENT)


def _answer(status: HTTPStatus, sentence: str = "") -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "statusDescription": f"{status.value} {status.phrase}",
        "isBase64Encoded": False,
        "multiValueHeaders": {"Cache-Control": ["no-store"], "Content-Type": ["text/plain; charset=utf-8"]},
        "body": sentence,
    }
