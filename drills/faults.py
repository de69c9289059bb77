"""Injects faults into a laptop cloud and ends them again. Each kind of fault is a context manager.

It touches only processes that the drilled cloud started. It finds them through the cloud's own objects, or by the
cloud's process group.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from drills.links import Links
from drills.schedule import FLEETS, NODES, Fault
from lambdas.titles import title_id
from local.cloud import PROJECT, WORLD, LaptopCloud, world
from local.demo import make_clip
from local.serving.nodes import Node

SCRUB = PROJECT / "components/serving/cache_node/node-scrub.py"
FULL_MB = 16


class Skipped(Exception):
    """This machine or this commit cannot have the fault. The message says why."""


class Process(Protocol):
    """A process that leads a process group."""

    @property
    def pid(self) -> int:
        """Id of the process, and of its group."""
        ...


class Stage:
    """The cloud in which a drill injects faults, with the numbers that a Fault uses."""

    def __init__(self, cloud: LaptopCloud, links: Links) -> None:
        self.cloud, self.links = cloud, links
        self.regions, self.uploads = list(WORLD[:2]), 0

    def deploy(self, fleets: int = FLEETS, drained: Sequence[str] = ()) -> None:
        """Deploy the program again, with `fleets` in each region. Regions in `drained` get no viewers."""
        regions = world(len(self.regions), drained=drained)
        self.cloud.update({"regions": regions, "fleets": str(fleets)})

    def nodes(self, region: int | None = None, fleet: int | None = None) -> list[Node]:
        """The nodes of a fleet, of a region, or of all regions, in the same order in each run of the drill."""
        found = sorted(self.cloud.fleets.nodes.values(), key=lambda node: (node.fleet, node.site.address))
        if region is not None:
            found = [node for node in found if node.site.zone[:-1] == self.regions[region]]
        if fleet is not None:
            names = sorted({node.fleet for node in found})
            found = [node for node in found if names and node.fleet == names[fleet % len(names)]]
        return found

    def node(self, fault: Fault) -> Node:
        """The node of a fault."""
        nodes = self.nodes(fault.region, fault.fleet)
        if not nodes:
            raise Skipped("its fleet has no node")
        return nodes[fault.node % len(nodes)]

    def ours(self, *words: str) -> list[int]:
        """Ids of the child processes of this cloud's AWS. Each word is in the command line or the working directory."""
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().decode(errors="replace")
                place = str((process / "cwd").readlink())
                group = os.getpgid(int(process.name))
                if group == self.cloud.aws.pid and all(word in command or word in place for word in words):
                    found.append(int(process.name))
        return [pid for pid in found if pid != self.cloud.aws.pid]

    def published(self, film: str) -> str:
        """Wait for the end of an uploaded film's workflow. Returns the title's state, or "" if there is no title."""
        deadline, state = time.monotonic() + 180, ""
        while time.monotonic() < deadline and state in ("", "PROCESSING", "REGISTERED"):
            state = (self.cloud.row(title_id(film)) or {}).get("state", "")
            time.sleep(1)
        return state


def fault_film(stage: Stage) -> str:
    """The name of the last film whose encoder was killed."""
    return f"drilled {stage.uploads}.mp4"


def inject(stage: Stage, fault: Fault) -> AbstractContextManager[None]:
    """A context manager that injects the fault and ends it. Raises Skipped."""
    return KINDS[f"{fault.what} {fault.how}"](stage, fault)


def _signal(
    ids: Sequence[int], number: signal.Signals, send: Callable[[int, signal.Signals], None] = os.killpg
) -> None:
    """Signal process groups, or with `os.kill` single processes, as far as they still run."""
    for each in ids:
        with contextlib.suppress(ProcessLookupError):
            send(each, number)


