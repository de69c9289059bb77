"""The steps of a viewer's player, from the list of titles to the first segment. Pure: the caller gives `fetch`."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin

from lambdas import playlist


class Fetched(NamedTuple):
    """The edge's answer to one request."""

    status: int
    body: bytes
    cookies: list[str]
    """Values of Set-Cookie."""


Fetch = Callable[[str, str, Mapping[str, str]], Fetched]
"""Takes (method, path, headers) and returns the answer. Raises OSError if there is none."""


class NotServed(Exception):
    """A viewer could not have watched. The message names the step and the reason."""


def walk(fetch: Fetch) -> str | None:
    """Watch the first title. Returns its id, or None if nothing is published. Raises NotServed or OSError."""
    titles = json.loads(_ok(fetch, "GET", "/api/titles", {}).body)["titles"]
    if not titles:
        return None
    title = str(titles[0]["id"])
    answer = _ok(fetch, "POST", f"/api/titles/{title}/play", {"Content-Length": "0"})
    # A player sends back only the name and the value.
    cookie = "; ".join(value.partition(";")[0] for value in answer.cookies)
    headers = {"Cookie": cookie} if cookie else {}
    master = str(json.loads(answer.body)["hls"])
    variants = playlist.multivariant(_ok(fetch, "GET", master, headers).body.decode()).variants
    if not variants:
        raise NotServed(f"{master} lists no rendition")
    rendition = urljoin(master, variants[0].uri)
    files = playlist.media(_ok(fetch, "GET", rendition, headers).body.decode()).files
    if not files:
        raise NotServed(f"{rendition} lists no segment")
    for file in files[:2]:  # the initialization segment, and the first segment with a picture
        path = urljoin(rendition, file)
        if not _ok(fetch, "GET", path, headers).body:
            raise NotServed(f"{path} is empty")
    return title


GONE_DAYS = 365.0
"""Age that stands for an image that AWS no longer has. No new node could boot from it."""


def image_age_days(created: str | None, now: datetime) -> float:
    """Age of a node image in days. `created` is EC2's text, such as 2026-11-01T12:00:00.000Z, or None for no image."""
    return (now - datetime.fromisoformat(created)).total_seconds() / 86_400 if created else GONE_DAYS


def _ok(fetch: Fetch, method: str, path: str, headers: Mapping[str, str]) -> Fetched:
    answer = fetch(method, path, headers)
    if answer.status != 200:
        raise NotServed(f"{method} {path} answered {answer.status}")
    return answer
