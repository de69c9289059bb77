"""Stands in for the whole platform in front of the player: page, API and renditions, with the headers of every tier.

Nothing is cached here. A test chooses the tier that serves a path, and finds in `sent` what was served.
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from components.edge.player_build import IMMUTABLE
from components.edge.player_site import PLAYER, site_files
from components.edge.policies import CONTENT_SECURITY_POLICY
from lambdas import playlist
from lambdas.playback.core import OFFERED

SITE = site_files()
SOURCE = "/source/"
"""A path that the platform does not have: the page's source modules, for tests of a single module."""
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".cmfv": "video/mp4",
    ".cmfa": "audio/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}
# Headers that the distribution sends with the page: no inline code, nothing from other hosts, no text used as HTML.
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
}
NODE, REGION = "i-0c5d1f9e7a2b4c6d8", "eu-west-1"
NODES = {"X-Node": NODE, "X-Node-Zone": f"{REGION}b"}
# Headers of a response by the tier that served it. The edge stores the headers of the node from which it fetched it.
WAYS = {
    "edge": {"X-Cache": "Hit from cloudfront", **NODES, "X-Node-Cache": "MISS", "X-Amz-Cf-Pop": "FRA56-P4"},
    "node": {"X-Cache": "Miss from cloudfront", **NODES, "X-Node-Cache": "HIT", "X-Amz-Cf-Pop": "FRA56-P4"},
    "fill": {"X-Cache": "Miss from cloudfront", **NODES, "X-Node-Cache": "MISS", "X-Amz-Cf-Pop": "FRA56-P4"},
    "failover": {"X-Cache": "Miss from cloudfront", "X-Amz-Cf-Pop": "FRA56-P4"},
    "unknown": {},
}
CUT = 0
"""A fault: the server sends half of the body, then closes the connection."""

Answer = tuple[int, dict[str, str], object]


