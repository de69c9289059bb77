"""The Application Load Balancers of the laptop: one HAProxy, made from the declared listeners, rules and target groups.

It treats a viewer as an ALB does: no retries and no redispatch; 502 when a target resets or refuses, 504 when it is
silent for the idle timeout, 503 when there is no target; all targets get traffic when none is healthy ("fails open").
A new target waits for healthyThreshold passed checks, where an ALB asks for one: it comes in later, never earlier.
"""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.processes import ManagedProcess, free_port
from local.serving.declared import Declared, NotOnLaptop, of_type, unknown_properties

Targets = Mapping[str, Sequence[tuple[str, str, int]]]
"""By target group ARN: the registered targets as (instance id, address, port)."""

ACTION = (".type", ".order", ".targetGroupArn", ".forward.targetGroups", ".fixedResponse")
HONOURED: dict[str, tuple[str, ...]] = {
    "aws:lb/loadBalancer:LoadBalancer": ("internal", "loadBalancerType", "idleTimeout"),
    "aws:lb/listener:Listener": ("loadBalancerArn", "port", "protocol", *(f"defaultActions{leaf}" for leaf in ACTION)),
    "aws:lb/listenerRule:ListenerRule": (
        *("listenerArn", "priority", "conditions.pathPattern.values"),
        *(f"actions{leaf}" for leaf in ACTION),
    ),
    "aws:lb/targetGroup:TargetGroup": (
        *("targetType", "port", "protocol", "loadBalancingAlgorithmType", "deregistrationDelay", "slowStart"),
        *("healthCheck", "lambdaMultiValueHeadersEnabled"),
    ),
}
NO_EFFECT = {
    **dict.fromkeys(("name", "namePrefix", "tags", "region"), "a label"),
    **dict.fromkeys(("subnets", "securityGroups", "vpcId", "ipAddressType"), "the laptop has no networks to divide"),
    **dict.fromkeys(("accessLogs", "connectionLogs"), "requests are logged to balancer.jsonl instead"),
    **dict.fromkeys(("clientKeepAlive", "enableHttp2"), "the laptop's edge is the only client"),
    "enableDeletionProtection": "the laptop cloud ends with its process",
    "enableCrossZoneLoadBalancing": "the laptop has one zone",
    "loadBalancingCrossZoneEnabled": "the laptop has one zone",
    "enableZonalShift": "the laptop has one zone",
    "dropInvalidHeaderFields": "HAProxy refuses invalid header names always",
    "desyncMitigationMode": "HAProxy refuses ambiguous requests always",
    "preserveHostHeader": "HAProxy passes the Host header on unchanged",
    "protocolVersion": "targets are spoken to in HTTP/1.1",
    **dict.fromkeys(("stickiness.type", "stickiness.cookieDuration"), "ignored while stickiness is off"),
}
MOST_CONNECTIONS = 2000
LOG_FORMAT = (
    '{"t":%Ts.%ms,"method":"%[capture.req.method,json(utf8s)]","uri":"%[capture.req.uri,json(utf8s)]",'
    '"status":%ST,"bytes":%B,"backend":"%b","server":"%[srv_name,field(1,:)]","ms":%Ta}'
)
ALGORITHMS = {"round_robin": "roundrobin", "least_outstanding_requests": "leastconn"}


def pattern_regex(pattern: str) -> str:
    """An AWS path pattern as an anchored regular expression: `*` is any run of characters, `?` is exactly one."""
    return f"^{re.escape(pattern).replace(chr(92) + '*', '.*').replace(chr(92) + '?', '.')}$"


def _problems(resources: Sequence[Declared]) -> list[str]:
    problems: list[str] = []
    for resource in resources:
        if resource.type in HONOURED:
            problems += unknown_properties(resource, honoured=HONOURED[resource.type], no_effect=NO_EFFECT)
    for listener in of_type(resources, "aws:lb/listener:Listener"):
        if listener.inputs.get("protocol", "HTTP") != "HTTP":
            problems.append(f"listener {listener.name!r}: the laptop has no certificate; leave the domain unset")
    for group in of_type(resources, "aws:lb/targetGroup:TargetGroup"):
        algorithm = group.inputs.get("loadBalancingAlgorithmType", "round_robin")
        if algorithm not in ALGORITHMS:
            problems.append(f"target group {group.name!r}: {algorithm!r} is none of {', '.join(ALGORITHMS)}")
    return problems


