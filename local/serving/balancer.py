"""The laptop's Application Load Balancers: HAProxy, configured from the declared listeners, rules and target groups.

It behaves like an ALB. It never retries a request or sends it to another target. It answers 502 if a target resets or
refuses the connection, 504 if a target sends nothing for the idle timeout, and 503 if there is no target. If no target
is healthy, all of them get traffic ("fails open"). One difference: a new target gets traffic after healthyThreshold
passed checks, where an ALB needs only one. So it never gets traffic earlier than on AWS.
"""

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.engine.model import Registration
from local.processes import ManagedProcess, free_port
from local.serving.declared import NotOnLaptop, fill, of_type, unhonoured

Targets = Mapping[str, Sequence[tuple[str, str, int]]]
"""Target group ARN to its registered targets, each an (instance id, address, port)."""

LOAD_BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
RULE, TARGET_GROUP = "aws:lb/listenerRule:ListenerRule", "aws:lb/targetGroup:TargetGroup"
ALGORITHMS = {"round_robin": "roundrobin", "least_outstanding_requests": "leastconn"}
CHECK = {"path": "/", "matcher": "200", "interval": 30, "timeout": 5, "healthyThreshold": 5, "unhealthyThreshold": 2}
"""The defaults of an ALB: times in seconds, and numbers of checks."""


def haproxy_config(
    resources: Sequence[Registration], targets: Targets, *, ports: Mapping[str, int], state: Path, generation: int = 0
) -> str:
    """The text of haproxy.cfg for every declared load balancer.

    `ports` maps a listener's ARN to its port on 127.0.0.1. `state` is the file with the text of `server_state`. Raises
    NotOnLaptop with all properties that HAProxy would not honour.
    """
    if complaints := unhonoured(resources, "aws:lb/"):
        raise NotOnLaptop("\n".join(complaints))
    balancers = {balancer.id: balancer for balancer in of_type(resources, LOAD_BALANCER)}
    groups = {group.id: group for group in of_type(resources, TARGET_GROUP)}
    rules = sorted(of_type(resources, RULE), key=lambda rule: rule.inputs["priority"])
    backends: dict[str, str] = {}

    def backend(owner: Registration, action: Mapping[str, Any], idle: int) -> str:
        """Name of the backend for an action."""
        if action["type"] == "fixed-response":
            backends[owner.name] = f"backend {owner.name}\n    {_fixed(action['fixedResponse'])}"
            return owner.name
        group = groups[action["targetGroupArn"]]
        backends[group.name] = _group(group, targets.get(group.id, ()), idle)
        return group.name

    frontends: list[str] = []
    for listener in of_type(resources, LISTENER):
        idle = balancers[listener.inputs["loadBalancerArn"]].inputs.get("idleTimeout", 60)
        lines = [f"bind 127.0.0.1:{ports[listener.id]}", f"timeout client {idle}s"]
        lines.append("http-request set-header X-Forwarded-Proto http")
        lines.append(f"http-request set-header X-Forwarded-Port {listener.inputs['port']}")
        for rule in (rule for rule in rules if rule.inputs["listenerArn"] == listener.id):
            patterns = [value for test in rule.inputs["conditions"] for value in test["pathPattern"]["values"]]
            tests = " ".join(f"'{pattern_regex(pattern)}'" for pattern in patterns)
            lines.append(f"use_backend {backend(rule, rule.inputs['actions'][0], idle)} if {{ path -m reg {tests} }}")
        lines.append(f"default_backend {backend(listener, listener.inputs['defaultActions'][0], idle)}")
        frontends.append("\n    ".join([f"frontend {listener.name}", *lines]))
    values = {
        "STATE": state,
        "GENERATION": generation,
        "DRAIN": max((group.inputs.get("deregistrationDelay", 300) for group in groups.values()), default=300) or 1,
        "SECTIONS": "\n\n".join([*frontends, *backends.values()]),
    }
    return fill("balancer.cfg", values)


def pattern_regex(pattern: str) -> str:
    """An AWS path pattern as an anchored regular expression: `*` is any run of characters, `?` is exactly one."""
    return f"^{re.escape(pattern).replace(chr(92) + '*', '.*').replace(chr(92) + '?', '.')}$"


def _fixed(response: Mapping[str, Any]) -> str:
    body = str(response.get("messageBody") or "").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'http-request return status {response["statusCode"]} content-type {response["contentType"]} string "{body}"'


def _group(group: Registration, targets: Sequence[tuple[str, str, int]], idle: int) -> str:
    if not targets:
        return f'backend {group.name}\n    http-request return status 503 content-type text/plain string "no targets"'
    declared = {key: value for key, value in (group.inputs.get("healthCheck") or {}).items() if value is not None}
    check: dict[str, Any] = CHECK | {"enabled": group.inputs.get("targetType") != "lambda"} | declared
    checked = f" check inter {check['interval']}s fall {check['unhealthyThreshold']} rise {check['healthyThreshold']}"
    lines = [f"server {name} {host}:{port}{checked if check['enabled'] else ''}" for name, host, port in targets]
    lines += [f"server {name}:open {host}:{port} backup" for name, host, port in targets if check["enabled"]]
    values = {
        "NAME": group.name,
        "ALGORITHM": ALGORITHMS[group.inputs.get("loadBalancingAlgorithmType", "round_robin")],
        "IDLE": idle,
        **{key.upper(): check[key] for key in ("timeout", "path", "matcher")},
        "SERVERS": "\n".join(f"    {line}" for line in lines),
    }
    return fill("balancer_group.cfg", values)


