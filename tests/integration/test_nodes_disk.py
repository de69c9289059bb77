"""A node's disk that is filled as fast as the node's network can: no answer is cut, and the disk never stays full."""

import base64
import gzip
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.serving.scaling import headroom_mb
from tests.integration.node_bench import (
    BUCKET,
    FOLDER,
    MB,
    USER_DATA,
    Origin,
    ask,
    content,
    make_node,
    running,
    small_disk,
)

CACHE_MB, RATE_MB = 24, 8
"""The cache's size in MB, and the MB that are fetched each second, which is the network's configured speed."""
SECONDS = 25
"""Seconds of the test. nginx's cache manager looks at least twice in that time, since it looks every 10 s."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for the cache and its headroom."""
    with small_disk(tmp_path / "node", CACHE_MB + headroom_mb(RATE_MB * 8 / 1000)) as disk:
        yield disk


def small_cache() -> str:
    """The declared user data with another cache size."""
    text = gzip.decompress(base64.b64decode(USER_DATA)).decode()
    assert "@CACHE_MB@" in text
    return base64.b64encode(gzip.compress(text.replace("@CACHE_MB@", str(CACHE_MB)).encode())).decode()


def test_a_disk_never_overfills_at_the_networks_full_rate(tmp_path: Path, disk: Path) -> None:
    body = content(MB)
    paths = [f"{FOLDER}/index_v720p_{number:09}.cmfv" for number in range(RATE_MB * SECONDS)]
    origin = Origin(objects={BUCKET + path: body for path in paths})
    origin.start()
    try:
        with running(make_node(origin, tmp_path / "node", small_cache())) as node:
            began, least = time.monotonic(), 1.0
            for number, path in enumerate(paths):
                answer = ask(node, path)
                assert (answer.status, answer.body == body) == (200, True), f"object {number} was cut"
                free = os.statvfs(disk)
                least = min(least, free.f_bavail / free.f_blocks)
                time.sleep(max(0.0, began + number / RATE_MB - time.monotonic()))
            assert ask(node, "/healthz").status == 200
    finally:
        origin.stop()
    assert 0 < least < CACHE_MB / (CACHE_MB + headroom_mb(RATE_MB * 8 / 1000)), "it was never put to the test"