def _action(action: Mapping[str, Any], groups: Mapping[str, Declared]) -> tuple[str, list[str]]:
    """The backend that an action means, and that backend's lines where it is a fixed response."""
    if action["type"] == "forward":
        forwards: list[dict[str, str]] = (action.get("forward") or {}).get("targetGroups") or [
            {"arn": action["targetGroupArn"]}
        ]
        if len(forwards) != 1 or forwards[0]["arn"] not in groups:
            raise NotOnLaptop(
                f"forward to {[forward['arn'] for forward in forwards]}: the laptop needs one known target group"
            )
        return groups[forwards[0]["arn"]].name, []
    if action["type"] == "fixed-response":
        fixed = action["fixedResponse"]
        name = f"fixed-{fixed.get('statusCode', '200')}"
        body = str(fixed.get("messageBody") or "").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        line = (
            f'    http-request return status {fixed["statusCode"]} content-type {fixed["contentType"]} string "{body}"'
        )
        return name, [f"backend {name}", line]
    raise NotOnLaptop(f"action {action['type']!r}: the laptop knows forward and fixed-response")


def _backend(group: Declared, targets: Sequence[tuple[str, str, int]], idle_seconds: int) -> list[str]:
    check = {
        "path": "/",
        "interval": 30,
        "timeout": 5,
        "healthyThreshold": 5,
        "unhealthyThreshold": 2,
        "matcher": "200",
    }
    check |= {key: value for key, value in (group.inputs.get("healthCheck") or {}).items() if value is not None}
    lines = [f"backend {group.name}"]
    if not targets:
        return [*lines, '    http-request return status 503 content-type text/plain string "no targets"']
    checked = check.get("enabled", group.inputs.get("targetType") != "lambda")
    port = check.get("port", "traffic-port")
    options = f"inter {check['interval']}s fall {check['unhealthyThreshold']} rise {check['healthyThreshold']}"
    options += f" slowstart {group.inputs.get('slowStart') or 0}s" + ("" if port == "traffic-port" else f" port {port}")
    lines += [
        f"    balance {ALGORITHMS[group.inputs.get('loadBalancingAlgorithmType', 'round_robin')]}",
        f"    timeout server {idle_seconds}s",
        f"    timeout check {check['timeout']}s",
        "    option httpchk",
        f"    http-check send meth GET uri {check['path']} ver HTTP/1.1 hdr Host {group.name}",
        f"    http-check expect status {check['matcher']}",
        "    option allbackups",
        # HAProxy says 503 where it could not connect; an ALB says 502, and keeps 503 for "no targets".
        '    http-error status 503 content-type text/plain string "the target refused the connection"',
        "    http-response set-var(txn.answered) bool(true)",
        '    http-after-response set-status 502 reason "Bad Gateway" if { status 503 } !{ var(txn.answered) -m bool }',
    ]
    for identity, address, target_port in targets:
        lines.append(f"    server {identity} {address}:{target_port}" + (f" check {options}" if checked else ""))
    if checked:
        # The same targets again, unchecked: HAProxy turns to backups when every checked one is down, so it fails open.
        lines += [f"    server {identity}:open {address}:{port} backup" for identity, address, port in targets]
    return lines


def haproxy_config(
    resources: Sequence[Declared],
    targets: Targets,
    *,
    ports: Mapping[str, int],
    run_dir: Path,
    generation: int = 0,
) -> str:
    """haproxy.cfg for every declared load balancer. `ports`: by listener ARN, the port it gets on 127.0.0.1.

    Raises NotOnLaptop with every property that HAProxy would not honour.
    """
    if problems := _problems(resources):
        raise NotOnLaptop("\n".join(problems))
    balancers = {balancer.id: balancer for balancer in of_type(resources, "aws:lb/loadBalancer:LoadBalancer")}
    groups = {group.id: group for group in of_type(resources, "aws:lb/targetGroup:TargetGroup")}
    rules = sorted(of_type(resources, "aws:lb/listenerRule:ListenerRule"), key=lambda rule: rule.inputs["priority"])
    delay = max((int(group.inputs.get("deregistrationDelay", 300)) for group in groups.values()), default=300)
    lines = [
        "global",
        "    log stdout len 8192 format raw local0",
        f"    stats socket {run_dir}/balancer.sock mode 600 level admin expose-fd listeners",
        f"    server-state-file {run_dir}/balancer.state",
        f"    description {generation}",
        f"    maxconn {MOST_CONNECTIONS}",
        "    nbthread 1",
        # After a reload the old worker serves what it has begun; a deregistered target drains for no longer than this.
        f"    hard-stop-after {max(delay, 1)}s",
        "defaults",
        "    mode http",
        "    log global",
        f"    log-format '{LOG_FORMAT}'",
        "    load-server-state-from-file global",
        "    retries 0",
        "    no option redispatch",
        "    option forwardfor",
        "    timeout connect 10s",
    ]
    backends: dict[str, list[str]] = {}
    for listener in of_type(resources, "aws:lb/listener:Listener"):
        idle = int(balancers[listener.inputs["loadBalancerArn"]].inputs.get("idleTimeout", 60))
        lines += [
            f"frontend {listener.name}",
            f"    bind 127.0.0.1:{ports[listener.id]}",
            f"    timeout client {idle}s",
            "    http-request set-header X-Forwarded-Proto http",
            f"    http-request set-header X-Forwarded-Port {listener.inputs['port']}",
        ]

        def target(action: Mapping[str, Any], idle: int = idle) -> str:
            name, fixed = _action(action, groups)
            backends[name] = fixed or next(
                _backend(group, targets.get(arn, ()), idle) for arn, group in groups.items() if group.name == name
            )
            return name

        for rule in rules:
            if rule.inputs["listenerArn"] == listener.id:
                patterns = [value for test in rule.inputs["conditions"] for value in test["pathPattern"]["values"]]
                tests = " ".join(f"'{pattern_regex(pattern)}'" for pattern in patterns)
                lines.append(f"    use_backend {target(rule.inputs['actions'][0])} if {{ path -m reg {tests} }}")
        lines.append(f"    default_backend {target(listener.inputs['defaultActions'][0])}")
    return "\n".join([*lines, *(line for backend in backends.values() for line in backend), ""])


