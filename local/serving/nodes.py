"""Cache nodes on the laptop: one real nginx for each instance, configured by the user data of its launch template.

The files (nginx.conf, node.conf.in, node-fill and others) come from the cloud-init document, as on a real machine. So
the laptop runs the declared files. Only values that a machine on AWS finds out at boot (its name, the size of its disk,
the address of the origin) come from another place.
"""

import base64
import contextlib
import gzip
import http.client
import logging
import os
import pwd
import re
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import certifi
import yaml

from local.processes import ManagedProcess

CACHE_MB = 512
"""Size of a node's cache: enough for some minutes of every rung of a few titles."""
HELPERS = ("node-share", "node-watch", "node-fill")
"""The scripts beside nginx. Each has a service."""
START_SECONDS = 10.0
POLL_SECONDS = 5
"""Seconds between two looks for new titles."""
AWS_POLL_SECONDS = "15"
"""The same for a node on AWS, as its service has it."""


log = logging.getLogger(__name__)


class NodeError(RuntimeError):
    """A node cannot be made from its user data, or does not become healthy."""


@dataclass(frozen=True)
class Site:
    """The values of one node."""

    instance_id: str
    zone: str
    address: str
    """Its own loopback address. Two nginx with the same address would silently share its traffic, because of
    reuseport."""
    directory: Path
    """Folder of its disk, logs and configuration. It stays over a restart, as an instance store does."""
    access_log: Path
    endpoint_url: str
    """URL of S3, for path-style addresses."""