def server_state(config: str, running: str) -> str:
    """HAProxy's state file for a new configuration. Known servers keep their health; new ones start as unhealthy.

    `running` is the answer of the running HAProxy to "show servers state", or "" if none runs. Without this file,
    HAProxy would treat every server as healthy after each reload, even a dead one.
    """
    known = {(row[1], row[3], row[4], row[18]): line for line in running.splitlines() if len(row := line.split()) > 18}
    lines = ["1"]  # version of the format
    for section, body in re.findall(r"^backend (\S+)\n((?:    .*\n)*)", f"{config}\n", re.MULTILINE):
        for server, address, port in re.findall(r"^    server (\S+) (\S+):(\d+) check ", body, re.MULTILINE):
            new = f"0 {section} 0 {server} {address} 0 0 1 1 0 1 0 0 6 0 0 0 - {port} - 0 0 - - 0"
            lines.append(known.get((section, server, address, port), new))
    return "\n".join([*lines, ""])


class Balancer:
    """HAProxy as its own process. It reloads its configuration when the targets change. Its files have its name."""

    def __init__(self, resources: Sequence[Registration], run_dir: Path, name: str = "balancer") -> None:
        self._resources = resources
        self._ports = {listener.id: free_port() for listener in of_type(resources, LISTENER)}
        self._targets: Targets = {}
        self._generation = 0
        self._lock = threading.Lock()
        self._socket, self._config, self._state = (run_dir / f"{name}.{kind}" for kind in ("sock", "cfg", "state"))
        # stdout has the requests as JSON, and at each reload a line that is not JSON. stderr has HAProxy's messages.
        script = 'haproxy -W -S "$1,mode,600" -f "$2" | grep --line-buffered "^{" >>"$3"'
        files = [str(path) for path in (self._socket, self._config, run_dir / f"logs/{name}.jsonl")]
        self._log = run_dir / f"logs/{name}.log"
        self.process = ManagedProcess(name, ["sh", "-c", script, "balancer", *files], self._log)

    @property
    def addresses(self) -> dict[tuple[str, int], str]:
        """(load balancer ARN, declared listener port) to the "host:port" at which it listens on the laptop."""
        return {
            (item.inputs["loadBalancerArn"], item.inputs["port"]): f"127.0.0.1:{self._ports[item.id]}"
            for item in of_type(self._resources, LISTENER)
        }

    def update(self, resources: Sequence[Registration]) -> None:
        """Serve the resources that are declared now, with the same targets. No request is refused or cut.

        Raises what `serve` raises.
        """
        with self._lock:
            self._resources = resources
            for listener in of_type(resources, LISTENER):
                self._ports.setdefault(listener.id, free_port())
            self._write(self._targets, running=self._ask("@1 show servers state"))
            self._ask("reload")
            self._settle()

    def answers(self) -> bool:
        """Whether it runs and answers within seconds."""
        try:
            return self.process.alive() and bool(self._ask("@1 show info", seconds=2))
        except OSError:
            return False

    def serve(self, targets: Targets) -> None:
        """Serve these targets from now on. No request is refused or cut. The same targets again change nothing.

        Starts HAProxy if it does not run. Raises NotOnLaptop, or RuntimeError with HAProxy's message.
        """
        with self._lock:
            if not self.process.alive():
                self._write(targets, running="")
                self.process.start()
            elif targets != self._targets:
                self._write(targets, running=self._ask("@1 show servers state"))
                self._ask("reload")
            self._settle()

    def stop(self) -> None:
        """End HAProxy and its connections."""
        self.process.stop()

    def _write(self, targets: Targets, *, running: str) -> None:
        path, generation = self._config, self._generation + 1
        text = haproxy_config(self._resources, targets, ports=self._ports, state=self._state, generation=generation)
        self._state.write_text(server_state(text, running))
        path.write_text(text)
        check = subprocess.run(["haproxy", "-c", "-q", "-f", path], capture_output=True, text=True, check=False)
        if check.returncode:
            raise RuntimeError(f"HAProxy does not accept its configuration {path}:\n{check.stderr}")
        self._generation, self._targets = generation, {arn: list(group) for arn, group in targets.items()}

    def _ask(self, command: str, seconds: float = 5) -> str:
        """Send a command to the master, or with `@1` to its worker. Raises OSError if there is no answer.

        (A signal instead of a command could be lost without a trace.)
        """
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(seconds)
            admin.connect(str(self._socket))
            admin.sendall(f"{command}\n".encode())
            admin.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: admin.recv(65536), b"")).decode()

    def _settle(self) -> None:
        def settled() -> bool:
            with contextlib.suppress(OSError):  # the master does not answer yet
                return f"description: {self._generation}\n" in self._ask("@1 show info")
            return False

        if not self.process.wait_until(settled, seconds=10):
            raise RuntimeError(f"HAProxy did not load {self._config.name}. {self._log} says why")
