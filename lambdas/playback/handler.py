"""The Lambda for playback, behind the load balancer. It reads the catalogue, and may start encodes and sign."""

import json
import os
import random
import sys
import time
from functools import cache
from http import HTTPStatus
from typing import Any

from lambdas import clients, plays
from lambdas.metrics import embedded
from lambdas.playback import core
from lambdas.refusals import LOG, error_code
from lambdas.rows import Row, plain

TABLE = os.environ["TITLES_TABLE"]
BY_STATE = "by-state"

STATE_MACHINE = os.environ.get("ENCODE_ON_REQUEST_STATE_MACHINE")
"""ARN of the workflow. Set if titles are encoded when a viewer first asks for them."""
UPLOADS_BUCKET = os.environ.get("UPLOADS_BUCKET", "")
"""Bucket of the registered uploads. Set together with the ARN of the workflow."""

SIGNING_PARAMETER = os.environ.get("SIGNING_KEY_PARAMETER")
"""Name of the SSM SecureString with the PEM private key. Set if playback is signed."""
SIGNING_KEY_PAIR_ID = os.environ.get("SIGNING_KEY_PAIR_ID", "")
"""CloudFront's id of the public key."""
SIGNING_HOST = os.environ.get("SIGNING_HOST", "")
"""Host name of the distribution for viewers. (The requests' Host header names the load balancer.)"""
STACK = os.environ.get("STACK", "")
REPORTS = int(os.environ.get("REPORT_PERCENT", "0")) / 100
"""Share of all views that report, from 0 to 1."""
TIMEOUT = 2.0
"""Time-out in seconds for one try of a call. A viewer waits for it, and these services answer in milliseconds."""
COUNT_TIMEOUT = 0.5
"""Seconds for one try to count a play."""
SAMPLER = plays.Sampler()


def handle(event: core.Request, _context: object) -> core.Answer:
    """Answer every request, and every error with a sentence. For an exception, the balancer would answer 502."""
    try:
        answer = _answer(event, int(time.time()))
    except core.Problem as found:
        answer = core.problem(found)
    except Exception:
        LOG.exception("unanswered", extra={"path": event.get("path")})
        sentence = "The catalogue cannot be reached at the moment. Try again in a few seconds."
        answer = core.problem(core.Problem(HTTPStatus.SERVICE_UNAVAILABLE, sentence, {"Retry-After": "5"}))
    if event.get("httpMethod") == "HEAD":
        answer["body"] = ""
    return answer


def _answer(event: core.Request, now: int) -> core.Answer:
    asked = core.understand(event)
    if isinstance(asked, core.List):
        return _page(asked)
    found = clients.client("dynamodb", TIMEOUT).get_item(TableName=TABLE, Key={"id": {"S": asked.id}})
    row = core.offered(asked.id, found.get("Item"), on_request=bool(STATE_MACHINE))
    if isinstance(asked, core.Show):
        return core.show(row)
    # A new upload of a title that plays is also made when a viewer asks. The old version plays on meanwhile.
    if STATE_MACHINE and "REGISTERED" in (row["state"], row.get("outcome")):
        _start(STATE_MACHINE, row, now)
    if core.playable(row):
        if not plays.by_nobody(event.get("multiValueHeaders") or {}):
            # Views that should report are counted here, and their reports in another function. If the ratio falls,
            # players have become silent.
            if REPORTS:
                sys.stdout.write(json.dumps(embedded({"PlaysToReport": REPORTS}, now * 1000, STACK)) + "\n")
            _count(row["id"])
        return core.play(row, _cookies(row, now), REPORTS)
    return core.wait(row)


def _count(title: str) -> None:
    """Count a play. If that fails, the viewer can still play, and does not wait for it."""
    now = time.time()
    weight = SAMPLER.weight(now, random.random())  # noqa: S311 - no secret
    if not weight:
        return
    try:
        clients.client("dynamodb", COUNT_TIMEOUT).update_item(TableName=TABLE, **plays.counting(title, now, weight))
    except Exception:
        LOG.warning("not counted", exc_info=True, extra={"title": title})


def _page(asked: core.List) -> core.Answer:
    if asked.state == "REGISTERED" and not STATE_MACHINE:
        return core.page([], None)  # nothing is made on request here
    found = clients.client("dynamodb", TIMEOUT).query(
        TableName=TABLE,
        IndexName=BY_STATE,
        KeyConditionExpression="#state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": asked.state}},
        ScanIndexForward=False,
        Limit=asked.most,
        **({"ExclusiveStartKey": asked.start} if asked.start else {}),
    )
    return core.page([plain(item) for item in found["Items"]], found.get("LastEvaluatedKey"))


def _start(state_machine: str, row: Row, now: int) -> None:
    try:
        clients.client("stepfunctions", TIMEOUT).start_execution(
            stateMachineArn=state_machine, **core.start(row, UPLOADS_BUCKET, now)
        )
        LOG.info("asked for", extra={"title": row["id"]})
    except Exception as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise


def _cookies(row: Row, now: int) -> list[str]:
    if not SIGNING_PARAMETER:
        return []
    from lambdas import signing  # noqa: PLC0415 - its library is in the zip only where playback is signed

    key = _key_ring().key(now)
    return signing.cookies(key, SIGNING_KEY_PAIR_ID, SIGNING_HOST, row["prefix"], core.cookie_seconds(row), now)


@cache
def _key_ring() -> Any:
    from lambdas import signing  # noqa: PLC0415 - as above

    return signing.KeyRing(_read_key)


def _read_key() -> str:
    ssm = clients.client("ssm", TIMEOUT)
    return ssm.get_parameter(Name=SIGNING_PARAMETER, WithDecryption=True)["Parameter"]["Value"]