def server_state(config: str, running: str) -> str:
    """HAProxy's state file for a new configuration: what runs keeps its health, what is new has yet to pass its checks.

    `running` is the running HAProxy's answer to "show servers state", "" where none runs. Without this file HAProxy
    takes every server for healthy after each reload, the dead ones too.
    """
    known = {(row[1], row[3], row[4], row[18]): line for line in running.splitlines() if len(row := line.split()) > 18}
    lines: list[str] = []
    for section, body in re.findall(r"^backend (\S+)\n((?:    .*\n)*)", config, re.MULTILINE):
        for server, address, port in re.findall(r"^    server (\S+) (\S+):(\d+) check ", body, re.MULTILINE):
            new = f"0 {section} 0 {server} {address} 0 0 1 1 0 1 0 0 6 0 0 0 - {port} - 0 0 - - 0"
            lines.append(known.get((section, server, address, port), new))
    return "\n".join(["1", *lines, ""])


class Balancer:
    """HAProxy under its own process, reloaded in place when the targets change."""

    listeners: dict[tuple[str, int], str]
    """By (load balancer ARN, declared listener port): where it listens on the laptop, as "127.0.0.1:port"."""

    def __init__(self, resources: Sequence[Declared], run_dir: Path) -> None:
        self._resources, self._run_dir = resources, run_dir
        listeners = of_type(resources, "aws:lb/listener:Listener")
        self._ports = {listener.id: free_port() for listener in listeners}
        self.listeners = {
            (listener.inputs["loadBalancerArn"], int(listener.inputs["port"])): f"127.0.0.1:{self._ports[listener.id]}"
            for listener in listeners
        }
        self._targets: Targets = {}
        self._generation = 0
        self._lock = threading.Lock()
        self._config = run_dir / "haproxy.cfg"
        # Requests go to stdout, with a remark at each reload that is no JSON; HAProxy's own words go to stderr.
        (run_dir / "logs").mkdir(parents=True, exist_ok=True)
        script = 'haproxy -W -p "$1" -f "$2" | grep --line-buffered "^{" >>"$3"'
        files = [str(run_dir / name) for name in ("balancer.pid", "haproxy.cfg", "logs/balancer.jsonl")]
        command = ["sh", "-c", script, "balancer", *files]
        self.process = ManagedProcess("balancer", command, run_dir / "logs/balancer.log")

    def start(self, targets: Targets) -> None:
        """Start with these targets. Raises NotOnLaptop, or RuntimeError with HAProxy's own words."""
        with self._lock:
            self._write(targets, running="")
            self.process.start()
            self._settle()

    def update(self, targets: Targets) -> None:
        """Serve these targets from now on, without refusing or cutting a request. The same targets again are free."""
        with self._lock:
            if targets != self._targets:
                self._write(targets, running=self._ask("show servers state"))
                os.kill(int((self._run_dir / "balancer.pid").read_text()), signal.SIGUSR2)
                self._settle()

    def stop(self) -> None:
        """End HAProxy, its connections with it."""
        self.process.stop()

    def _write(self, targets: Targets, *, running: str) -> None:
        self._generation += 1
        text = haproxy_config(
            self._resources, targets, ports=self._ports, run_dir=self._run_dir, generation=self._generation
        )
        (self._run_dir / "balancer.state").write_text(server_state(text, running))
        self._config.write_text(text)
        check = subprocess.run(["haproxy", "-c", "-q", "-f", self._config], capture_output=True, text=True, check=False)
        if check.returncode:
            raise RuntimeError(f"HAProxy refuses {self._config}:\n{check.stderr}")
        self._targets = {arn: list(group) for arn, group in targets.items()}

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._run_dir / "balancer.sock"))
            admin.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: admin.recv(65536), b"")).decode()

    def _settle(self, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.alive():
            try:
                if f"description: {self._generation}\n" in self._ask("show info"):
                    return
            except OSError:
                pass  # the worker has yet to bind its socket
            time.sleep(0.02)
        raise RuntimeError(f"HAProxy did not take {self._config} up; see {self._run_dir}/logs/balancer.log")
