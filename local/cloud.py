"""The whole laptop cloud: AWS's APIs, the deployed program, and servers that do the work of its resources."""

import contextlib
import logging
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facts.regions import REGIONS
from lambdas.rows import Row, plain
from local.clients import client
from local.engine import Deployment, run_program
from local.engine.model import Registration
from local.processes import ManagedProcess, free_port
from local.resources import Changer, Realiser
from local.serving.balancer import Balancer, Targets
from local.serving.bridge import Bridge, bridges
from local.serving.edge import Edge
from local.serving.fleet import Fleets

PROJECT = Path(__file__).parent.parent
WORLD = ("us-east-1", "eu-west-1", "ap-southeast-1", "sa-east-1")
"""The regions of a laptop cloud with several regions. The first is home."""

PATIENCE = 3
"""How many checks in a row a tier may fail to answer, for some seconds each, before it counts as frozen."""

log = logging.getLogger(__name__)


class CloudError(Exception):
    """The laptop cloud cannot start. The message says why, and what to do."""


def world(count: int, drained: Sequence[str] = ()) -> dict[str, Any]:
    """The config key `regions` with the first `count` regions of WORLD. Those in `drained` serve nobody."""
    return {
        region: {
            "cidr": f"10.{number}.0.0/16",
            "zones": [f"{REGIONS[region].zone_prefix}-az1", f"{REGIONS[region].zone_prefix}-az2"],
            "ami": "ami-00000000000000000",
            "serving": region not in drained,
        }
        for number, region in enumerate(WORLD[:count])
    }