@dataclass
class Fake:
    """The platform of one test. Paths under /v/ are files of `media`."""

    media: Path
    titles: dict[str, dict[str, object]] = field(default_factory=dict)
    tier: Callable[[str], str] = lambda _path: "edge"
    faults: dict[str, list[int]] = field(default_factory=dict)
    """By the end of a path: statuses (or CUT) to answer, one after the other, before the path is served."""
    held: dict[str, threading.Event] = field(default_factory=dict)
    """By the end of a path with its query: the event for which the answer waits."""
    api_down: bool = False
    lists_down: set[str] = field(default_factory=set)
    """States whose lists fail."""
    outage: int | None = None
    """A status (or CUT) that is the answer to every rendition."""
    ticket: int | None = None
    """If playback is signed: the cookie that opens renditions. POST play sets it. A new cookie ends the old one."""
    moved: dict[str, str] = field(default_factory=dict)
    """By title: the new folder of its renditions. The old folder is gone."""
    asked: list[str] = field(default_factory=list)
    """Every request to the API, as "GET /api/titles?state=PUBLISHED"."""
    viewed: list[tuple[str, str, str]] = field(default_factory=list)
    """(path and query, Referer, CMCD-Session) of every request for a rendition, pictures apart."""
    posted: list[tuple[str, str]] = field(default_factory=list)
    """(path, body) of every POST."""
    silent: bool = False
    """True: the answer to reports is 410, which means "send no more"."""
    old_rows: bool = False
    """True: the catalogue's rows do not say what a player fetches first, as those of earlier releases."""
    page_size: int = 50
    """Of the first page; a further one has four times as many titles, as the platform's."""
    sent: list[tuple[str, str, int]] = field(default_factory=list)
    """(path, tier, bytes) of every rendition file that was served whole, without posters."""
    origin: str = ""

    def count(self) -> Counter[str]:
        """The number of rendition files that each tier served."""
        return Counter(tier for _, tier, _ in self.sent)

    def add(self, title: str, name: str, state: str = "PUBLISHED", **row: object) -> None:
        """Add a title to the catalogue. A published one plays the film in `media`/<title>."""
        self.titles[title] = {
            "id": title,
            "name": name,
            "state": state,
            "duration": 12,
            "poster": None,
        } | row

    def api(self, method: str, path: str, query: dict[str, list[str]]) -> Answer:
        """Answer the playback API as the platform does."""
        parts = [unquote(part) for part in path.split("/")[3:]]
        if self.api_down or (not parts and query.get("state", [""])[0] in self.lists_down):
            return 503, {}, {}
        if not parts:
            if query.get("state", ["PUBLISHED"])[0] not in OFFERED:
                return 400, {}, {"error": "no such state"}
            return 200, {}, self._page(query.get("state", ["PUBLISHED"])[0], int(query.get("next", ["0"])[0]))
        row = self.titles.get(parts[0])
        if row is None or row["state"] not in OFFERED:
            return 404, {}, {"error": "no such title"}
        return (200, {}, row) if method == "GET" else self._play(parts[0], row)

    def _page(self, state: str, first: int) -> dict[str, object]:
        rows = [row for row in self.titles.values() if row["state"] == state]
        last = first + self.page_size * (4 if first else 1)
        return {"titles": rows[first:last], "next": str(last) if last < len(rows) else None}

    def _play(self, title: str, row: dict[str, object]) -> Answer:
        if row["state"] == "PUBLISHED":
            cookie = {} if self.ticket is None else {"Set-Cookie": f"ticket={self.ticket}; Path=/v/"}
            folder = self.moved.get(title, title)
            addresses = {"hls": f"/v/{folder}/index.m3u8", "dash": f"/v/{folder}/index.mpd"}
            return 200, cookie, {**row, **addresses, **self._opening(folder)}
        return 202, {"Retry-After": "1"}, {"state": row["state"], "retry_after": 1}

    def _opening(self, folder: str) -> dict[str, object]:
        """What a player of the film in `folder` fetches first, as verify finds it."""
        if self.old_rows or not (self.media / folder / "index.m3u8").is_file():
            return {}
        master = playlist.multivariant((self.media / folder / "index.m3u8").read_text())

        def files(name: str) -> list[str]:
            return [name, *playlist.media((self.media / folder / name).read_text()).files[:2]]

        rungs = [{"bandwidth": rung.bandwidth, "files": files(rung.uri)} for rung in master.variants]
        sounds = [{"language": sound.language, "files": files(uri)} for uri, sound in master.audio.items()]
        rungs.sort(key=lambda rung: rung["bandwidth"])
        return {"opening": {"base": f"/v/{folder}/", "rungs": rungs, "sounds": sounds}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # Headers and body go in one packet, so nothing waits for a delayed acknowledgement.
    fake: Fake

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        for end, release in self.fake.held.items():
            if self.path.endswith(end):
                release.wait(120)
        url = urlsplit(self.path)
        if self.command == "POST":
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self.fake.posted.append((url.path, body))
        if url.path == "/api/events":
            self._send(410 if self.fake.silent else 204, {"Cache-Control": "no-store"}, b"")
        elif url.path.startswith("/api/"):
            self.fake.asked.append(f"{self.command} {self.path}")
            self._api(*self.fake.api(self.command, url.path, parse_qs(url.query)))
        elif url.path.startswith("/v/"):
            if not url.path.endswith(".jpg"):
                heard = self.headers.get
                self.fake.viewed.append((self.path, heard("Referer", ""), heard("CMCD-Session", "")))
            self._media(url.path)
        elif url.path.startswith(SOURCE):
            self._file(PLAYER / url.path.removeprefix(SOURCE), PAGE_HEADERS)
        else:
            self._page("index.html" if url.path == "/" else url.path.lstrip("/"))

    def _page(self, key: str) -> None:
        if key not in SITE:
            self._send(HTTPStatus.NOT_FOUND, {}, b"")
            return
        if fault := self._fault(key):
            self._send(fault, {}, b"")
            return
        path, content_type, cache_control = SITE[key]
        headers = {"Content-Type": content_type, "Cache-Control": cache_control, **PAGE_HEADERS}
        self._send(HTTPStatus.OK, headers, path.read_bytes())

    def _api(self, status: int, headers: dict[str, str], body: object) -> None:
        self._send(
            status,
            {"Content-Type": "application/json", "Cache-Control": "no-store", **headers},
            json.dumps(body).encode(),
        )

    def _media(self, path: str) -> None:
        ticket = self.fake.ticket
        refused = 403 if ticket is not None and f"ticket={ticket}" not in self.headers.get("Cookie", "") else None
        fault = self.fake.outage if self.fake.outage is not None else refused
        fault = fault if fault is not None else self._fault(path)
        if path.split("/")[2] in self.fake.moved:
            fault = 404
        tier = self.fake.tier(path)
        file = self.fake.media / path.removeprefix("/v/")
        if fault:
            self._send(fault, {"X-Cache": "Error from cloudfront"}, b"")
        else:
            self._file(file, {**WAYS[tier], "Cache-Control": IMMUTABLE}, cut=fault == CUT)
            if fault is None and file.suffix != ".jpg":
                self.fake.sent.append((path, tier, file.stat().st_size))

    def _fault(self, path: str) -> int | None:
        return next((faults.pop(0) for end, faults in self.fake.faults.items() if path.endswith(end) and faults), None)

    def _file(self, file: Path, headers: dict[str, str], *, cut: bool = False) -> None:
        if not file.is_file():
            self._send(HTTPStatus.NOT_FOUND, {}, b"")
            return
        body = file.read_bytes()
        self._send(
            HTTPStatus.OK, {"Content-Type": TYPES[file.suffix], **headers}, body, part=len(body) // 2 if cut else None
        )

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, part: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:part])
        self.close_connection = part is not None


class _Listening(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser may cut a connection at any time; only another error is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """Serves a Fake on a free loopback port until it is closed."""

    def __init__(self, fake: Fake) -> None:
        handler = type("Handler", (_Handler,), {"fake": fake})
        self._server = _Listening(("127.0.0.1", 0), handler)
        fake.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
