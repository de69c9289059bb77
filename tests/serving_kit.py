"""For tests of the balancer and the edge: a small declared serving tier, and origins that fail when a test wants it."""

import contextlib
import copy
import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.engine import Registration
from local.processes import free_port
from local.serving.balancer import Balancer

FAILOVER = [403, 404, 500, 502, 503, 504]
BALANCER, LISTENER = "arn:balancer", "arn:listener"
DISABLED, ALL_BUT_HOST = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
NONE: dict[str, Any] = {
    "cookiesConfig": {"cookieBehavior": "none"},
    "headersConfig": {"headerBehavior": "none"},
    "queryStringsConfig": {"queryStringBehavior": "none"},
}


class Resource(Registration):
    """A registration with the fields that the serving tier reads."""

    def __init__(
        self, type: str, name: str, id: str, inputs: dict[str, Any], outputs: dict[str, Any] | None = None
    ) -> None:
        unread: dict[str, Any] = dict.fromkeys(("urn", "parent", "region", "provider", "source"), "")
        unread |= {"custom": True, "read": False, "dependencies": (), "secret_inputs": frozenset[str]()}
        unread |= {"property_dependencies": {}, "options": {}}
        super().__init__(type=type, name=name, id=id, inputs=inputs, outputs=outputs or {}, **unread)


def target_group(name: str, **inputs: Any) -> Resource:
    check = {"path": "/healthz", "interval": 1, "timeout": 10, "healthyThreshold": 1, "unhealthyThreshold": 1}
    inputs = {"targetType": "instance", "port": 8080, "protocol": "HTTP", "healthCheck": check, **inputs}
    return Resource("aws:lb/targetGroup:TargetGroup", name, f"arn:{name}", inputs)


def rule(priority: int, pattern: str, group: str) -> Resource:
    inputs = {
        "listenerArn": LISTENER,
        "priority": priority,
        "conditions": [{"pathPattern": {"values": [pattern]}}],
        "actions": [{"type": "forward", "targetGroupArn": f"arn:{group}"}],
    }
    return Resource("aws:lb/listenerRule:ListenerRule", f"rule-{priority}", f"arn:rule-{priority}", inputs)


