"""Playback: the API behind the load balancer. It makes answers from requests and rows of the catalogue. Pure."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypedDict
from urllib.parse import unquote_plus

from lambdas.names import addresses
from lambdas.rows import Row, event_of, plain
from lambdas.shapes import Summary

OFFERED = ("PUBLISHED", "REGISTERED")
"""States that viewers may see: titles that play, and titles that are made when a viewer asks. The others are for
operators."""
FIRST_PAGE, FURTHER_PAGE = 50, 200
"""Titles an answer. Whoever asks for more than the first page mostly wants all, to search in them. A title is some 300
bytes, and the load balancer takes at most 1 MB from a function."""
RETRY_AFTER = 10
"""Seconds after which a viewer asks again for a title that is being encoded."""
LONGEST_TOKEN = 400
START_WINDOW = 900
"""Seconds in which all requests for a title start at most one execution."""

_ROUTE = re.compile(r"/api/titles(?:/(?P<id>[a-z0-9-]{1,80})(?P<play>/play)?)?")


class Request(TypedDict, total=False):
    """A request from an ALB with multi-value headers. Path and query are as the viewer encoded them."""

    httpMethod: str
    path: str
    multiValueQueryStringParameters: Mapping[str, list[str]] | None
    multiValueHeaders: Mapping[str, list[str]] | None
    """Header names in lower case to their values."""


class Answer(TypedDict):
    """An answer for the ALB."""

    statusCode: int
    statusDescription: str
    isBase64Encoded: bool
    multiValueHeaders: dict[str, list[str]]
    body: str


class Problem(Exception):
    """A request that gets an error as its answer. The message is for the person who sent it."""

    def __init__(self, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, headers or {}


class List(NamedTuple):
    """`GET /api/titles`: a page of the titles in one state, the newest first."""

    state: str
    start: dict[str, Any] | None
    """DynamoDB's ExclusiveStartKey: where the page before this one ended. None for the first page."""

    @property
    def most(self) -> int:
        """How many titles to answer with."""
        return FURTHER_PAGE if self.start else FIRST_PAGE


class Show(NamedTuple):
    """`GET /api/titles/{id}`"""

    id: str


class Play(NamedTuple):
    """`POST /api/titles/{id}/play`"""

    id: str


def understand(request: Request) -> List | Show | Play:
    """Read a request. Raises Problem with 400, 404 or 405."""
    method, path = request.get("httpMethod", ""), request.get("path", "")
    route = _ROUTE.fullmatch(path)
    if route is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing here. Titles are at /api/titles.")
    allowed = ("POST",) if route["play"] else ("GET", "HEAD")
    if method not in allowed:
        sentence = f"{method[:20]} is not allowed on this address. Allowed is {' or '.join(allowed)}."
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, sentence, {"Allow": ", ".join(allowed)})
    if route["play"]:
        return Play(route["id"])
    if route["id"]:
        return Show(route["id"])
    query = request.get("multiValueQueryStringParameters") or {}
    state = _one(query, "state") or "PUBLISHED"
    if state not in OFFERED:
        raise Problem(HTTPStatus.BAD_REQUEST, f"state is {state[:40]!r}. Allowed is one of {', '.join(OFFERED)}.")
    token = _one(query, "next")
    return List(state, _start(token, state) if token else None)


def _one(query: Mapping[str, list[str]], name: str) -> str | None:
    values = query.get(name) or []
    if len(values) > 1:
        raise Problem(HTTPStatus.BAD_REQUEST, f"{name} is given {len(values)} times. Allowed is once.")
    return unquote_plus(values[0]) if values else None


def token(last: Mapping[str, Any] | None) -> str | None:
    """The token with which a viewer asks for the next page: DynamoDB's LastEvaluatedKey without the state."""
    if not last:
        return None
    pair = [last["id"]["S"], last["updated"]["S"]]
    return base64.urlsafe_b64encode(json.dumps(pair, separators=(",", ":")).encode()).decode().rstrip("=")


def _start(token: str, state: str) -> dict[str, Any]:
    """Read such a token. A forged one can only name another place in the same public list."""
    try:
        if len(token) > LONGEST_TOKEN:  # also keeps JSON from nesting deeper than Python's stack
            raise ValueError
        title, updated = json.loads(base64.b64decode(f"{token}===", altchars=b"-_", validate=True))
        if not re.fullmatch(r"[a-z0-9-]{1,80}", title) or not re.fullmatch(r"[0-9TZ:.+-]{1,40}", updated):
            raise ValueError
    except (ValueError, TypeError):
        sentence = f"next is {token[:40]!r}. Allowed is what the previous page gave as next."
        raise Problem(HTTPStatus.BAD_REQUEST, sentence) from None
    return {"id": {"S": title}, "state": {"S": state}, "updated": {"S": updated}}


