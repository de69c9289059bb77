"""The laptop's CloudFront distribution: nginx, configured from the declared distribution, its policies and functions.

One nginx has three layers. The front server runs edge.js, which reads the declaration: behaviour, viewer functions,
cache key, time to live, response headers. The cache fetches through one Unix socket, or in an origin group through two.
So nginx's "next upstream" does the failover. Behind each socket, a server talks to one origin with that origin's
time-outs, attempts, Host and path.

If a viewer asks for a range of an object that is not cached, the edge fetches the whole object once and answers the
range. CloudFront too may fetch more than the range, and no object of this platform is large. Differences from
CloudFront: while one request refreshes an expired object, the other viewers get the old one. After an error of the
origin, viewers also get the old object, but each request asks the origin again. Age counts from the fetch, and not from
a revalidation.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

from components.edge.nearest_pop import distance
from facts.countries import countries
from local.engine.model import Registration
from local.processes import ManagedProcess
from local.serving.declared import PROPERTIES, NotOnLaptop, fill, of_type, unhonoured

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICIES = ("cachePolicyId", "originRequestPolicyId", "responseHeadersPolicyId")
COUNTRY = "cloudfront-viewer-country"
OFFERED = ["US", "GB", "SG", "BR"]
"""Countries that the page and the demo offer to a viewer who wants to be elsewhere. The first one is the default."""
BY_SCRIPT = frozenset({"accept-encoding", "cookie", "host", "user-agent"})
"""Headers whose value edge.js always decides."""


def edge_config(
    resources: Sequence[Registration],
    *,
    port: int,
    s3: str,
    balancers: Mapping[tuple[str, int], str],
    run_dir: Path,
    country: str = "US",
    far: bool = False,
    generation: int = 0,
) -> dict[str, str]:
    """Name to text of each file of the edge: nginx.conf, edge.js, its imports, and each declared function as a module.

    `s3` is moto's "host:port". `balancers` maps (load balancer ARN, listener port) to "host:port". `country` is the
    country of viewers who do not choose one (see edge.js). With `far`, a request is delayed by the time that light
    needs from the viewer's country to the origin's region and back. Raises NotOnLaptop with all that the laptop would
    ignore.
    """
    distributions = of_type(resources, "aws:cloudfront/distribution:Distribution")
    if len(distributions) != 1:
        raise NotOnLaptop(f"the laptop has one edge for one distribution, but {len(distributions)} are declared")
    home, inputs = run_dir / "edge", distributions[0].inputs
    vpc_origins = {item.id: item.inputs for item in of_type(resources, "aws:cloudfront/vpcOrigin:VpcOrigin")}
    policies: dict[str, Mapping[str, Any]] = dict(PROPERTIES["managed"])
    policies |= {item.id: item.inputs for item in resources if item.type.endswith("Policy")}
    functions = of_type(resources, "aws:cloudfront/function:Function")
    behaviours = [*(inputs.get("orderedCacheBehaviors") or []), inputs["defaultCacheBehavior"]]
    origins = [{**origin, **_place(origin, vpc_origins, s3, balancers)} for origin in inputs["origins"]]
    groups = {group["originId"]: group for group in inputs.get("originGroups") or []}
    complaints = unhonoured(resources, "aws:cloudfront/")
    complaints += [
        f"origin {origin['originId']!r} is neither a bucket nor a balancer"
        for origin in origins
        if not origin["address"]
    ]
    for behaviour in behaviours:
        name = behaviour.get("pathPattern", "default")
        unknown = {behaviour.get(policy) for policy in POLICIES} - policies.keys() - {None}
        complaints += [f"behaviour {name!r}: policy {policy} is not known to the laptop" for policy in unknown]
        if behaviour["targetOriginId"] in groups and not SAFE_METHODS.issuperset(behaviour["allowedMethods"]):
            complaints.append(f"behaviour {name!r}: an origin group allows only {', '.join(sorted(SAFE_METHODS))}")
    if complaints:
        raise NotOnLaptop("\n".join(complaints))

    # A function may group any two origins, but only with the failover codes of a declared group.
    failover = sorted({_codes(group) for group in groups.values()})
    pairs = [
        f"    upstream o{one}_o{two} {{ server unix:{home}/o{one}-first.sock max_fails=0;"
        f" server unix:{home}/o{two}-last.sock max_fails=0 backup; }}"
        for one, two in permutations(range(len(origins)), 2)
    ]
    values = {
        "USER": "user root;" if os.geteuid() == 0 else "",
        "LOG": run_dir / "logs/edge.jsonl",
        "PORT": port,
        "ORIGINS": "\n".join(_origin(index, origin, far=far) for index, origin in enumerate(origins)),
        "PAIRS": "\n".join(pairs),
        "BEHAVIOURS": "\n".join(
            _behaviour(f"@b{index}{suffix}", behaviour, codes, policies)
            for index, behaviour in enumerate(behaviours)
            for suffix, codes in (("", ""), *((f"_{index}", codes) for index, codes in enumerate(failover)))
        ),
        "HOME": home,
        "GENERATION": generation,
    }
    data = {
        "id": distributions[0].id,
        "country": country,
        "countries": OFFERED if far else [],
        "inputs": inputs,
        "behaviours": behaviours,
        "failover": failover,
        "policies": policies,
    }
    modules = {f"function_{index}": function for index, function in enumerate(functions)}
    arns = ", ".join(f"{json.dumps(function.outputs['arn'])}: {name}" for name, function in modules.items())
    script = [f"import {name} from '{name}.js';" for name in modules]
    script += [f"const distribution = {json.dumps(data)};", f"distribution.functions = {{ {arns} }};"]
    return {
        "nginx.conf": fill("edge.conf", values),
        "edge.js": fill("edge.js", {}),
        "cloudfront": fill("edge_cloudfront.js", {}),
        "distribution.js": "\n".join([*script, "export default distribution;", ""]),
        **{f"{name}.js": f"{item.inputs['code']}\nexport default {{ handler }};\n" for name, item in modules.items()},
    }


def _place(
    origin: Mapping[str, Any], vpc_origins: Mapping[str, Any], s3: str, balancers: Mapping[tuple[str, int], str]
) -> dict[str, str | None]:
    """`region` of an origin, and its `address` on the laptop as "host:port"."""
    if bucket := re.fullmatch(r".+\.s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com", origin["domainName"]):
        # moto takes the bucket from the Host header, as S3 does. If the path had it too, moto would find nothing (403).
        return {"address": s3, "region": bucket[1] or "us-east-1"}
    vpc_origin = vpc_origins.get((origin.get("vpcOriginConfig") or {}).get("vpcOriginId", ""), {})
    endpoint = vpc_origin.get("vpcOriginEndpointConfig", {})
    arn = endpoint.get("arn", "")
    return {"address": balancers.get((arn, endpoint.get("httpPort", 0))), "region": f"{arn}:::".split(":")[3]}


def _codes(group: Mapping[str, Any]) -> str:
    """The failover codes of an origin group, in the order of JavaScript's sort()."""
    return ",".join(sorted(str(code) for code in group["failoverCriteria"]["statusCodes"]))


