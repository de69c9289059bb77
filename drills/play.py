"""One drill: starts the cloud and its viewers, injects one fault after another, and waits for recovery."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from components.edge.nearest_pop import nearest_pop
from drills.faults import Skipped, Stage, fault_film, forgetful, inject
from drills.links import Links
from drills.schedule import FLEETS, NODES, Fault
from drills.viewers import Crowd, Seen, content
from local.cloud import LaptopCloud, world

COUNTRIES = ("US", "GB")
OBJECTS = 160
PATCH = "00112233445566778899aabbccddeeff"
AFTER = 2.0
"""Seconds for which viewers continue after the recovery, so that late errors are seen too."""
LIMIT = 180.0
"""Seconds to wait for the recovery. A stack that takes longer counts as one that a person must repair."""


@dataclass(frozen=True)
class Outcome:
    """The result of one fault."""

    fault: Fault
    seen: Seen
    recovered: float | None
    """Seconds from the end of the fault until every part served again. If an encoder was killed: until its film was
    published. None if it did not recover by itself."""
    note: str = ""
    stood: float | None = None
    """Seconds for which the player's picture stood still. None if no player runs."""

    @property
    def skipped(self) -> bool:
        """Whether the fault was skipped, because this machine or commit cannot have it."""
        return self.note.startswith("skipped: ")

    @property
    def good(self) -> bool:
        """Whether there was no wrong byte and no failed request, and the stack recovered by itself."""
        return not self.seen.wrong and not self.seen.failed and self.recovered is not None


@contextmanager
def drilled(seed: int, *, viewers: int = 6) -> Generator[tuple[Stage, Crowd]]:
    """Start a laptop cloud of two regions, with links between its tiers, objects of known bytes, and viewers."""
    os.environ.setdefault("HEADEND_X264_PRESET", "ultrafast")
    run_dir, links = Path(tempfile.mkdtemp(prefix="hdrill-")), Links()
    config = {"regions": world(2), "fleets": str(FLEETS), "nodesPerFleet": {"min": NODES, "max": NODES + 1}}
    cloud = LaptopCloud(run_dir, config=config, boot_seconds=2, link=links.between)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, run_dir, ignore_errors=True)
        stack.callback(links.stop)
        stack.callback(cloud.stop)
        cloud.start()
        stage = Stage(cloud, links)
        crowd = Crowd(cloud.url, _publish(cloud), COUNTRIES, seed=seed, viewers=viewers)
        crowd.warm_up()
        crowd.take()
        stack.enter_context(forgetful(cloud))
        crowd.start()
        stack.callback(crowd.stop)
        yield stage, crowd


def play(
    stage: Stage, crowd: Crowd, faults: Sequence[Fault], stalled: Callable[[], float | None] = lambda: None
) -> Iterator[Outcome]:
    """Play the faults one after another. `stalled` returns for how long the player's picture stood still."""
    for fault in faults:
        stalled()
        outcome = _play(stage, crowd, fault)
        yield replace(outcome, stood=stalled())


def _play(stage: Stage, crowd: Crowd, fault: Fault) -> Outcome:
    crowd.take()
    note = ""
    if fault.what == "bucket" and fault.how == "cut":
        _fill(stage, crowd.paths)
        crowd.warm_only.set()
        time.sleep(1)  # requests for other objects end within this time
        crowd.take()
    ended = time.monotonic()
    try:
        with inject(stage, fault):
            time.sleep(fault.seconds)
        ended = time.monotonic()
    except Skipped as reason:
        note = f"skipped: {reason}"
    recovered = _recover(stage, ended)
    crowd.warm_only.clear()
    if fault.what == "encoder" and not note:
        state = stage.published(fault_film(stage))
        recovered = time.monotonic() - ended if state == "PUBLISHED" else None
        note = "" if state == "PUBLISHED" else f"the film is {state or 'unknown'}"
    time.sleep(AFTER)
    seen = crowd.take()
    return Outcome(fault, seen, recovered, note or "; ".join(seen.examples))


def _publish(cloud: LaptopCloud) -> dict[str, int]:
    """Write objects of many sizes that belong to all fleets. Returns path to size in bytes, the popular ones first."""
    s3, bucket, objects = cloud.client("s3"), cloud.deployment.exports["media_bucket"], dict[str, int]()
    for number in range(OBJECTS):
        path = f"/v/{number % 16:x}{number % 7}/film-{number % 9}/{number:012x}/video_{number}.cmfv"
        objects[path] = 2_000 + 9_173 * (number % 23)
        s3.put_object(Bucket=bucket, Key=path[1:], Body=content(path, objects[path]))
    time.sleep(3)  # until the replicas have the objects
    return objects


def _fill(stage: Stage, paths: Sequence[str]) -> None:
    """Let each node cache all objects of its fleet. Nodes of a fleet do not share a cache, so each needs its own."""
    for region in range(len(stage.regions)):
        for fleet in range(FLEETS):
            owned = [path for path in paths if int(path[3], 16) * FLEETS // 16 == fleet]
            for node in stage.nodes(region, fleet):
                for path in owned:
                    requests.get(f"http://{node.site.address}:{node.port}{path}", timeout=10)


def _recover(stage: Stage, since: float) -> float | None:
    """Seconds from `since` until all is well, as two checks in a row have seen. None after LIMIT seconds."""
    whole, deadline, found = 0, since + LIMIT, 0.0
    while time.monotonic() < deadline:
        if _whole(stage):
            found, whole = found if whole else time.monotonic(), whole + 1
            if whole == 2:
                return found - since
        else:
            whole = 0
        time.sleep(0.5)
    return None


def _whole(stage: Stage) -> bool:
    """Whether each fleet has all its nodes and they are healthy, the nearest region serves each viewer, and the API
    answers."""
    nodes, cloud = stage.nodes(), stage.cloud
    if len(nodes) != len(stage.regions) * FLEETS * NODES or not all(node.healthy() for node in nodes):
        return False
    by_id = {node.site.instance_id: node for node in nodes}
    try:
        for country in COUNTRIES:
            for digit in range(0, 16, 16 // FLEETS):
                path = f"/v/{digit:x}0/probe/{time.monotonic_ns() % 10**12:012d}/x.cmfv"
                cloud.client("s3").put_object(Bucket=_bucket(stage, country), Key=path[1:], Body=b"x")
                answer = requests.get(cloud.url + path, cookies={"laptop-country": country}, timeout=10)
                node = by_id.get(answer.headers.get("X-Node", ""))
                if node is None or node.site.zone[:-1] != nearest_pop(country, stage.regions):
                    return False
        return requests.get(f"{cloud.url}/api/titles", timeout=10).ok
    except requests.RequestException:
        return False


def _bucket(stage: Stage, country: str) -> str:
    """The media bucket of the region that is nearest to a country."""
    deployment, region = stage.cloud.deployment, nearest_pop(country, stage.regions)
    if region == stage.cloud.region:
        return deployment.exports["media_bucket"]
    return next(
        item.id for item in deployment.of_type("aws:s3/bucket:Bucket") if item.name.startswith(f"media-{region}")
    )
