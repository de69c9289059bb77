"""Part three: the cost of serving for the declared cache node and the laptop's edge, compared with plain static files.

The servers are real, on loopback, and start again for each round: an nginx that serves static files and is also the
origin, a node from the declared launch template, the edge from the declared distribution, and an nginx cache without
any tuning. The servers have one processor, the viewers another. A cache's cost does not include the origin's.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Row
from bench.load import drive
from bench.register_program import PROJECT
from bench.usage import group_cpu
from local.engine import Deployment, run_program
from local.processes import ManagedProcess, free_port
from local.serving.edge import Edge
from local.serving.nodes import Node, Site

PART = "Serving"
PROCESSORS = os.sched_getaffinity(0)
ROUNDS = 4
VIEWERS, CROWD = 40, 200
RATE = 60e6 / 8
"""Bytes a second of each viewer. Players fill their buffers at several times the film's bitrate."""
SEGMENT, MANIFEST = 4 * 1024 * 1024, 8 * 1024
"""Sizes in bytes. Six seconds of the top rung are about 4 MB."""
MANIFESTS = 32
"""Manifests that each viewer reads in a round."""
MANIFESTS_A_SECOND = 75
"""Manifests of each viewer in a second. All viewers together ask for a tenth of what a processor can serve."""
FOLDER = "/v/00/bench/000000000000"
SETTLE = 0.2
"""Seconds in which a server finishes work after the answer: it names a cache file and writes a log."""


@dataclass
class Server:
    """A server to measure: the address of its objects, and its process groups."""

    address: tuple[str, int]
    groups: tuple[int, ...]
    prefix: str = ""
    hit: str = ""
    """The header line of an answer from its cache."""

    def cpu(self, names: list[list[str]], rate: float, mark: str) -> float:
        """Processor seconds in which it serves these objects. There is one list for each viewer."""
        before = self._cpu()
        self.serve(names, rate, mark)
        return sum(seconds - before.get(process, 0.0) for process, seconds in self._cpu().items())

    def _cpu(self) -> dict[int, float]:
        return {process: seconds for group in self.groups for process, seconds in group_cpu(group).items()}

    def serve(self, names: list[list[str]], rate: float, mark: str = "") -> None:
        """Let viewers read these objects."""
        drive(self.address, [[f"{self.prefix}{FOLDER}/{name}" for name in each] for each in names], rate, mark)


