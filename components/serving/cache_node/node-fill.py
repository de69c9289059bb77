#!/usr/bin/python3
"""Fetches titles before viewers ask, and deletes titles that were taken down: `node-fill BUCKET_URL NODE DIGITS MBPS
SECONDS QUIET_FROM NODE_CONF DIRECTORY`.

Every SECONDS it lists the fill lists in the bucket. It requests the files of titles whose hash begins with one of
DIGITS from the node, `address:port`, as a viewer does, with at most MBPS megabits per second. The bucket also has an
order for each digit, with the expected plays of each title. Titles with more expected plays come first. The first
minutes of a title count for all of its plays, and the rest for the viewers who stay. A title that is newer than the
order counts as a premiere. Without an order, the first minutes of all titles come first, those of the newest title
before the others, and then the rest.

A new order is used from the next quiet hours on (six hours that begin at QUIET_FROM, UTC), or at once if there was none
before. Then, and every few hours, this program requests all wanted files again, since nginx drops the file whose last
request is the oldest.

DIRECTORY has one small file for each list, with the progress. So if this program is ended, only the work on one object
is lost. If a file cannot be fetched, it is tried again after the next listing.

A title that was taken down has its own list, `{"paths": [...]}`. Its files are deleted from the cache, which is beside
DIRECTORY. There nginx keeps each file under the MD5 of its path.

Python 3.9 runs this on Amazon Linux 2023.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ORDER = re.compile(r"@ORDERS@([0-9a-f])\.json")
KEY = re.compile(r"@FILL_LISTS@(([0-9a-f])[0-9a-f]/[a-z0-9-]{1,80})/[0-9a-f]{12}\.json")
GONE = re.compile(r"@GONE_LISTS@([0-9a-f])[0-9a-f]/[a-z0-9-]{1,80}/[0-9]{8}T[0-9]{6}Z\.json")
REST_SHARE = 0.25
"""Share of the rate for files after the first minutes, since no viewer waits for them."""
STAY = float("@STAY@")
"""Share of the plays that go on after the first minutes."""
DISK_SHARE = float("@DISK_SHARE@")
"""Largest share of the cache for these files. The rest keeps files that viewers request."""
QUIET_HOURS = 6
WALK_SECONDS = float("@WALK_HOURS@") * 3600
"""Time from one walk through all wanted files to the next."""
TIMEOUT = 20
FAULTS = (OSError, http.client.HTTPException, ValueError, LookupError, TypeError)
"""Errors of a server that does not answer rightly, and of a list that cannot be read."""


@dataclass(frozen=True)
class Progress:
    """Progress of a fill list, in files and bytes."""

    head: int
    files: int
    head_bytes: int
    bytes: int
    done: int = 0
    """Files that were fetched in this walk."""
    before: int = 0
    """The largest number of files of any earlier walk."""


def progress(found: Mapping[str, Any]) -> Progress:
    """Progress of a fill list of which nothing has been fetched."""
    sizes = [size for _, size in found["files"]]
    return Progress(found["head"], len(sizes), sum(sizes[: found["head"]]), sum(sizes))


def ours(listed: Iterable[tuple[str, str]], digits: str) -> list[str]:
    """The keys of the fleet's fill lists, newest first, one per title. `listed` maps a key to its time in ISO 8601."""
    newest: dict[str, str] = {}
    for _, key in sorted(((at, key) for key, at in listed), reverse=True):
        match = KEY.fullmatch(key)
        if match and match[2] in digits:
            newest.setdefault(match[1], key)
    return list(newest.values())


def cached(path: str) -> str:
    """The file in which nginx keeps the answer to a path (proxy_cache_key $uri, levels=1:2)."""
    name = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
    return f"{name[-1]}/{name[-3:-1]}/{name}"


def worth(places: Mapping[str, str], orders: Iterable[Any]) -> dict[str, float]:
    """`<xx>/<id>/<version>` to the expected plays of the title. `places` maps it to its list's time, newest first."""
    known: dict[str, float] = {}
    since, debut = "", 0.0
    for order in orders:
        known.update(order["plays"])
        since, debut = max(since, order["since"]), max(debut, order["debut"])
    # The times have one form up to the second, so they sort as text. A premiere has at least one expected play.
    return {place: known.get(place, max(debut, 1.0) if at[:19] > since[:19] else 0.0) for place, at in places.items()}


def pieces(lists: Mapping[str, Progress], plays: Mapping[str, float] | None) -> list[tuple[str, int, int]]:
    """The beginnings and rests of titles in the order in which they are fetched: (key, last file, bytes).

    `lists` maps a key to its list, newest first. `plays` maps a place to plays, and is None if there is no order.
    """
    heads = [(key, one.head, one.head_bytes) for key, one in lists.items()]
    rests = [(key, one.files, one.bytes - one.head_bytes) for key, one in lists.items()]
    if plays is None:
        return heads + rests
    wanted = [(plays[place(piece[0])], piece) for piece in heads]
    wanted += [(plays[place(piece[0])] * STAY, piece) for piece in rests]
    # The sort is stable: if two are wanted equally, the beginning and the newer one come first.
    return [piece for plays, piece in sorted(wanted, key=lambda one: -one[0]) if plays > 0]