def balancing(*groups: Resource, idle: int = 60) -> list[Resource]:
    """One load balancer with sixteen shards over the groups. It answers 404 to everything else."""
    fixed = {"statusCode": "404", "contentType": "text/plain", "messageBody": 'No "such" path\n'}
    return [
        Resource("aws:lb/loadBalancer:LoadBalancer", "alb", BALANCER, {"internal": True, "idleTimeout": idle}),
        Resource(
            "aws:lb/listener:Listener",
            "http",
            LISTENER,
            {
                "loadBalancerArn": BALANCER,
                "port": 80,
                "protocol": "HTTP",
                "defaultActions": [{"type": "fixed-response", "fixedResponse": fixed}],
            },
        ),
        *groups,
        *(
            rule(100 + index, f"/v/{digit}*", groups[index * len(groups) // 16].name)
            for index, digit in enumerate("0123456789abcdef")
        ),
    ]


def cache_policy(name: str, ttl: tuple[int, int, int] = (0, 86400, 31536000), **key: Any) -> Resource:
    inputs = {
        **dict(zip(("minTtl", "defaultTtl", "maxTtl"), ttl, strict=True)),
        "parametersInCacheKeyAndForwardedToOrigin": {**NONE, **key},
    }
    return Resource("aws:cloudfront/cachePolicy:CachePolicy", name, name, inputs)


def request_policy(name: str, **config: Any) -> Resource:
    return Resource("aws:cloudfront/originRequestPolicy:OriginRequestPolicy", name, name, {**NONE, **config})


def headers_policy(name: str, **config: Any) -> Resource:
    return Resource("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", name, name, config)


def function(name: str, code: str) -> Resource:
    inputs = {"code": code, "runtime": "cloudfront-js-2.0", "publish": True}
    return Resource("aws:cloudfront/function:Function", name, name, inputs, {"arn": f"arn:{name}"})


def behaviour(target: str, pattern: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {
        **({"pathPattern": pattern} if pattern else {}),
        "targetOriginId": target,
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "compress": False,
        "cachePolicyId": "plain",
        **inputs,
    }


def delivering(*more: Resource, **inputs: Any) -> list[Resource]:
    """A distribution with a page, an API and segments; `more` are the policies and functions that `inputs` name."""

    def private(name: str, origin: str) -> dict[str, Any]:
        timeouts = {"vpcOriginId": f"vpc-{origin}", "originReadTimeout": 3, "originKeepaliveTimeout": 5}
        return {
            "originId": name,
            "domainName": f"{origin}.elb.amazonaws.com",
            "connectionAttempts": 1,
            "connectionTimeout": 3,
            "vpcOriginConfig": timeouts,
        }

    def bucket(name: str) -> dict[str, Any]:
        return {
            "originId": name,
            "domainName": f"{name}-bucket.s3.us-east-1.amazonaws.com",
            "originAccessControlId": "oac",
            "connectionAttempts": 1,
        }

    def vpc_origin(name: str) -> Resource:
        endpoint = {"arn": f"arn:{name}", "httpPort": 80, "httpsPort": 443, "originProtocolPolicy": "http-only"}
        return Resource(
            "aws:cloudfront/vpcOrigin:VpcOrigin", name, f"vpc-{name}", {"vpcOriginEndpointConfig": endpoint}
        )

    everything = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    distribution: dict[str, Any] = {
        "enabled": True,
        "defaultRootObject": "index.html",
        "origins": [
            *(bucket("site"), bucket("media")),
            *(private("api", "home"), private("pop-home", "home"), private("pop-far", "far")),
        ],
        "originGroups": [
            {
                "originId": "pop-home-or-media",
                "failoverCriteria": {"statusCodes": FAILOVER},
                "members": [{"originId": "pop-home"}, {"originId": "media"}],
            }
        ],
        "orderedCacheBehaviors": [
            behaviour(
                "api", "/api/*", allowedMethods=everything, cachePolicyId=DISABLED, originRequestPolicyId=ALL_BUT_HOST
            ),
            behaviour("pop-home-or-media", "/v/*.m3u8", compress=True, cachePolicyId="text"),
            behaviour("pop-home-or-media", "/v/*"),
        ],
        "defaultCacheBehavior": behaviour("site"),
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        **inputs,
    }
    text = cache_policy("text", enableAcceptEncodingGzip=True, enableAcceptEncodingBrotli=True)
    return [
        *(vpc_origin("home"), vpc_origin("far"), cache_policy("plain"), text),
        *more,
        Resource("aws:cloudfront/distribution:Distribution", "cdn", "E1", copy.deepcopy(distribution)),
    ]


@dataclass
class Seen:
    """A request that an origin got."""

    method: str
    path: str
    headers: Message
    body: bytes = b""


@dataclass
class Reply:
    """An origin's answer. It comes after `delay` seconds. If `reset`, the origin resets the connection instead."""

    status: int = 200
    body: bytes = b"hello"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0
    reset: bool = False


class Origin:
    """An HTTP server that answers each path as a test told it, and remembers the requests."""

    def __init__(self, host: str = "127.0.0.1", name: str = "") -> None:
        self.host, self.port, self.name = host, free_port(host), name
        self.default: Callable[[Seen], Reply] | Reply = Reply()
        self.replies: dict[str, Reply] = {}
        self.seen: list[Seen] = []
        self.open: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.partition("?")[0] == path]

    def start(self) -> "Origin":
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                # S3 finds the bucket's name in the Host header.
                bucket = re.match(r"(.+)\.s3\.", self.headers["Host"] or "")
                seen = Seen(self.command, f"/{bucket[1]}{self.path}" if bucket else self.path, self.headers, body)
                if self.path != "/healthz":
                    origin.seen.append(seen)
                reply = origin.replies.get(seen.path.partition("?")[0], origin.default)
                reply = reply if isinstance(reply, Reply) else reply(seen)
                time.sleep(reply.delay)
                if reply.reset:
                    # With a linger time of zero, close() sends a RST.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in {"X-Origin": origin.name, **reply.headers}.items():
                    self.send_header(name, value)
                if reply.status != 304:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD" and reply.status != 304:
                    self.wfile.write(reply.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer

            def handle(self) -> None:
                origin.open.append(self.connection)
                # The other end may close connections at any time. That is no error of the test.
                with contextlib.suppress(OSError, ValueError):
                    super().handle()

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

        self._server = Server((self.host, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Close every connection and refuse new ones. `start` undoes it."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        while self.open:
            with contextlib.suppress(OSError):
                self.open.pop().shutdown(socket.SHUT_RDWR)


@dataclass
class Got:
    """A response, as a viewer gets it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def cache(self) -> str:
        return str(self.headers["X-Cache"]).partition(" from ")[0]


def ask(
    address: str, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Got:
    """Send one request on a new connection, with the path exactly as given."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, body=body, headers={**(headers or {})})
        response = connection.getresponse()
        return Got(response.status, response.headers, response.read())
    finally:
        connection.close()


def log_of(path: Path, prefix: str, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
    """The lines of a log whose URI begins with `prefix`. Waits for `count` lines, since a server writes a line only
    after the viewer has the whole answer."""
    deadline = time.monotonic() + seconds
    while True:
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
        lines = [json.loads(line) for line in whole.splitlines()]
        found = [line for line in lines if line["uri"].startswith(prefix)]
        if len(found) >= count or time.monotonic() > deadline:
            assert len(found) == count, f"{path} has {len(found)} lines for {prefix}, not {count}"
            return found
        time.sleep(0.02)


def in_service(balancer: Balancer, targets: set[str], seconds: float = 60.0) -> None:
    """Return when exactly these targets have passed their health checks."""
    deadline = time.monotonic() + seconds
    while True:
        rows = [line.split() for line in balancer._ask("@1 show servers state").splitlines()]
        passed = {row[3] for row in rows if len(row) > 18 and row[5] == "2" and not row[3].endswith(":open")}
        if passed == targets:
            return
        assert time.monotonic() < deadline, f"{passed} are in service, not {targets}"
        time.sleep(0.02)


@contextlib.contextmanager
def origins(**names: str) -> Generator[dict[str, Origin]]:
    """Origins by name. Each starts on the given host, and stops at the end."""
    started = {name: Origin(host, name).start() for name, host in names.items()}
    try:
        yield started
    finally:
        for origin in started.values():
            origin.stop()
