"""Viewers who miss one object at once: the node fetches it once, and each viewer gets the bytes as they arrive."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.serving.cache_node import user_data
from local.serving.nodes import Node
from tests.integration.node_bench import BUCKET, FILM, FOLDER, MB, Answer, Origin, ask, content
from tests.waiting import eventually

ABSENT = f"{FOLDER}/absent.cmfv"
CROWD = 40


def together(look: Callable[[], Answer]) -> list[Answer]:
    """The answers to viewers who all ask at once."""
    barrier = threading.Barrier(CROWD)

    def one(_: int) -> Answer:
        barrier.wait()
        return look()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(one, range(CROWD)))


def first_half(node: Node, size: int) -> float:
    """Seconds until half of an object has arrived."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(node.site.address, node.port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", FILM)
        assert len(connection.getresponse().read(size)) == size
    return time.monotonic() - began


def test_viewers_who_miss_together_get_each_byte_as_soon_as_the_node_has_it(node: Node, origin: Origin) -> None:
    origin.pause = 3.0
    with ThreadPoolExecutor(CROWD) as pool:
        # What nginx writes in one go is as long as a buffer.
        took = list(pool.map(first_half, [node] * CROWD, [2 * MB - 128 * 1024] * CROWD))
    assert max(took) < 2.5
    assert len(origin.requests) == 1


def test_a_crowd_has_one_fetch_and_the_right_bytes_ranges_too(node: Node, origin: Origin) -> None:
    origin.pause, whole = 0.5, origin.objects[BUCKET + FILM]
    with ThreadPoolExecutor(3) as pool:
        crowds = pool.map(
            together,
            [
                lambda: ask(node, FILM),
                lambda: ask(node, FILM, Range=f"bytes={MB}-{3 * MB}"),
                lambda: ask(node, FILM, method="HEAD"),
            ],
        )
        plain, ranges, heads = crowds
    assert {(answer.status, answer.body == whole) for answer in plain} == {(200, True)}
    assert {(answer.status, answer.body == whole[MB : 3 * MB + 1]) for answer in ranges} == {(206, True)}
    assert {(answer.status, answer.headers["content-length"]) for answer in heads} == {(200, str(4 * MB))}
    answers = plain + ranges + heads
    assert sorted(answer.cache for answer in answers).count("MISS") == 1
    assert {answer.cache for answer in answers} <= {"MISS", "SHARED", "HIT"}
    kept_from_viewers = {"x-shared", "set-cookie", "vary", "x-amz-request-id", "x-amz-server-side-encryption"}
    assert not [answer.headers for answer in answers if kept_from_viewers & answer.headers.keys()]
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert len(origin.requests) == 1


def test_a_crowd_that_asks_for_a_missing_object_costs_one_request(node: Node, origin: Origin) -> None:
    origin.delay = 0.5
    began = time.monotonic()
    assert [answer.status for answer in together(lambda: ask(node, ABSENT))] == [404] * CROWD
    assert time.monotonic() - began < 3
    assert len(origin.requests) == 1


def test_a_fetch_that_breaks_off_leaves_nobody_waiting(node: Node, origin: Origin) -> None:
    origin.pause, origin.cut = 0.5, True
    began = time.monotonic()

    def look() -> Answer:
        try:
            return ask(node, FILM)
        except http.client.IncompleteRead as error:
            return Answer(0, {}, error.partial)

    cut = together(look)
    assert time.monotonic() - began < 10, "they were left hanging"
    assert {answer.status for answer in cut} == {0}
    assert {origin.objects[BUCKET + FILM].startswith(answer.body) for answer in cut} == {True}
    origin.pause, origin.cut = 0.0, False
    assert ask(node, FILM).body == origin.objects[BUCKET + FILM]
    assert eventually(lambda: ask(node, FILM).cache == "HIT")


def test_a_fetch_whose_worker_is_killed_is_made_again(node: Node, origin: Origin) -> None:
    origin.pause, whole = 60.0, origin.objects[BUCKET + FILM]
    with ThreadPoolExecutor(2) as pool:
        cut = [pool.submit(ask, node, FILM) for _ in range(2)]
        assert eventually(lambda: list((node.site.directory / "disk/cache").glob("*/*/*.*")))
        for child in Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        origin.pause = 0.0
        for each in cut:
            assert isinstance(each.exception(), http.client.HTTPException | ConnectionError)
    # nginx keeps the lock of the killed worker for some seconds. Nobody is cut off meanwhile.
    assert {answer.body for answer in together(lambda: ask(node, FILM))} == {whole}
    assert eventually(lambda: ask(node, FILM).cache == "HIT", seconds=15)


def test_without_its_helper_a_node_still_fetches_once(node: Node, origin: Origin) -> None:
    node.sharer.kill()
    origin.delay = 0.2
    bodies = {answer.body for answer in together(lambda: ask(node, FILM))}
    assert bodies == {origin.objects[BUCKET + FILM]}
    assert len(origin.requests) == 1
    node.sharer.start()
    origin.delay, origin.pause = 0.0, 1.0
    for number in range(100):
        path = f"/v/0a/film/0123456789ab/later_{number}.cmfv"
        origin.objects[BUCKET + path] = content(MB, seed=2)
        if "SHARED" in {answer.cache for answer in together(lambda path=path: ask(node, path))}:
            break
    else:
        raise AssertionError("nginx never asks the helper again")


def test_a_bucket_that_is_silent_for_seconds_costs_one_fetch_or_few(node: Node, origin: Origin) -> None:
    origin.delay = 3.0
    bodies = {answer.body for answer in together(lambda: ask(node, FILM))}
    assert bodies == {origin.objects[BUCKET + FILM]}
    assert len(origin.requests) <= 2


def test_systemd_is_told_each_second_that_the_helper_runs(tmp_path: Path) -> None:
    script = Path(user_data.__file__).with_name("node-share.py")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        command = [sys.executable, script, tmp_path / "share", tmp_path]
        with subprocess.Popen(command, env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as helper:
            try:
                assert [systemd.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
                helper.send_signal(signal.SIGSTOP)
                time.sleep(0.5)
                systemd.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        systemd.recv(100)
                systemd.settimeout(3)
                with pytest.raises(TimeoutError):
                    systemd.recv(100)
            finally:
                helper.kill()
