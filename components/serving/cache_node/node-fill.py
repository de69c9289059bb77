#!/usr/bin/python3
"""Fetches new titles before anybody asks, and deletes what was taken down: `node-fill BUCKET_URL NODE DIGITS MBPS
SECONDS NODE_CONF DIRECTORY`.

Every SECONDS it lists the fill lists in the bucket. Of the titles whose hash begins with one of DIGITS it asks the
node, `address:port`, for the files, as a viewer would: the first minutes of all titles, then the rest, newest first,
at MBPS megabits per second and at a quarter of that. DIRECTORY keeps what was done, one small file a list, so that
whoever ends this loses one object's work. A file that cannot be had is tried again after the next listing.

A title that was taken down has a list of its own, `{"paths": [...]}`. Its files are deleted from the cache beside
DIRECTORY, where nginx keeps each under the MD5 of its path.

Python 3.9 runs this on Amazon Linux 2023.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

KEY = re.compile(r"@FILL_LISTS@(([0-9a-f])[0-9a-f]/[a-z0-9-]{1,80})/[0-9a-f]{12}\.json")
GONE = re.compile(r"@GONE_LISTS@([0-9a-f])[0-9a-f]/[a-z0-9-]{1,80}/[0-9]{8}T[0-9]{6}Z\.json")
REST_SHARE = 0.25
"""Of the rate, for what comes after the first minutes: nobody waits for it."""
DISK_SHARE = 0.5
"""Of the cache, at most. The other half keeps what viewers ask for."""
TIMEOUT = 20
FAULTS = (OSError, http.client.HTTPException, ValueError, LookupError, TypeError)
"""A server that does not answer well, or a list that is none."""


@dataclass(frozen=True)
class Progress:
    """How far a fill list has been fetched: files, and bytes."""

    head: int
    files: int
    head_bytes: int
    bytes: int
    done: int = 0


def progress(found: Mapping[str, Any]) -> Progress:
    """Of a fill list that nothing has been fetched of."""
    sizes = [size for _, size in found["files"]]
    return Progress(found["head"], len(sizes), sum(sizes[: found["head"]]), sum(sizes))


def ours(listed: Iterable[tuple[str, str]], digits: str) -> list[str]:
    """The keys of the fleet's fill lists, newest first, one a title; `listed` are keys and times in ISO 8601."""
    newest: dict[str, str] = {}
    for _, key in sorted(((at, key) for key, at in listed), reverse=True):
        match = KEY.fullmatch(key)
        if match and match[2] in digits:
            newest.setdefault(match[1], key)
    return list(newest.values())


def cached(path: str) -> str:
    """Where nginx keeps the answer to a path, by its proxy_cache_key $uri and levels=1:2."""
    name = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
    return f"{name[-1]}/{name[-3:-1]}/{name}"


def choose(lists: Mapping[str, Progress], failed: set[str], room: int) -> str | None:
    """The list to fetch the next file of; `lists` by key, newest first. None where all that has room is there.

    `room` in bytes. What is older than what fills it is left to its viewers: it would push out what is newer.
    """
    fits: list[str] = []
    for key, one in lists.items():
        room -= one.head_bytes
        if room < 0:
            return None
        fits.append(key)
        if one.done < one.head and key not in failed:
            return key
    for key in fits:
        one = lists[key]
        room -= one.bytes - one.head_bytes
        if room < 0:
            return None
        if one.done < one.files and key not in failed:
            return key
    return None