def _origin(index: int, origin: Mapping[str, Any], *, far: bool) -> str:
    """The nginx server that talks to one origin. The numbers are CloudFront's defaults."""
    timeouts = origin.get("vpcOriginConfig") or {}
    rows = "".join(f" {country} {milliseconds(country, origin['region'])};" for country in countries()) if far else ""
    values = {
        "N": index,
        "SERVERS": f"server {origin['address']} max_fails=0; " * (origin.get("connectionAttempts") or 3),
        "KEEPALIVE": timeouts.get("originKeepaliveTimeout") or 5,
        "DOMAIN": origin["domainName"],
        "CONNECT": origin.get("connectionTimeout") or 10,
        "READ": timeouts.get("originReadTimeout") or 30,
        "DISTANCES": f"map $http_x_edge_country $edge_travel_{index} {{ default 0;{rows} }}" if far else "",
        "TRAVEL": "js_content edge.travel; }\n        location @arrived {" if far else "",
    }
    return fill("edge_origin.conf", values)


def milliseconds(country: str, region: str) -> int:
    """Milliseconds that light needs there and back, at 200 km a millisecond in glass. Real cables are longer."""
    return round(2 * distance(country, region) / 200)


def _behaviour(name: str, behaviour: Mapping[str, Any], codes: str, policies: Mapping[str, Mapping[str, Any]]) -> str:
    """The nginx location that fetches for one behaviour, and fails over on `codes`.

    edge.js decides most of what the origin gets. Only the names of headers are decided here, since nginx cannot take
    them from a variable.
    """
    cache, request = (policies.get(behaviour.get(policy) or "", {}) for policy in POLICIES[:2])
    key, more = cache.get("parametersInCacheKeyAndForwardedToOrigin", {}), request.get("headersConfig") or {}
    listed, mode = _names(more), more.get("headerBehavior", "none")
    named = {*_names(key.get("headersConfig") or {}), *(() if mode == "allExcept" else listed)} - BY_SCRIPT
    headers = {header: f"$http_{header.replace('-', '_')}" for header in sorted(named)}
    headers |= dict.fromkeys(set(listed) - named - BY_SCRIPT if mode == "allExcept" else (), '""')
    # CloudFront writes this header itself if a policy names it. It never passes on the viewer's own.
    headers[COUNTRY] = "$edge_country" if COUNTRY in named else '""'
    values = {
        "NAME": name,
        "CODES": " ".join(f"http_{code}" for code in codes.split(",") if code),
        "EVERYTHING": "on" if mode.startswith("all") else "off",
        "FORWARDED": "\n            ".join(f"proxy_set_header {header} {value};" for header, value in headers.items()),
        "COMPRESS": "on" if behaviour.get("compress") else "off",
    }
    return fill("edge_behaviour.conf", values)