@contextmanager
def _frozen(groups: Sequence[int]) -> Generator[None]:
    _signal(groups, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(groups, signal.SIGCONT)


@contextmanager
def _meanwhile(work: Callable[[threading.Event], None]) -> Generator[None]:
    """Run `work` in a thread. The event that it is given is set when it must end."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _limping(groups: Sequence[int]) -> AbstractContextManager[None]:
    """Let the process groups run only for a tenth of the time."""

    def limp(over: threading.Event) -> None:
        while not over.is_set():
            _signal(groups, signal.SIGSTOP)
            over.wait(0.45)
            _signal(groups, signal.SIGCONT)
            over.wait(0.05)

    return _meanwhile(limp)


def _victims(stage: Stage, fault: Fault) -> list[Process]:
    match fault.what:
        case "node":
            return [stage.node(fault)]
        case "fleet":
            return [*stage.nodes(fault.region, fault.fleet)]
        case "every fleet":
            return [*stage.nodes()]
        case "balancer":
            return [stage.cloud.balancers[stage.regions[fault.region]].process]
        case "edge":
            return [stage.cloud.edge.process]
        case _:
            return [*stage.nodes(fault.region), stage.cloud.balancers[stage.regions[fault.region]].process]


@contextmanager
def _kill(stage: Stage, fault: Fault) -> Generator[None]:
    _signal([process.pid for process in _victims(stage, fault)], signal.SIGKILL)
    yield


def _freeze(stage: Stage, fault: Fault) -> AbstractContextManager[None]:
    return _frozen([process.pid for process in _victims(stage, fault)])


def _slow(stage: Stage, fault: Fault) -> AbstractContextManager[None]:
    return _limping([process.pid for process in _victims(stage, fault)])


def _cut(stage: Stage, fault: Fault) -> AbstractContextManager[None]:
    region = f"balancer {stage.regions[fault.region]}"
    if fault.what == "balancer":
        return stage.links.cut(region)
    if fault.what == "bucket":
        return stage.links.cut("s3 ")
    nodes = stage.nodes(fault.region, None if fault.what == "region" else fault.fleet)
    ids = [(stage.node(fault) if fault.what == "node" else node).site.instance_id for node in nodes]
    names = [f"{way} {name}" for name in ids for way in ("node", "s3")]
    return stage.links.cut(*names, *([region] if fault.what == "region" else []))


def _slow_bucket(stage: Stage, _: Fault) -> AbstractContextManager[None]:
    return stage.links.slow(1.0, "s3 ")


@contextmanager
def _fill_disk(stage: Stage, fault: Fault) -> Generator[None]:
    """Mount a small, full disk over the node's cache disk. So the node also loses its cache."""
    node = stage.node(fault)
    disk = node.site.directory / "disk"
    if os.geteuid():
        raise Skipped("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={FULL_MB}m", "none", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise Skipped("this machine may not mount a small disk")
    try:
        for name in ("cache", "health", "temp"):
            (disk / name).mkdir()
        with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
            filler.write(b"\0" * (FULL_MB << 20))
        yield
        (disk / "filler").unlink(missing_ok=True)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


@contextmanager
def _corrupt(stage: Stage, fault: Fault) -> Generator[None]:
    """Damage a tenth of the files in the node's cache: change a byte, or cut off the end. Then run the node's scrub."""
    if not SCRUB.exists():
        raise Skipped("the nodes of this commit have no scrub, so damage would stay")
    node, dice = stage.node(fault), random.Random(fault.node)  # noqa: S311 - each run must damage the same files
    with _frozen([node.pid]):
        cache = node.site.directory / "disk/cache"
        files = sorted(path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 2048)
        for number, path in enumerate(files[:: max(1, len(files) // 10)]):
            with path.open("r+b") as file:
                if number % 2:
                    file.truncate(path.stat().st_size - dice.randrange(1, 1000))
                else:
                    file.seek(path.stat().st_size - dice.randrange(1, 1000))
                    file.write(b"\xff\x00\xff")
        subprocess.run([sys.executable, str(SCRUB), str(cache)], check=True, capture_output=True)
    yield


@contextmanager
def _functions(stage: Stage, fault: Fault) -> Generator[None]:
    pids = stage.ours("sandbox.py")
    _signal(pids, signal.SIGKILL if fault.how == "kill" else signal.SIGSTOP, os.kill)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT, os.kill)


@contextmanager
def _encoder(stage: Stage, _: Fault) -> Generator[None]:
    """Upload a film and kill its encoder while it runs. `published` then says how the workflow ended."""
    stage.uploads += 1
    name = fault_film(stage)
    film = stage.cloud.run_dir / "film.mp4"
    if not film.exists():
        make_clip(film)
    stage.cloud.client("s3").upload_file(str(film), stage.cloud.deployment.exports["uploads_bucket"], name)
    deadline = time.monotonic() + 60
    while not (pids := stage.ours("libx264")) and time.monotonic() < deadline:
        time.sleep(0.05)
    if not pids:
        raise Skipped("no encoder was running within a minute")
    _signal(pids, signal.SIGKILL, os.kill)
    yield


@contextmanager
def _capacity(stage: Stage, fault: Fault) -> Generator[None]:
    """Add one node to a fleet, and remove it at the end."""
    node = stage.node(fault)
    scaling = stage.cloud.client("autoscaling", stage.regions[fault.region])
    groups = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    name = next(
        group["AutoScalingGroupName"]
        for group in groups
        if node.site.instance_id in [instance["InstanceId"] for instance in group["Instances"]]
    )
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=NODES + 1)
    before = len(stage.nodes())
    _wait(lambda: len(stage.nodes()) > before, 60)
    yield
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=NODES)


@contextmanager
def _fleets(stage: Stage, _: Fault) -> Generator[None]:
    """Double the number of fleets, and go back at the end."""
    stage.deploy(fleets=2 * FLEETS)
    yield
    stage.deploy()


@contextmanager
def _serving(stage: Stage, _: Fault) -> Generator[None]:
    """Drain the second region, and let it serve again at the end."""
    stage.deploy(drained=stage.regions[1:])
    yield
    stage.deploy()


def _wait(ready: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.2)


def forgetful(cloud: LaptopCloud, seconds: float = 2.0) -> AbstractContextManager[None]:
    """Empty the edge's cache every few seconds, so that viewers' requests reach the tiers behind it."""

    def forget(over: threading.Event) -> None:
        while not over.wait(seconds):
            for folder in (cloud.run_dir / "edge/cache").glob("*"):
                shutil.rmtree(folder, ignore_errors=True)

    return _meanwhile(forget)


KINDS: dict[str, Callable[[Stage, Fault], AbstractContextManager[None]]] = {
    **{f"{what} kill": _kill for what in ("node", "fleet", "balancer", "edge", "region", "every fleet")},
    **{f"{what} freeze": _freeze for what in ("node", "fleet", "balancer", "edge", "region")},
    **{f"{what} slow": _slow for what in ("node", "balancer")},
    **{f"{what} cut": _cut for what in ("node", "fleet", "balancer", "bucket", "region")},
    "node fill": _fill_disk,
    "node corrupt": _corrupt,
    "bucket slow": _slow_bucket,
    "function kill": _functions,
    "function freeze": _functions,
    "encoder kill": _encoder,
    "capacity change": _capacity,
    "fleets change": _fleets,
    "serving change": _serving,
}