def written_files(user_data: str) -> dict[str, str]:
    """Path to content of the files for cloud-init. Raises NodeError if it is not base64(gzip(cloud-config))."""
    try:
        document = yaml.safe_load(gzip.decompress(base64.b64decode(user_data, validate=True)))
        return {entry["path"]: entry["content"] for entry in document["write_files"]}
    except (ValueError, OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise NodeError(f"user data is not a gzipped cloud-config with write_files: {error}") from error


class Helper(ManagedProcess):
    """A script beside nginx, kept alive as systemd does it on AWS."""

    heard: float = 0.0
    """Time of its last sign of life, or of its start. In seconds."""

    def __init__(self, name: str, command: list[str], log: Path, limit: float) -> None:
        # The kernel chooses the name of the socket. A leading zero byte is written as "@".
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind("")
        super().__init__(name, ["env", f"NOTIFY_SOCKET=@{self._ear.getsockname()[1:].decode()}", *command], log)
        self.limit = limit
        """Seconds of silence after which it counts as frozen: WatchdogSec of its unit."""

    def start(self) -> None:
        """Start it."""
        self.heard = time.monotonic()
        super().start()

    def keep(self) -> None:
        """Start it if it does not run, or is frozen."""
        if self.alive():
            with contextlib.suppress(BlockingIOError):
                while self._ear.recv(64, socket.MSG_DONTWAIT):
                    self.heard = time.monotonic()
            if time.monotonic() < self.heard + self.limit:
                return
            log.warning("%s is frozen: it is started again", self.name)
            self.kill()
        self.start()


class Node:
    """One nginx. After it stopped or died, it may be started again on the same disk."""

    def __init__(self, site: Site, user_data: str) -> None:
        self.site = site
        files = written_files(user_data)
        declared = dict(line.split("=", 1) for line in files["/etc/headend/node.env"].splitlines())
        self.port, self.fleet = int(declared["PORT"]), declared["FLEET"]
        self._files = {
            "nginx.conf": files["/etc/headend/nginx.conf"],
            "listen.conf": f"listen {site.address}:{self.port} reuseport;\n",
            "node.conf": _fill(files["/etc/headend/node.conf.in"], _values(site, declared)),
            **{name: files[f"/usr/local/sbin/{name}"] for name in HELPERS},
        }
        # If nginx runs as root, its workers get the user with which it was built. That user may not enter this
        # directory.
        user = f"user {pwd.getpwuid(0).pw_name}; " if os.geteuid() == 0 else ""
        directory = str(site.directory)
        run = ["nginx", "-e", "stderr", "-p", directory, "-c", f"{directory}/nginx.conf", "-g", f"{user}daemon off;"]
        log = site.directory / "logs" / "stderr.log"
        self._process = ManagedProcess(site.instance_id, run, log, stop_signal=signal.SIGQUIT)
        units = {name: files[f"/etc/systemd/system/cache-{name}.service"] for name in HELPERS}
        self.sharer, self.watcher, self.filler = (self._helper(name, unit, declared) for name, unit in units.items())

    def _helper(self, name: str, unit: str, declared: Mapping[str, str]) -> Helper:
        command = [sys.executable, "-I", "-S", str(self.site.directory / name), *_arguments(unit, self.site, declared)]
        log = self.site.directory / "logs" / f"{name[5:]}.log"
        limit = float(unit.partition("WatchdogSec=")[2].split()[0])
        return Helper(f"{self.site.instance_id}-{name}", command, log, limit)

    @property
    def pid(self) -> int:
        """Process id of nginx's master, and id of its process group."""
        return self._process.pid

    def start(self) -> None:
        """Write the configuration, start nginx and wait until it is healthy. Raises NodeError with nginx's messages."""
        for name in ("disk/cache", "disk/health", "disk/temp", "disk/fill", "logs"):
            (self.site.directory / name).mkdir(parents=True, exist_ok=True)
        self.site.access_log.parent.mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            (self.site.directory / name).write_text(content, encoding="utf-8")
        self.sharer.keep()
        self._process.start()
        if not self._process.wait_until(self.healthy, START_SECONDS):
            self._process.kill()
            raise NodeError(f"node {self.site.instance_id} did not become healthy:\n{self._last_words()}")
        self.restart_helpers()

    def healthy(self) -> bool:
        """Whether the node's own health check passes within a second."""
        connection = http.client.HTTPConnection(self.site.address, self.port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def alive(self) -> bool:
        """Whether nginx runs."""
        return self._process.alive()

    def stop(self) -> None:
        """Let current requests finish, for a few seconds at most, and stop."""
        for helper in (self.filler, self.watcher):
            helper.kill()
        self._process.stop()
        self.sharer.kill()

    def kill(self) -> None:
        """End all at once, as a power cut does."""
        for process in (self.filler, self.watcher, self._process, self.sharer):
            process.kill()

    def restart_helpers(self) -> None:
        """Start those that ended or are frozen, as systemd does on AWS."""
        for helper in (self.sharer, self.filler, self.watcher):
            helper.keep()

    def _last_words(self) -> str:
        logs = [self.site.directory / "logs" / name for name in ("stderr.log", "error.log")]
        return "".join(log.read_text(encoding="utf-8", errors="replace")[-1000:] for log in logs if log.exists())


def _arguments(unit: str, site: Site, declared: Mapping[str, str]) -> list[str]:
    """The arguments that a service gives to its script, with the places of this machine instead of those of AWS."""
    directory = str(site.directory)
    places = {
        "https://${BUCKET}.s3.${REGION}.amazonaws.com": f"{site.endpoint_url}/${{BUCKET}}",
        "127.0.0.1": site.address,
        **dict.fromkeys(("/srv/headend", "/etc/headend", "/run/headend"), directory),
    }
    [line] = re.findall(r"(?m)^ExecStart=\S+ (.+)$", unit)
    there = "|".join(map(re.escape, places))
    words = [re.sub(there, lambda match: places[match[0]], word) for word in line.split()]
    words = [str(POLL_SECONDS) if word == AWS_POLL_SECONDS else word for word in words]
    return [Template(word).substitute(declared) for word in words]


def _values(site: Site, declared: Mapping[str, str]) -> dict[str, str]:
    origin = urlsplit(site.endpoint_url)
    return {
        **declared,
        "NODE": site.instance_id,
        "ZONE": site.zone,
        "KEYS_MB": "1",
        "CACHE_MB": str(CACHE_MB),
        "FREE_MB": "16",
        "ORIGIN_SCHEME": origin.scheme,
        "ORIGIN_HOST": origin.netloc,
        "ORIGIN_PREFIX": f"/{declared['BUCKET']}",
        "ORIGIN_SERVER": origin.netloc,
        "SHARE": f"{site.directory}/share",
        # nginx asks it only for names, and the origin here is an address.
        "RESOLVER": "127.0.0.1",
        "CA_BUNDLE": certifi.where(),
        # Without a buffer, unlike on AWS, so that the log of a killed node has all its requests.
        "ACCESS_LOG": f'"{site.access_log}" node',
    }


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each @NAME@ by its value. Raises NodeError for a name without a value."""
    unknown = set(re.findall(r"@([A-Z_]+)@", template)) - values.keys()
    if unknown:
        raise NodeError(f"node.conf.in needs {', '.join(sorted(unknown))}, for which the laptop has no value")
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], template)
