"""Auto Scaling on the laptop: runs a node for each instance in service, and replaces the instance of a node that died.

Moto keeps the groups and their instances, but it starts no node and notices no failure. This loop polls moto. It does
the work of AWS's hypervisor and health checks.
"""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from local.clients import client
from local.serving.nodes import Node, Site

Targets = dict[str, list[tuple[str, str, int]]]
"""Target group ARN to its registered nodes, each an (instance id, address, port)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Instance:
    """An instance that is in service by Auto Scaling."""

    id: str
    region: str
    zone: str
    group: str
    """ARN of its Auto Scaling group."""
    target_groups: tuple[str, ...] = ()
    checked: bool = False
    """Whether its group uses the load balancer's health checks."""


@dataclass(frozen=True)
class Machine:
    """An instance's machine on the laptop."""

    instance: Instance
    state: Literal["booting", "running", "dead"]
    due: float = 0.0
    """Time at which the node of a booting machine starts, or a dead machine is reported. In seconds."""
    node: Node | None = None
    healthy: float = 0.0
    """Time at which its node was last healthy. In seconds."""


class Action(NamedTuple):
    """launch: make a machine whose node starts at `due`. start: start its node. report: report it as unhealthy. remove:
    stop and remove it."""

    verb: Literal["launch", "start", "report", "remove"]
    instance: Instance
    due: float = 0.0


def decide(
    observed: Mapping[str, Machine], desired: Mapping[str, Instance], *, now: float, boot_seconds: float
) -> list[Action]:
    """The steps that make the machines those of the `desired` instances. Both have instance ids as keys. `now` is in
    seconds."""
    actions: list[Action] = []
    groups = {machine.instance.group for machine in observed.values()}
    for identity, instance in desired.items():
        match observed.get(identity):
            case None:
                # The first machines of a group start at once, so that nobody waits for a demo.
                actions.append(Action("launch", instance, now + boot_seconds if instance.group in groups else now))
            case Machine(state="booting", due=due) if now >= due:
                actions.append(Action("start", instance))
            case Machine(state="dead", due=due) if now >= due:
                actions.append(Action("report", instance))
            case _:
                pass
    gone = [machine.instance for identity, machine in observed.items() if identity not in desired]
    return actions + [Action("remove", instance) for instance in gone]