@dataclass
class Servers:
    """One set of running servers."""

    static: Server
    node: Server
    edge: Server
    untuned: Server
    fetches: Path
    """The origin's log, a line for each request."""
    origin: tuple[str, int]
    folder: Path
    """A folder for all of them, which is deleted at the end."""
    more: list[ManagedProcess] = field(default_factory=list[ManagedProcess])
    """Further processes that were started beside them."""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure processor time for segments and manifests, and how often the origin is asked by a crowd of viewers."""
    deployment = run_program(PROJECT, stack="local")
    rounds: list[dict[str, float]] = []
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        with servers(deployment) as up:
            rounds.append(_round(up))
    say("a crowd")
    with servers(deployment) as up:
        crowd = [_fetches(up, server) for server in (up.node, up.untuned)]

    def row(who: str, what: str, unit: str, against: str = "static files") -> Row:
        values, reference = ([each[f"{name}, {what}"] for each in rounds] for name in (who, against))
        return Row(PART, f"{who}, processor for {what}", unit, values, against, reference)

    return [
        *(row(who, "1 GB of segments", "s") for who in ("node hit", "edge hit", "node fill")),
        row("node fill", "1 GB of segments", "s", against="untuned cache's fill"),
        *(row(who, "a manifest", "µs") for who in ("node hit", "edge hit")),
        Row(PART, f"{CROWD} viewers miss an object, origin fetches", "", crowd[:1], "untuned cache", crowd[1:]),
    ]


def _round(servers: Servers) -> dict[str, float]:
    """Measure each figure once, one directly after the other."""
    for server in (servers.node, servers.edge):
        # Several viewers at once, so that each worker has served before the measurement.
        server.serve([["hit.cmfv", "hit.m3u8"]] * 4, 10 * RATE)
    time.sleep(SETTLE)
    figures: dict[str, float] = {}
    cold = [[f"cold_{viewer}.cmfv"] for viewer in range(VIEWERS)]
    for who, server in {"static files": servers.static, "node hit": servers.node, "edge hit": servers.edge}.items():
        figures[f"{who}, 1 GB of segments"] = segments_cpu(server)
        figures[f"{who}, a manifest"] = manifests_cpu(server)
    for who, server in {"node fill": servers.node, "untuned cache's fill": servers.untuned}.items():
        seconds = server.cpu(cold, RATE, "X-Node-Cache: MISS")
        figures[f"{who}, 1 GB of segments"] = seconds / (VIEWERS * SEGMENT / 1e9)
    return figures


def segments_cpu(server: Server) -> float:
    """Processor seconds for 1 GB of segments from its cache."""
    hot = [["hit.cmfv"] * 2] * VIEWERS
    return server.cpu(hot, RATE, server.hit) / (2 * VIEWERS * SEGMENT / 1e9)


def manifests_cpu(server: Server) -> float:
    """Processor microseconds for a manifest from its cache."""
    manifests = [["hit.m3u8"] * MANIFESTS] * VIEWERS
    return server.cpu(manifests, MANIFESTS_A_SECOND * MANIFEST, server.hit) / (VIEWERS * MANIFESTS / 1e6)


def _fetches(servers: Servers, server: Server) -> int:
    """Requests to the origin when a crowd asks a server for one object that is not in its cache."""
    before = requests_for_crowd(servers)
    server.serve([["crowd.cmfv"]] * CROWD, RATE)
    time.sleep(SETTLE)
    return requests_for_crowd(servers) - before


def requests_for_crowd(servers: Servers) -> int:
    return servers.fetches.read_text(encoding="ascii").count("/crowd.cmfv")


@contextlib.contextmanager
def servers(deployment: Deployment) -> Generator[Servers]:
    ports = {name: free_port() for name in ("STATIC", "ORIGIN", "UNTUNED")}
    origin, bucket = f"127.0.0.1:{ports['ORIGIN']}", str(deployment.exports["media_bucket"])
    with tempfile.TemporaryDirectory(prefix="headend-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        _write_files(folder / "files" / bucket)
        plain, untuned = (_nginx(folder, name, ports) for name in ("plain", "untuned"))
        node = _node(folder, deployment, origin)
        at = (node.site.address, node.port)
        listeners = deployment.of_type("aws:lb/listener:Listener")
        balancers = {(item.inputs["loadBalancerArn"], item.inputs["port"]): "{}:{}".format(*at) for item in listeners}
        edge = Edge(deployment.registrations, folder, s3=origin, balancers=balancers)
        stack.callback(os.sched_setaffinity, 0, PROCESSORS)
        with on_the_servers_processor():
            for server in (plain, untuned, node, edge):
                stack.callback(server.stop)
                server.start()
        os.sched_setaffinity(0, PROCESSORS - {max(PROCESSORS)} or PROCESSORS)
        time.sleep(SETTLE)
        yield Servers(
            static=Server(("127.0.0.1", ports["STATIC"]), (plain.pid,), f"/{bucket}"),
            node=Server(at, (node.pid, node.sharer.pid), hit="X-Node-Cache: HIT"),
            edge=Server(("127.0.0.1", edge.port), (edge.process.pid,), hit="X-Cache: Hit from cloudfront"),
            untuned=Server(("127.0.0.1", ports["UNTUNED"]), (untuned.pid,), f"/{bucket}"),
            fetches=folder / "plain/fetches.log",
            origin=("127.0.0.1", ports["ORIGIN"]),
            folder=folder,
        )


@contextlib.contextmanager
def on_the_servers_processor() -> Generator[None]:
    """Run on the servers' processor, which child processes inherit. If there is only one processor, all share it."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(PROCESSORS)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _write_files(bucket: Path) -> None:
    """Write the files of one title. The segments that are in no cache are one file under many names."""
    media = bucket / FOLDER.lstrip("/")
    media.mkdir(parents=True)
    for name, size in {"hit.cmfv": SEGMENT, "hit.m3u8": MANIFEST, "crowd.cmfv": SEGMENT}.items():
        (media / name).write_bytes(os.urandom(size))
    for viewer in range(VIEWERS):
        (media / f"cold_{viewer}.cmfv").hardlink_to(media / "hit.cmfv")


def _nginx(folder: Path, name: str, ports: Mapping[str, int]) -> ManagedProcess:
    """An nginx with the configuration `<name>.conf`, in a directory of this name."""
    text, home = Path(__file__).with_name(f"{name}.conf").read_text(encoding="utf-8"), folder / name
    user = "user root;" if os.geteuid() == 0 else ""
    for key, value in {**ports, "USER": user, "FILES": folder / "files"}.items():
        text = text.replace(f"@{key}@", str(value))
    home.mkdir()
    (home / "nginx.conf").write_text(text, encoding="utf-8")
    command = ["nginx", "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]
    return ManagedProcess(name, command, folder / "logs" / f"{name}.log")


def _node(folder: Path, deployment: Deployment, origin: str) -> Node:
    """A node, as its user data describes it."""
    template = deployment.of_type("aws:ec2/launchTemplate:LaunchTemplate")[0]
    site = Site(
        instance_id="i-bench",
        zone="bench",
        # An address in this process's own range, as for the nodes of a laptop cloud.
        address=f"127.{64 + os.getpid() // 256 % 128}.{os.getpid() % 256}.254",
        directory=folder / "node",
        access_log=folder / "logs/node.jsonl",
        endpoint_url=f"http://{origin}",
    )
    return Node(site, template.inputs["userData"])