class Filler:
    """What is listed, and how far each list is."""

    def __init__(self, bucket_url: str, node: str, digits: str, room: int, directory: Path) -> None:
        self._bucket_url, self._digits, self._room, self._directory = bucket_url, digits, room, directory
        self._host, _, self._port = node.partition(":")
        self._lists: dict[str, Progress] = {}
        self._files: tuple[str, list[tuple[str, int]]] = ("", [])
        self._failed: set[str] = set()
        self._forgotten: set[str] = set()

    def poll(self) -> None:
        """Look for new lists. Raises OSError, HTTPException or ParseError where the bucket does not answer well."""
        listed = self._listed()
        keys = ours(listed, self._digits)
        gone = [key for _, key in sorted((at, key) for key, at in listed) if self._is_gone(key)]
        self._lists, known = {}, self._lists
        self._failed = set()
        for key in keys:
            try:
                self._lists[key] = known.get(key) or self._noted(key) or progress(self._read(key))
            except FAULTS as error:
                print(f"cache node: {key} waits: {error}", flush=True)
        for key in gone:
            if not self._note(key).exists():
                self._forget(key)
        for path in set(self._directory.iterdir()) - {self._note(key) for key in (*keys, *gone)}:
            path.unlink()

    def step(self) -> float | None:
        """Fetch one file. Returns its megabits, more of them where it is not urgent; None where nothing is left."""
        key = choose(self._lists, self._failed, self._room)
        if key is None:
            return None
        now = self._lists[key]
        try:
            if self._files[0] != key:
                self._files = (key, self._read(key)["files"])
            name, size = self._files[1][now.done]
            self._fetch(f"/v/{key.partition('fill/')[2].removesuffix('.json')}/{name}")
        except FAULTS as error:
            print(f"cache node: {key} waits: {error}", flush=True)
            self._failed.add(key)
            return 0.0
        self._lists[key] = then = replace(now, done=now.done + 1)
        self._keep(key, then)
        if then.done in (then.head, then.files):
            print(f"cache node: {key}: {then.done} of {then.files} files are here", flush=True)
        return size * 8e-6 / (1 if now.done < now.head else REST_SHARE)

    def _is_gone(self, key: str) -> bool:
        match = GONE.fullmatch(key)
        return match is not None and match[1] in self._digits

    def _forget(self, key: str) -> None:
        """Delete a title's files from the cache; twice, as one may have been on its way when the first were deleted."""
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
        with urllib.request.urlopen(f"{self._bucket_url}/{what}", timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.read()

    def _fetch(self, path: str) -> None:
        # From the node's own address, by which nginx knows that this is no viewer.
        node = http.client.HTTPConnection(self._host, int(self._port), TIMEOUT, source_address=(self._host, 0))
        try:
            node.request("GET", path)
            answer = node.getresponse()
            while answer.read(1 << 20):
                pass
            if answer.status != 200 or answer.length:
                raise OSError(f"{path} was answered with {answer.status}")
        finally:
            node.close()

    def _note(self, key: str) -> Path:
        return self._directory / key.replace("/", "_")

    def _noted(self, key: str) -> Progress | None:
        try:
            return Progress(**json.loads(self._note(key).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _keep(self, key: str, now: Progress) -> None:
        note = self._note(key)
        half = note.with_suffix(".new")
        half.write_text(json.dumps(asdict(now)))
        half.replace(note)


def main() -> None:
    """Fill until the machine ends."""
    bucket_url, node, digits, mbps, seconds, conf, directory = sys.argv[1:]
    cache = re.search(r"max_size=(\d+)m", Path(conf).read_text())
    if cache is None:
        sys.exit(f"cache node: {conf} does not say how large the cache is (max_size=)")
    filler = Filler(bucket_url, node, digits, int(int(cache[1]) * 1e6 * DISK_SHARE), Path(directory))
    while True:
        due = time.monotonic() + float(seconds)
        try:
            filler.poll()
        except (OSError, http.client.HTTPException, ET.ParseError) as error:
            print(f"cache node: the fill lists cannot be read: {error}", flush=True)
        while time.monotonic() < due:
            began = time.monotonic()
            megabits = filler.step()
            if megabits is None:
                time.sleep(max(0.0, due - time.monotonic()))
            else:
                time.sleep(max(0.0, megabits / float(mbps) - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
