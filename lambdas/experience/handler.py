"""The Lambda for reports, behind the load balancer. It writes each report as a log line that becomes metrics."""

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
"""False if the stack wants no reports. Then a player that is open stops after its next report."""


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answers every request. A report that cannot be counted changes nothing."""
    if not SENDING:
        return _answer(HTTPStatus.GONE, "This platform wants no reports. Send no more of them.")
    if event.get("httpMethod") != "POST":
        return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "Send reports by POST.")
    body = event.get("body") or ""
    try:
        report = core.understand(base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(), REGIONS)
    except core.Problem as problem:
        return _answer(problem.status, str(problem))
    # The logger would add fields. CloudWatch needs a line that is only this JSON object.
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
