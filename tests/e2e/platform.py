"""What the end-to-end tests do to the platform: as an operator uploads, and as a viewer reads."""

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
"""Longest wait for a workflow; a shared machine may take its time."""


@contextlib.contextmanager
def deployed(**options: Any) -> Generator[LaptopCloud]:
    """The platform on a laptop cloud of its own, with these options of LaptopCloud."""
    os.environ["HEADEND_X264_PRESET"] = "ultrafast"
    run_dir = Path(tempfile.mkdtemp(prefix="headend-test-"))
    cloud = LaptopCloud(run_dir, **options)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


def first_digit(key: str) -> str:
    """The hex digit that chooses the fleet of a title."""
    return folder(title_id(key))[2]


def key_for(digits: str) -> str:
    """An upload key whose title falls to one of the digits."""
    return next(key for number in range(1000) if first_digit(key := f"film {number}.mp4") in digits)


def upload(cloud: LaptopCloud, path: Path, key: str) -> str:
    """Drop a file into the uploads bucket, and name the title that it should become."""
    cloud.client("s3").upload_file(str(path), cloud.deployment.exports["uploads_bucket"], key)
    return title_id(key)


def wait(ask: Callable[[], Found | None], what: str, seconds: float = SECONDS) -> Found:
    """The first answer that is not None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := ask()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


def settled(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    """The title as the API shows it, once its workflow has ended."""

    def ask() -> dict[str, Any] | None:
        answer = requests.get(f"{cloud.url}/api/titles/{title}", timeout=60)
        if answer.status_code == 200 and answer.json()["state"] != "PROCESSING":
            return answer.json()
        return None

    return wait(ask, f"{title} settles")


def ask_to_play(cloud: LaptopCloud, title: str) -> requests.Response:
    """What the API answers, asked again where it is told to: 503 for a slow catalogue, 504 from the edge for a function
    that is slow to start."""

    def ask() -> requests.Response | None:
        answer = requests.post(f"{cloud.url}/api/titles/{title}/play", timeout=60)
        return None if answer.status_code in (503, 504) else answer

    return wait(ask, "the API answers")


def play(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    """What the page is told to play."""
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
    """What the tiers wrote of the requests for media since this was made."""

    run_dir: Path

    def __post_init__(self) -> None:
        self._start = {path: path.stat().st_size for path in self._files()}

    def _files(self) -> list[Path]:
        return sorted((self.run_dir / "logs").glob("*.jsonl"))

    def entries(self, tier: str, least: int = 0) -> list[dict[str, Any]]:
        """Of one tier: edge, balancer or node (all of them), once there are `least`, or will not be.

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
