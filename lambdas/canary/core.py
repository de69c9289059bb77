"""What a viewer's player does, from the list of titles to the first segment. Pure: how to fetch is given."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin

from lambdas import playlist


class Fetched(NamedTuple):
    """An answer of the edge."""

    status: int
    body: bytes
    cookies: list[str]
    """Values of Set-Cookie."""


Fetch = Callable[[str, str, Mapping[str, str]], Fetched]
"""(method, path, headers) to an answer; raises OSError where there is none."""


class NotServed(Exception):
    """A viewer could not have watched: at which step, and why."""


def walk(fetch: Fetch) -> str | None:
    """The id of the title whose first segment came; None where nothing is published. Raises NotServed, OSError."""
    titles = json.loads(_ok(fetch, "GET", "/api/titles", {}).body)["titles"]
    if not titles:
        return None
    title = str(titles[0]["id"])
    answer = _ok(fetch, "POST", f"/api/titles/{title}/play", {"Content-Length": "0"})
    # Name and value alone, as a player sends them back.
    cookie = "; ".join(value.partition(";")[0] for value in answer.cookies)
    headers = {"Cookie": cookie} if cookie else {}
    master = str(json.loads(answer.body)["hls"])
    variants = playlist.multivariant(_ok(fetch, "GET", master, headers).body.decode()).variants
    if not variants:
        raise NotServed(f"{master} names no rendition")
    rendition = urljoin(master, variants[0].uri)
    files = playlist.media(_ok(fetch, "GET", rendition, headers).body.decode()).files
    if not files:
        raise NotServed(f"{rendition} names no segment")
    for file in files[:2]:  # the initialization segment, and the first that has a picture
        path = urljoin(rendition, file)
        if not _ok(fetch, "GET", path, headers).body:
            raise NotServed(f"{path} is empty")
    return title


GONE_DAYS = 365.0
"""The age of an image that AWS no longer has: no new node could boot."""


def image_age_days(created: str | None, now: datetime) -> float:
    """How old a node image is. `created`: as EC2 writes it, such as 2026-11-01T12:00:00.000Z; None for no image."""
    return (now - datetime.fromisoformat(created)).total_seconds() / 86_400 if created else GONE_DAYS


def _ok(fetch: Fetch, method: str, path: str, headers: Mapping[str, str]) -> Fetched:
    answer = fetch(method, path, headers)
    if answer.status != 200:
        raise NotServed(f"{method} {path} answered {answer.status}")
    return answer
