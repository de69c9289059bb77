"""Part four: the declared cache node beside other caches, from Debian's packages, over the same origin and load.

Each keeps its objects in memory; the node's files are in the page cache. A cache that is not installed is left out,
with a message. The rivals are configured as in their manuals. HAProxy keeps no object that is larger than half
of its cache. For each cache the bench measures the processor time of hits, compared with static files, and how long a
crowd of viewers waits for a segment that is not in the cache, while the origin sends 4 MB/s on each connection.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import serving
from bench.figures import Row
from bench.load import LoadError, crowd
from bench.register_program import PROJECT
from bench.serving import CROWD, FOLDER, RATE, Server, Servers
from local.engine import run_program
from local.processes import ManagedProcess, free_port

PART = "Rivals"
ROUNDS = 3
COMMANDS: dict[str, list[str]] = {
    "Varnish": [
        *("varnishd", "-F", "-j", "none", "-a", "127.0.0.1:@PORT@", "-b", "127.0.0.1:@ORIGIN@"),
        *("-n", "@HOME@", "-s", "malloc,256m", "-p", "default_ttl=3600"),
    ],
    "Traffic Server": ["traffic_server", "--run-root=@HOME@/runroot.yaml"],
    "HAProxy": ["haproxy", "-f", "@HOME@/haproxy.cfg"],
}


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure hits and a crowd, for the node and for each installed rival."""
    deployment = run_program(PROJECT, stack="local")
    installed = {name: command for name, command in COMMANDS.items() if shutil.which(command[0])}
    for name in COMMANDS.keys() - installed.keys():
        say(f"{name} is not installed: left out (on Debian: apt-get install {name.lower().replace(' ', '')})")
    found: dict[str, list[float]] = {}

    def note(key: str, value: float) -> None:
        found.setdefault(key, []).append(value)

    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        with serving.servers(deployment) as servers:
            rivals = {name: _start(name, command, servers) for name, command in installed.items()}
            try:
                for name, server in {"static files": servers.static, "node": servers.node, **rivals}.items():
                    _hits(name, server, note)
                    if server is not servers.static:
                        _crowd(name, server, servers, note)
            finally:
                for process in servers.more:
                    process.stop()
    names = ["node", *installed]
    rows = [
        Row(
            PART,
            f"{name}, processor for {what}",
            unit,
            found[f"{name}, {what}"],
            "static files",
            found[f"static files, {what}"],
        )
        for what, unit in (("1 GB of segments", "s"), ("a manifest", "µs"))
        for name in names
    ]
    for what, unit in (("origin fetches", ""), ("first byte", "ms"), ("whole segment", "ms")):
        rows += [
            Row(PART, f"{CROWD} viewers miss a segment, {name}: {what}", unit, found[f"{name}, {what}"])
            for name in names
        ]
    return rows


def _hits(name: str, server: Server, note: Callable[[str, float], None]) -> None:
    server.serve([["hit.cmfv", "hit.m3u8"]] * 4, 10 * RATE)
    note(f"{name}, 1 GB of segments", serving.segments_cpu(server))
    note(f"{name}, a manifest", serving.manifests_cpu(server))


def _crowd(name: str, server: Server, servers: Servers, note: Callable[[str, float], None]) -> None:
    path = f"{server.prefix}{FOLDER}/crowd.cmfv"
    before = serving.requests_for_crowd(servers)
    waits = crowd(server.address, path, CROWD)
    note(f"{name}, origin fetches", serving.requests_for_crowd(servers) - before)
    note(f"{name}, first byte", median(first for first, _ in waits) * 1000)
    note(f"{name}, whole segment", median(whole for _, whole in waits) * 1000)


def _start(name: str, command: list[str], servers: Servers) -> Server:
    """Start a rival in front of the bench's origin, on the servers' processor."""
    home, port = servers.folder / name.lower().replace(" ", ""), free_port()
    home.mkdir()
    values = {"@PORT@": str(port), "@ORIGIN@": str(servers.origin[1]), "@HOME@": str(home)}

    def fill(text: str) -> str:
        for key, value in values.items():
            text = text.replace(key, value)
        return text

    for path in Path(__file__).with_name("rivals_files").iterdir():
        (home / path.name).write_text(fill(path.read_text(encoding="utf-8")), encoding="utf-8")
    process = ManagedProcess(name, [fill(word) for word in command], servers.folder / f"logs/{home.name}.log")
    servers.more.append(process)
    with serving.on_the_servers_processor():
        process.start()
    server = Server(("127.0.0.1", port), (process.pid,), servers.static.prefix)
    if not process.wait_until(lambda: _answers(server), seconds=20):
        raise LoadError(f"{name} did not come up; {servers.folder}/logs/{home.name}.log says why")
    return server


def _answers(server: Server) -> bool:
    try:
        server.serve([["hit.m3u8"]], RATE)
    except (OSError, LoadError):
        return False
    return True