class LaptopCloud:
    """Starts all processes in order. `stop` ends them in the opposite order, from any state, since the way to end a
    process is noted before it starts. A process that AWS would start again is started again: a balancer or an edge that
    died or froze, and a node that its fleet replaces.

    The path `run_dir` must be short, since it holds sockets; the caller deletes the folder. `config` overrides keys of
    the local stack. `boot_seconds`: see `Fleets`. `link` may put something between two tiers: it gets a name and the
    address "host:port", and returns the address to use instead.
    """

    deployment: Deployment
    balancers: dict[str, Balancer]
    """Balancers by region."""
    fleets: Fleets
    edge: Edge

    def __init__(
        self,
        run_dir: Path,
        *,
        config: Mapping[str, Any] | None = None,
        boot_seconds: float = 20.0,
        link: Callable[[str, str], str] = lambda _, address: address,
    ) -> None:
        self.run_dir, self._config, self._boot_seconds, self._link = run_dir, dict(config or {}), boot_seconds, link
        self._stops = contextlib.ExitStack()
        self._stopping, self._changing = threading.Event(), threading.RLock()
        self._left: list[Registration] = []
        self._bridges: dict[str, Bridge] = {}
        self._nodes: Targets = {}
        self.endpoint = ""

    def start(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Start everything; `say` gets each step. Raises CloudError, ProgramError, NodeError or NotOnLaptop."""
        # Debian keeps nginx and haproxy in /usr/sbin, which is not in the PATH of a user who is not root.
        os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin"
        missing = [program for program in ("nginx", "haproxy", "ffmpeg", "ffprobe") if not shutil.which(program)]
        if missing:
            raise CloudError(f"not installed: {', '.join(missing)}; `make setup` installs them on Debian and Ubuntu")
        say("Starting AWS's APIs")
        self._start_aws()
        say("Deploying the program")
        self.deployment = run_program(PROJECT, stack="local", provider=Realiser(self.endpoint), config=self._config)
        say("Starting cache nodes, load balancer and edge")
        self._start_serving()

    def update(self, config: Mapping[str, Any]) -> None:
        """Deploy the program again with other `config` while everything serves, as `pulumi up` does on a live stack.

        Raises the errors of `start`, and ProgramError for a change that the laptop cannot make in place.
        """
        with self._changing:
            wanted = {**self._config, **config}
            before = self.deployment.registrations
            provider = Changer(self.endpoint, [*self._left, *before])
            self.deployment = run_program(PROJECT, stack="local", provider=provider, config=wanted)
            self._config = wanted
            declared = {(item.type, item.name, item.region) for item in self.deployment.registrations}
            gone = [item for item in before if (item.type, item.name, item.region) not in declared]
            self._start_bridges()
            self._make_balancers()
            self.fleets.regions = list(self.balancers)
            # As Pulumi does: what goes is deleted last, when nothing points at it any more.
            self._update_balancers(gone)
            self.edge.update(self.deployment.registrations, self._origins())
            if gone:
                self._update_balancers([])
            self._left += provider.remove(gone)

    def stop(self) -> None:
        """End every process. If one fails to stop, the others are stopped all the same."""
        self._stopping.set()
        self._stops.close()

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this cloud."""
        return client(service, region or self.region, self.endpoint)

    def row(self, title: str) -> Row | None:
        """A title's row in the catalogue, which tells more of it than the API tells viewers."""
        table, key = self.deployment.exports["titles_table"], {"id": {"S": title}}
        found = self.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
        return plain(found["Item"]) if found.get("Item") else None

    @property
    def region(self) -> str:
        """The home region."""
        return self.deployment.exports["region"]

    @property
    def url(self) -> str:
        """URL of the page."""
        return self.edge.url

    def _start_aws(self) -> None:
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "local.aws", "--port", str(port), "--run-dir", str(self.run_dir)]
        log = self.run_dir / "logs" / "aws.log"
        self.aws = ManagedProcess("aws", command, log)
        self._stops.callback(self.aws.stop)
        self.aws.start()
        if not self.aws.wait_until(lambda: _accepts(port), seconds=60):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise CloudError(f"AWS's APIs did not start; {log} ends with:\n{tail}")

    def _start_serving(self) -> None:
        self._start_bridges()
        self.balancers = {}
        self._make_balancers()
        self.fleets = Fleets(
            self.endpoint,
            self.run_dir,
            list(self.balancers),
            on_change=self._serve,
            boot_seconds=self._boot_seconds,
            link=self._link,
        )
        self._stops.callback(self.fleets.stop)
        self.fleets.start()
        s3 = self._link("s3 edge", self.endpoint.removeprefix("http://"))
        resources, far = self.deployment.registrations, len(self.balancers) > 1
        self.edge = Edge(resources, self.run_dir, s3=s3, balancers=self._origins(), far=far)
        self._stops.callback(self.edge.stop)
        self.edge.start()
        keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        keeper.start()
        # `stop` ends the keeper first, so that it starts nothing again.
        self._stops.callback(keeper.join)

    def _start_bridges(self) -> None:
        for bridge in bridges(self.deployment.registrations, self.endpoint):
            if bridge.target_group_arn not in self._bridges:
                self._bridges[bridge.target_group_arn] = bridge
                self._stops.callback(bridge.stop)
                bridge.start()

    def _make_balancers(self) -> None:
        for region in sorted({item.region for item in self.deployment.of_type("aws:lb/loadBalancer:LoadBalancer")}):
            if region not in self.balancers:
                self.balancers[region] = Balancer(self._of_region(region), self.run_dir, f"balancer-{region}")
                self._stops.callback(self.balancers[region].stop)
                self.balancers[region].serve(self._targets(region))

    def _update_balancers(self, besides: Sequence[Registration]) -> None:
        for region, balancer in self.balancers.items():
            balancer.update([*self._of_region(region), *(item for item in besides if item.region == region)])

    def _of_region(self, region: str) -> list[Registration]:
        return [item for item in self.deployment.registrations if item.region == region]

    def _origins(self) -> dict[tuple[str, int], str]:
        """The address of each region's balancer, by (load balancer ARN, port), as the edge needs it."""
        return {
            key: self._link(f"balancer {region}", address)
            for region, balancer in self.balancers.items()
            for key, address in balancer.addresses.items()
        }

    def _targets(self, region: str) -> Targets:
        functions = {arn: [bridge.target] for arn, bridge in self._bridges.items()}
        return {arn: found for arn, found in {**self._nodes, **functions}.items() if arn.split(":")[3] == region}

    def _serve(self, nodes: Targets) -> None:
        self._nodes = nodes
        for region, balancer in list(self.balancers.items()):
            balancer.serve(self._targets(region))

    def _keep(self) -> None:
        """Until the end, start processes again that died or froze, as AWS does."""
        ill: dict[str, int] = {}
        while not self._stopping.wait(1):
            with self._changing:
                tiers = {f"balancer {region}": balancer for region, balancer in self.balancers.items()}
                for name, tier in {"edge": self.edge, **tiers}.items():
                    ill[name] = 0 if tier.answers() else ill.get(name, 0) + 1
                    if tier.process.alive() and ill[name] < PATIENCE:
                        continue
                    log.warning(
                        "the %s %s: it is started again", name, "is silent" if tier.process.alive() else "ended"
                    )
                    tier.process.kill()
                    try:
                        self.edge.start() if isinstance(tier, Edge) else tier.serve(self._targets(name.split()[1]))
                    except (RuntimeError, OSError):
                        log.exception("the %s does not start", name)
            if ill.setdefault("aws", 0) == 0 and not self.aws.alive():
                ill["aws"] = 1
                log.warning("AWS's APIs ended, and everything they held is lost; cached films still play")


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