def choose(
    wanted: Iterable[tuple[str, int, int]], lists: Mapping[str, Progress], failed: set[str], room: int
) -> str | None:
    """The list whose next file is to be fetched. None if all files that fit are there.

    `wanted` comes from `pieces`. `room` is in bytes. A file that does not fit is not fetched, because it would push out
    a file that is wanted more.
    """
    for key, files, size in wanted:
        room -= size
        if room < 0:
            return None
        if lists[key].done < files and key not in failed:
            return key
    return None


def place(key: str) -> str:
    """`<xx>/<id>/<version>` of a fill list."""
    return key.partition("fill/")[2].removesuffix(".json")


def quiet(hour: int, begins: int) -> bool:
    """Whether an hour of the day is a quiet one. The quiet hours may continue after midnight."""
    return (hour - begins) % 24 < QUIET_HOURS


def alive() -> None:
    """Tell systemd that this process is not frozen. If systemd hears nothing for WatchdogSec, it starts it again."""
    if notify := os.environ.get("NOTIFY_SOCKET"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"WATCHDOG=1", socket.MSG_DONTWAIT, notify.replace("@", "\0", 1))


class Filler:
    """Lists, wanted files, and the progress of each list. `room` is in bytes. `quiet_from` is an hour in UTC."""

    def __init__(
        self, bucket_url: str, node: str, digits: str, room: int, directory: Path, quiet_from: int = 0
    ) -> None:
        self._bucket_url, self._digits, self._room, self._directory = bucket_url, digits, room, directory
        self._host, _, self._port = node.partition(":")
        self._quiet_from = quiet_from
        self._lists: dict[str, Progress] = {}
        self._wanted: list[tuple[str, int, int]] = []
        self._walked = 0.0
        self._files: tuple[str, list[tuple[str, int]]] = ("", [])
        self._failed: set[str] = set()
        self._forgotten: set[str] = set()
        self._orders: Any = None
        with contextlib.suppress(OSError, ValueError):
            self._orders = json.loads((directory / "orders").read_text())

    def poll(self, now: float) -> None:
        """Look for new lists and orders. `now` is in seconds. Raises OSError, HTTPException or ParseError if the bucket
        does not answer rightly."""
        listed = self._listed()
        times = dict(listed)
        self._walked = self._walked or now
        again = self._take_up(times, time.gmtime(now).tm_hour) or now - self._walked > WALK_SECONDS
        if again:
            self._walked = now
        keys = ours(listed, self._digits)
        plays = worth({place(key): times[key] for key in keys}, self._orders["orders"]) if self._orders else None
        if plays is not None:
            keys = sorted((key for key in keys if plays[place(key)]), key=lambda key: -plays[place(key)])
        gone = [key for _, key in sorted((at, key) for key, at in listed) if self._is_gone(key)]
        self._lists, known, size = {}, self._lists, 0
        self._failed = set()
        for key in keys:
            if size > 2 * self._room:
                break  # there is no room for the titles after these
            try:
                one = known.get(key) or self._noted(key) or progress(self._read(key))
            except FAULTS as error:
                print(f"cache node: {key} waits: {error}", flush=True)
                continue
            self._lists[key] = replace(one, done=0, before=max(one.done, one.before)) if again else one
            size += one.bytes
        self._wanted = pieces(self._lists, plays)
        for key in gone:
            if not self._note(key).exists():
                self._forget(key)
        for path in set(self._directory.iterdir()) - {self._note(key) for key in (*self._lists, *gone)}:
            if path.name != "orders":
                path.unlink()

    def _take_up(self, listed: Mapping[str, str], hour: int) -> bool:
        """Whether there are new orders, and it is time to use them."""
        found = {key: at for key, at in listed.items() if (match := ORDER.fullmatch(key)) and match[1] in self._digits}
        before = self._orders and self._orders["found"]
        if not found or found == before or (before and not quiet(hour, self._quiet_from)):
            return False
        try:
            orders = [self._read(key) for key in found]
            worth({}, orders)
        except FAULTS as error:
            print(f"cache node: the orders wait: {error}", flush=True)
            return False
        self._orders = {"found": found, "orders": orders}
        self._write(self._directory / "orders", self._orders)
        print(f"cache node: {len(orders)} orders are taken up", flush=True)
        return True

    def step(self) -> float | None:
        """Fetch one file. Returns the megabits for which it counts, or None if there is nothing to fetch."""
        key = choose(self._wanted, self._lists, self._failed, self._room)
        if key is None:
            return None
        now = self._lists[key]
        try:
            if self._files[0] != key:
                self._files = (key, self._read(key)["files"])
            name, size = self._files[1][now.done]
            path = f"/v/{place(key)}/{name}"
            # A request of one byte is enough: nginx then keeps the whole file.
            hit = now.done < now.before and self._fetch(path, {"Range": "bytes=0-0"}) == "HIT"
            if not hit:
                self._fetch(path, {})
        except FAULTS as error:
            print(f"cache node: {key} waits: {error}", flush=True)
            self._failed.add(key)
            return 0.0
        self._lists[key] = then = replace(now, done=now.done + 1)
        if not hit or then.done in (then.head, then.files):
            self._write(self._note(key), asdict(then))
        if then.done in (then.head, then.files) and then.done > then.before:
            print(f"cache node: {key}: {then.done} of {then.files} files are here", flush=True)
        return 0.0 if hit else size * 8e-6 / (1 if now.done < now.head else REST_SHARE)

    def _is_gone(self, key: str) -> bool:
        match = GONE.fullmatch(key)
        return match is not None and match[1] in self._digits

    def _forget(self, key: str) -> None:
        """Delete a title's files from the cache. Each list is handled twice, since a fetch may have been running."""
        try:
            paths = self._read(key)["paths"]
            found = [self._directory.parent / "cache" / cached(path) for path in paths]
            there = [file for file in found if file.exists()]
            for file in there:
                file.unlink(missing_ok=True)
        except FAULTS as error:
            print(f"cache node: {key} waits: {error}", flush=True)
            return
        print(f"cache node: {key}: {len(there)} of {len(paths)} files were here; deleted", flush=True)
        if key in self._forgotten:
            self._note(key).write_text("")
        self._forgotten.add(key)

    def _listed(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        more: dict[str, str] | None = {}
        while more is not None:
            query = urllib.parse.urlencode({"list-type": "2", "prefix": "@FILL_LISTS@", **more})
            page = ET.fromstring(self._bucket(f"?{query}"))  # noqa: S314 (S3's own answer, over TLS)
            space = page.tag.partition("}")[0] + "}" if "}" in page.tag else ""
            for item in page.iter(f"{space}Contents"):
                found.append((item.findtext(f"{space}Key", ""), item.findtext(f"{space}LastModified", "")))
            token = page.findtext(f"{space}NextContinuationToken")
            more = {"continuation-token": token} if token else None
        return found

    def _read(self, key: str) -> Any:
        return json.loads(self._bucket(key))

    def _bucket(self, what: str) -> bytes:
        alive()
        with urllib.request.urlopen(f"{self._bucket_url}/{what}", timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.read()

    def _fetch(self, path: str, headers: Mapping[str, str]) -> str:
        """Request a path from the node. Returns its X-Node-Cache header."""
        # The request comes from the node's own address, so nginx knows that it is not a viewer's.
        node = http.client.HTTPConnection(self._host, int(self._port), TIMEOUT, source_address=(self._host, 0))
        try:
            node.request("GET", path, headers=dict(headers))
            answer = node.getresponse()
            while answer.read(1 << 20):
                alive()
            if answer.status not in (200, 206) or answer.length:
                raise OSError(f"{path} was answered with {answer.status}")
            return answer.getheader("X-Node-Cache", "")
        finally:
            node.close()

    def _note(self, key: str) -> Path:
        return self._directory / key.replace("/", "_")

    def _noted(self, key: str) -> Progress | None:
        try:
            return Progress(**json.loads(self._note(key).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, path: Path, found: Any) -> None:
        half = path.with_suffix(".new")
        half.write_text(json.dumps(found))
        half.replace(path)


def main() -> None:
    """Fetch until the machine stops."""
    bucket_url, node, digits, mbps, seconds, quiet_from, conf, directory = sys.argv[1:]
    cache = re.search(r"max_size=(\d+)m", Path(conf).read_text())
    if cache is None:
        sys.exit(f"cache node: {conf} does not say how large the cache is (max_size=)")
    room = int(int(cache[1]) * 1e6 * DISK_SHARE)
    filler = Filler(bucket_url, node, digits, room, Path(directory), int(quiet_from))
    while True:
        alive()
        due = time.monotonic() + float(seconds)
        try:
            filler.poll(time.time())
        except (OSError, http.client.HTTPException, ET.ParseError) as error:
            print(f"cache node: the fill lists cannot be read: {error}", flush=True)
        while time.monotonic() < due:
            alive()
            began = time.monotonic()
            megabits = filler.step()
            if megabits is None:
                time.sleep(max(0.0, due - time.monotonic()))
            else:
                time.sleep(max(0.0, megabits / float(mbps) - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
