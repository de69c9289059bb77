"""Helpers of the end-to-end tests: upload as an operator, and read as a viewer."""

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests

from lambdas.names import folder
from lambdas.titles import title_id
from local.cloud import LaptopCloud

Found = TypeVar("Found")
SECONDS = 300.0
"""Longest wait for a workflow. A shared machine may be slow."""


@contextlib.contextmanager
def deployed(**options: Any) -> Generator[LaptopCloud]:
    """The platform on a new laptop cloud, with these options of LaptopCloud."""
    os.environ["HEADEND_X264_PRESET"] = "ultrafast"
    run_dir = Path(tempfile.mkdtemp(prefix="headend-test-"))
    cloud = LaptopCloud(run_dir, **options)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


def view(url: str, **cookies: str) -> requests.Response:
    """What a viewer gets. As a browser does, this asks once more where the connection is closed before any answer: the
    laptop's edge may do that to a connection that it took just before it reads its configuration anew."""
    try:
        return requests.get(url, cookies=cookies, timeout=60)
    except requests.ConnectionError:
        return requests.get(url, cookies=cookies, timeout=60)


def first_digit(key: str) -> str:
    """The hex digit that chooses the fleet of a title."""
    return folder(title_id(key))[2]


def key_for(digits: str) -> str:
    """An upload key whose title begins with one of these hex digits."""
    return next(key for number in range(1000) if first_digit(key := f"film {number}.mp4") in digits)


def upload(cloud: LaptopCloud, path: Path, key: str) -> str:
    """Upload a file. Returns the id of the title that it should become."""
    cloud.client("s3").upload_file(str(path), cloud.deployment.exports["uploads_bucket"], key)
    return title_id(key)


def lay(cloud: LaptopCloud, key: str, data: str | bytes) -> None:
    """Put a file beside a film."""
    body = data if isinstance(data, bytes) else data.encode()
    cloud.client("s3").put_object(Bucket=cloud.deployment.exports["uploads_bucket"], Key=key, Body=body)


def wait(ask: Callable[[], Found | None], what: str, seconds: float = SECONDS) -> Found:
    """The first answer that is not None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := ask()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


def settled(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    """The title's row in the catalogue, once its workflow has ended."""

    def ask() -> dict[str, Any] | None:
        row = cloud.row(title) or {}
        return row if "outcome" in row else None

    return wait(ask, f"{title} settles")


def ask_to_play(cloud: LaptopCloud, title: str) -> requests.Response:
    """The API's answer. Asks again after a 503 (the catalogue is slow) and a 504 (the function starts slowly)."""

    def ask() -> requests.Response | None:
        answer = requests.post(f"{cloud.url}/api/titles/{title}/play", timeout=60)
        return None if answer.status_code in (503, 504) else answer

    return wait(ask, "the API answers")


def play(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    """The API's answer to the page when a viewer starts a title."""
    answer = ask_to_play(cloud, title)
    assert answer.status_code == 200, answer.text
    return answer.json()


def objects(cloud: LaptopCloud, manifest: str) -> Iterator[str]:
    """Every path that a player of this HLS title may ask for: each rung's playlist, and every segment in it."""
    yield manifest
    for playlist in _referenced(cloud, manifest):
        yield playlist
        yield from _referenced(cloud, playlist)


def _referenced(cloud: LaptopCloud, manifest: str) -> list[str]:
    text = requests.get(cloud.url + manifest, timeout=60).text
    tagged = re.findall(r'URI="([^"]+)"', text)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(dict.fromkeys(urljoin(manifest, name) for name in (*tagged, *lines)))


@dataclass
class Log:
    """The tiers' log lines of requests for media, since this object was made."""

    run_dir: Path

    def __post_init__(self) -> None:
        self._start = {path: path.stat().st_size for path in self._files()}

    def _files(self) -> list[Path]:
        return sorted((self.run_dir / "logs").glob("*.jsonl"))

    def entries(self, tier: str, least: int = 0) -> list[dict[str, Any]]:
        """The lines of one tier: edge, balancer or node (all nodes). Waits until there are `least` lines, for some
        time.

        A tier writes its line after it has answered.
        """
        deadline = time.monotonic() + 60
        while len(found := self._read(tier)) < least and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _read(self, tier: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for path in self._files():
            if path.stem.partition("-")[0] == tier:
                with path.open() as file:
                    file.seek(self._start.get(path, 0))
                    found += [json.loads(line) for line in file]
        return [entry for entry in found if entry["uri"].startswith("/v/")]