def page(rows: list[Row], last: Mapping[str, Any] | None) -> Answer:
    """The answer to List."""
    return _answer(HTTPStatus.OK, {"titles": [_summary(row) for row in rows], "next": token(last)})


def show(row: Row) -> Answer:
    """The answer to Show."""
    details = {field: row.get(field) for field in ("width", "height")}
    # A claim changes `updated`. Viewers must not learn by it that a newer upload is in making.
    details["updated"] = row.get("published") or row.get("updated")
    lists = {field: row.get(field, []) for field in ("renditions", "captions")}
    return _answer(HTTPStatus.OK, {**_summary(row), **lists, **details})


def offered(title_id: str, item: Mapping[str, Mapping[str, Any]] | None, *, on_request: bool) -> Row:
    """The title's row, if viewers may hear of it.

    Raises Problem with 404 for any other title, with the same words as for a title that does not exist: only operators
    may know what is in making, was refused or failed. `on_request`: titles of this stack are made when asked for.
    """
    row = plain(item) if item else {}
    if playable(row) or (on_request and row.get("state") in ("REGISTERED", "PROCESSING")):
        return row
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no title {title_id!r}.")


def playable(row: Row) -> bool:
    """Whether a version is published. It plays on while a newer upload is encoded, even if that fails."""
    return bool(row.get("prefix"))


def play(row: Row, cookies: list[str], reports: float) -> Answer:
    """The answer to Play for a published version: its addresses, what to fetch first, and the cookies that open them.

    `reports` is the share of all views that report, from 0 to 1.
    """
    summary = {field: row.get(field) for field in ("id", "name", "poster", "duration")}
    # Rows of earlier releases have no opening. Players then read the playlists first.
    opening = {"opening": {"base": f"/{row['prefix']}/", **json.loads(row["opening"])}} if row.get("opening") else {}
    return _answer(
        HTTPStatus.OK,
        {**summary, **addresses(row.get("manifests") or row["prefix"]), **opening, "reports": reports},
        {"Set-Cookie": cookies} if cookies else {},
    )


def wait(row: Row) -> Answer:
    """The answer to Play for a title that is being made because a viewer asked."""
    body = {"state": _state(row), "retry_after": RETRY_AFTER}
    return _answer(HTTPStatus.ACCEPTED, body, {"Retry-After": [str(RETRY_AFTER)]})


def cookie_seconds(row: Row) -> int:
    """Seconds for which a viewer's cookies are valid: the length of the title, and half a day for pauses."""
    return int(row.get("duration") or 0) + 12 * 3600


def start(row: Row, bucket: str, now: int) -> dict[str, str]:
    """StartExecution's name and input that encode a registered upload on a viewer's request.

    All requests within START_WINDOW give one name, and Step Functions starts one execution for a name. A later request
    starts another one, in case the first ended before it could claim the title.
    """
    window = hashlib.sha256(f"{row['id']}/{row['sequencer']}/{now // START_WINDOW}".encode()).hexdigest()[:24]
    return {"name": f"play-{row['id'][:40]}-{window}", "input": json.dumps(event_of(row, bucket))}


def problem(found: Problem) -> Answer:
    """An error as an answer."""
    headers = {name: [value] for name, value in found.headers.items()}
    return _answer(found.status, {"error": str(found)}, headers)


def _summary(row: Row) -> Summary:
    return {
        "id": row["id"],
        "name": row.get("name") or row["id"],
        "state": _state(row),
        "duration": row.get("duration"),
        "poster": row.get("poster"),
    }


def _state(row: Row) -> str:
    return OFFERED[0] if playable(row) else OFFERED[1]


def _answer(status: HTTPStatus, body: object, headers: Mapping[str, list[str]] | None = None) -> Answer:
    return {
        "statusCode": status.value,
        "statusDescription": f"{status.value} {status.phrase}",
        "isBase64Encoded": False,
        # A title may get a new version at any moment, and the cookies are for one viewer.
        "multiValueHeaders": {
            "Content-Type": ["application/json"],
            "Cache-Control": ["no-store"],
            **(headers or {}),
        },
        "body": json.dumps(body),
    }