class Fleets:
    """The nodes of every Auto Scaling group in these regions.

    `on_change` gets the registered targets at the start. Later it gets them on the watching thread when they change. A
    node is registered when it starts, and deregistered when its instance is gone. So a dead node stays a target until
    the balancer notices. `boot_seconds` is the time from an instance's launch to the start of its node.
    `notice_seconds` is the time from a node's death to its replacement. On AWS each takes minutes. If a group uses
    health checks, a node that answers none for `sick_seconds` counts as dead. `regions` may change. For `link` see
    `LaptopCloud`.
    """

    def __init__(
        self,
        endpoint_url: str,
        run_dir: Path,
        regions: Sequence[str],
        *,
        on_change: Callable[[Targets], None] = lambda _: None,
        boot_seconds: float = 20.0,
        notice_seconds: float = 10.0,
        sick_seconds: float = 20.0,
        poll_seconds: float = 1.0,
        link: Callable[[str, str], str] = lambda _, address: address,
    ) -> None:
        self.targets: Targets = {}
        self._endpoint_url, self._run_dir, self._on_change = endpoint_url, run_dir, on_change
        self._boot_seconds, self._notice_seconds, self._poll_seconds = boot_seconds, notice_seconds, poll_seconds
        self._sick_seconds, self._link = sick_seconds, link
        self.regions = regions
        self._machines: dict[str, Machine] = {}
        self._complaint = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fleets", daemon=True)

    @property
    def nodes(self) -> dict[str, Node]:
        """Instance id to node, for each node that was started and whose instance exists. Also dead nodes."""
        return {identity: machine.node for identity, machine in list(self._machines.items()) if machine.node}

    def start(self) -> None:
        """Start the desired nodes, wait until they are healthy, and then watch them. Raises NodeError."""
        for _ in ("launch", "start"):
            self._step()
        if not self.targets:
            self._on_change({})
        self._thread.start()

    def stop(self) -> None:
        """End the watching thread, and then every node."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Node.stop, self.nodes.values()))

    def _watch(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self._step()
                self._complaint = ""
            except Exception as error:
                # If a group is being deleted, or a node does not start, the others must still be watched.
                if type(error).__name__ != self._complaint:
                    log.warning("fleets: nodes are not watched as long as this error lasts: %s", error)
                self._complaint = type(error).__name__

    def _examine(self) -> None:
        """Find out which nodes died."""
        running = [machine for machine in self._machines.values() if machine.state == "running"]
        with ThreadPoolExecutor(8) as pool:
            well = list(pool.map(_well, running))
        now = time.monotonic()
        for machine, fine in zip(running, well, strict=True):
            identity = machine.instance.id
            if fine:
                self._machines[identity] = replace(machine, healthy=now)
            elif (machine.node and not machine.node.alive()) or now - machine.healthy > self._sick_seconds:
                self._machines[identity] = replace(machine, state="dead", due=now + self._notice_seconds)

    def _step(self) -> None:
        self._examine()
        desired, now = self._desired(), time.monotonic()
        actions = decide(self._machines, desired, now=now, boot_seconds=self._boot_seconds)
        try:
            starts = [action for action in actions if action.verb == "start"]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(self._act, starts))
            for action in actions:
                if action.verb == "start":
                    continue
                if action.verb == "remove":
                    # The node is deregistered before it stops, so that the balancer sends it no more requests.
                    self._announce(desired)
                self._act(action)
        finally:
            self._announce(desired)

    def _aws(self, service: str, region: str) -> Any:
        return client(service, region, self._endpoint_url)

    def _desired(self) -> dict[str, Instance]:
        found: dict[str, Instance] = {}
        for region in self.regions:
            pages = self._aws("autoscaling", region).get_paginator("describe_auto_scaling_groups").paginate()
            for group in itertools.chain.from_iterable(page["AutoScalingGroups"] for page in pages):
                arn, targets = group["AutoScalingGroupARN"], tuple(group.get("TargetGroupARNs", ()))
                for instance in group["Instances"]:
                    if instance["LifecycleState"] == "InService":
                        identity = instance["InstanceId"]
                        zone, checked = instance["AvailabilityZone"], group["HealthCheckType"] == "ELB"
                        found[identity] = Instance(identity, region, zone, arn, targets, checked)
        return found

    def _act(self, action: Action) -> None:
        instance = action.instance
        match action.verb:
            case "launch":
                self._machines[instance.id] = Machine(instance, "booting", action.due)
            case "start":
                node = self._node(instance)
                self._machines[instance.id] = Machine(instance, "running", node=node, healthy=time.monotonic())
                node.start()
            case "report":
                scaling = self._aws("autoscaling", instance.region)
                scaling.set_instance_health(InstanceId=instance.id, HealthStatus="Unhealthy")
                # Moto only stores the health status. But it replaces an instance that is terminated.
                self._aws("ec2", instance.region).terminate_instances(InstanceIds=[instance.id])
            case "remove":
                machine = self._machines.pop(instance.id)
                if machine.node:
                    machine.node.stop()

    def _node(self, instance: Instance) -> Node:
        machines = self._aws("ec2", instance.region)
        attribute = machines.describe_instance_attribute(InstanceId=instance.id, Attribute="userData")
        site = Site(
            instance_id=instance.id,
            zone=instance.zone,
            address=_address(os.getpid()),
            directory=self._run_dir / "nodes" / instance.id,
            access_log=self._run_dir / "logs" / f"node-{instance.id}.jsonl",
            endpoint_url=f"http://{self._link(f's3 {instance.id}', self._endpoint_url.removeprefix('http://'))}",
        )
        return Node(site, attribute["UserData"]["Value"])

    def _announce(self, desired: Mapping[str, Instance]) -> None:
        targets: Targets = {}
        for identity, node in sorted(self.nodes.items()):
            if identity in desired:
                for arn in desired[identity].target_groups:
                    address = self._link(f"node {identity}", f"{node.site.address}:{node.port}")
                    host, _, port = address.partition(":")
                    targets.setdefault(arn, []).append((identity, host, int(port)))
        if targets != self.targets:
            self.targets = targets
            self._on_change(targets)


def _well(machine: Machine) -> bool:
    node = machine.node
    if node is None or not node.alive():
        return False
    node.restart_helpers()
    return not machine.instance.checked or node.healthy()


_hosts = itertools.cycle(range(1, 255))


def _address(pid: int) -> str:
    """A loopback address for one node of this process. No other laptop cloud uses it."""
    return f"127.{64 + pid // 256 % 128}.{pid % 256}.{next(_hosts)}"
