"""The laptop cloud as a whole: AWS's APIs, the deployed program, and the servers that its resources stand for."""

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.aws.clients import client
from local.engine import Deployment, run_program
from local.processes import ManagedProcess, free_port
from local.resources import Realiser
from local.serving.balancer import Balancer, Targets
from local.serving.bridge import bridges
from local.serving.edge import Edge
from local.serving.fleet import Fleets

PROJECT = Path(__file__).parent.parent


class CloudError(Exception):
    """The laptop cloud cannot start; the message says why, and what to do."""


class LaptopCloud:
    """Everything that runs, in the order in which it starts. `stop` ends it in the opposite order, from any state: how
    to end a process is noted before it is started.

    `run_dir` must be short (it holds sockets) and is the caller's to delete. `config` overrides keys of the local
    stack's. `boot_seconds`: see `Fleets`.
    """

    deployment: Deployment
    balancer: Balancer
    fleets: Fleets
    edge: Edge

    def __init__(self, run_dir: Path, *, config: Mapping[str, Any] | None = None, boot_seconds: float = 20.0) -> None:
        self.run_dir, self._config, self._boot_seconds = run_dir, config, boot_seconds
        self._stops = contextlib.ExitStack()
        self.endpoint = ""

    def start(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Start it all; `say` hears of each step. Raises CloudError, ProgramError, NodeError or NotOnLaptop."""
        # Debian keeps nginx and haproxy in sbin, which the PATH of a user who is not root lacks.
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

    def stop(self) -> None:
        """End every process; what fails to stop does not keep the rest from being stopped."""
        self._stops.close()

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this cloud."""
        return client(service, region or self.region, self.endpoint)

    @property
    def region(self) -> str:
        """The home region."""
        return self.deployment.exports["region"]

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.edge.url

    def _start_aws(self) -> None:
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "local.aws", "--port", str(port), "--run-dir", str(self.run_dir)]
        log = self.run_dir / "logs" / "aws.log"
        process = ManagedProcess("aws", command, log)
        self._stops.callback(process.stop)
        process.start()
        if not process.wait_until(lambda: _accepts(port), seconds=60):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise CloudError(f"AWS's APIs did not start; {log} ends with:\n{tail}")

    def _start_serving(self) -> None:
        resources = self.deployment.registrations
        functions = bridges(resources, self.endpoint)
        for bridge in functions:
            bridge.start()
            self._stops.callback(bridge.stop)
        self.balancer = Balancer(resources, self.run_dir)
        self._stops.callback(self.balancer.stop)
        targets: Targets = {bridge.target_group_arn: [bridge.target] for bridge in functions}
        regions = sorted({item.region for item in self.deployment.of_type("aws:autoscaling/group:Group")})
        self.fleets = Fleets(
            self.endpoint,
            self.run_dir,
            regions,
            on_change=lambda nodes: self.balancer.serve({**nodes, **targets}),
            boot_seconds=self._boot_seconds,
        )
        self._stops.callback(self.fleets.stop)
        self.fleets.start()
        s3 = self.endpoint.removeprefix("http://")
        self.edge = Edge(resources, self.run_dir, s3=s3, balancers=self.balancer.addresses)
        self._stops.callback(self.edge.stop)
        self.edge.start()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