def _names(config: Mapping[str, Any]) -> list[str]:
    return [str(name).lower() for name in (config.get("headers") or {}).get("items") or []]


class Edge:
    """nginx as its own process, on the first free port of 127.0.0.1 from 8080 on."""

    def __init__(
        self,
        resources: Sequence[Registration],
        run_dir: Path,
        *,
        s3: str,
        balancers: Mapping[tuple[str, int], str],
        country: str = "US",
        far: bool = False,
    ) -> None:
        self._config = partial(edge_config, s3=s3, run_dir=run_dir, country=country, far=far)
        self._declared, self._balancers, self._generation = resources, balancers, 0
        self._home = run_dir / "edge"
        self.port = 8080
        command = ["nginx", "-p", str(self._home), "-e", "stderr", "-c", str(self._home / "nginx.conf")]
        self.process = ManagedProcess("edge", command, run_dir / "logs/edge.log")

    @property
    def url(self) -> str:
        """URL for viewers. It is known after the start."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it listens. Raises NotOnLaptop, or RuntimeError if nginx does not start."""
        self._home.mkdir(parents=True, exist_ok=True)
        pid = self._home / "nginx.pid"
        for _ in range(3):
            # An nginx that was killed, or could not start, leaves its sockets. The next one could not bind them.
            for stale in (*self._home.glob("*.sock"), pid):
                stale.unlink(missing_ok=True)
            self.port = first_free_port(self.port)
            self._write()
            self.process.start()
            # nginx writes its process id after it has bound its port. Another program may have taken the port before.
            if self.process.wait_until(pid.exists, seconds=60):
                return
        raise RuntimeError(f"the edge did not start. {self._home.parent}/logs/edge.log says why")

    def update(self, resources: Sequence[Registration], balancers: Mapping[tuple[str, int], str]) -> None:
        """Serve the resources declared now. No request is refused or cut. Raises NotOnLaptop or RuntimeError."""
        self._declared, self._balancers = resources, balancers
        self._generation += 1
        self._write()
        os.kill(self.process.pid, signal.SIGHUP)
        if not self.process.wait_until(self._settled, seconds=60):
            raise RuntimeError(f"the edge did not load its configuration. {self._home.parent}/logs/edge.log says why")

    def answers(self) -> bool:
        """Whether it runs and answers within seconds."""
        return self.process.alive() and bool(self._answer())

    def stop(self) -> None:
        """End nginx and its connections."""
        self.process.stop()

    def _write(self) -> None:
        files = self._config(self._declared, port=self.port, balancers=self._balancers, generation=self._generation)
        for name, text in files.items():
            (self._home / name).write_text(text, encoding="utf-8")

    def _settled(self) -> bool:
        """Whether the new configuration answers, and the worker of the old one accepts no more connections."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        try:
            titles = [Path(f"/proc/{child}/cmdline").read_bytes().rstrip(b"\0 ") for child in children]
        except OSError:  # one of them has ended meanwhile
            return False
        return titles.count(b"nginx: worker process") == 1 and self._answer() == str(self._generation)

    def _answer(self) -> str:
        connection = http.client.HTTPConnection("edge", timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(2)
            connection.sock.connect(str(self._home / "alive.sock"))
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        return ""


def first_free_port(start: int) -> int:
    """The first port of 127.0.0.1, from `start` on, at which nothing listens. It is not reserved, so use it soon."""
    for port in range(start, 65536):
        with socket.socket() as probe:
            # nginx binds with the same option. So a port whose last connections are still closing counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port from {start} on is free on 127.0.0.1")
