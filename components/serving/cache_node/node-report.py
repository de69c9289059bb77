#!/usr/bin/python3
"""Sums up nginx's access log once a minute, as metrics: `node-report ACCESS_LOG CACHE FLEET NODE LOG_GROUP PORT`.

One JSON object a minute goes to the CloudWatch agent's UDP port on this machine. It is both a line in the log group and
the fleet's metrics. The line also names the node, so CloudWatch Logs Insights shows each node, and no metric of a node
is paid for. The object has the embedded metric format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

NAMESPACE = "Headend/Node"
SECONDS = 60
UNITS = {
    "Hits": "Count",
    "Misses": "Count",
    "Shared": "Count",
    "Stale": "Count",
    "Errors": "Count",
    "Bytes": "Bytes",
    "BytesFilled": "Bytes",
    "OriginFirstByte": "Milliseconds",
    "ObjectAge": "Seconds",
}
SAMPLED = 16
"""Number of directories, of the 4,096 of a cache (levels=1:2), in which the age of objects is measured."""
MOST_VALUES = 100
"""Most values of one metric in one object (the format's limit). If there are more, evenly spread ones are sent."""


def sums(lines: Iterable[str]) -> dict[str, Any]:
    """The metrics of some lines of the access log. Lines that are not a JSON object are left out.

    Bytes were sent to viewers. BytesFilled are those of them that the node had to fetch. OriginFirstByte has one value
    for each fetch: the time until the bucket began its answer. FirstByteP50 and FirstByteP99 are milliseconds for which
    viewers waited who did not get a hit. They are not metrics. nginx does not measure the first byte of a hit.
    """
    found: dict[str, Any] = {name: 0 for name, unit in UNITS.items() if unit in ("Count", "Bytes")}
    waits, firsts = list[int](), list[int]()
    for line in lines:
        try:
            entry = json.loads(line)
            status, size, cache = entry["status"], entry["bytes"], entry["cache"]
            from_origin, first = entry["origin_first_byte"], entry["first_byte"]
        except (ValueError, KeyError, TypeError):
            continue
        found["Bytes"] += size
        if status >= 400:
            found["Errors"] += 1
        elif cache == "HIT":
            found["Hits"] += 1
        elif cache in ("STALE", "UPDATING"):
            found["Stale"] += 1
        elif cache == "SHARED":
            found["Shared"] += 1
        else:
            found["Misses"] += 1
            found["BytesFilled"] += size
        waits += times(from_origin)
        if parts := times(first):
            firsts.append(sum(parts))
    found["OriginFirstByte"] = spread(waits)
    firsts.sort()
    for percent in (50, 99) if firsts else ():
        found[f"FirstByteP{percent}"] = firsts[len(firsts) * percent // 100]
    return found


def times(text: str) -> list[int]:
    """nginx's times in milliseconds. After two tries there are two. A try that was refused may have "-"."""
    return [round(float(part) * 1000) for part in text.replace(",", ":").split(":") if part.strip(" -")]


def spread(values: list[int]) -> list[int]:
    """The values in ascending order, but at most as many as the format allows."""
    return sorted(values)[:: len(values) // MOST_VALUES + 1]


def ages(cache: Path, now: float) -> list[int]:
    """Ages in seconds of some cached objects: those in a few directories, which are drawn at random.

    The hash of a key decides the directory, so these objects are a fair sample. The oldest one shows how long the disk
    keeps an object that no viewer requests.
    """
    found: list[int] = []
    directories = [(first, second) for first in "0123456789abcdef" for second in range(256)]
    for first, second in random.sample(directories, SAMPLED):
        with contextlib.suppress(OSError):
            for entry in os.scandir(cache / first / f"{second:02x}"):
                found.append(max(0, round(now - entry.stat().st_mtime)))
    return spread(found)


def document(found: dict[str, Any], fleet: str, node: str, log_group: str, now: float) -> dict[str, Any]:
    """The object in the embedded metric format. `now` is in seconds since 1970. The dimension is the fleet."""
    metrics = [{"Name": name, "Unit": unit} for name, unit in UNITS.items() if found.get(name, []) != []]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Fleet"]], "Metrics": metrics}
    about = {"Timestamp": int(now * 1000), "LogGroupName": log_group, "CloudWatchMetrics": [directive]}
    values = {name: value for name, value in found.items() if value != []}
    return {"_aws": {**about, "LogStreamName": f"{fleet}/{node}/requests"}, "Fleet": fleet, "Node": node, **values}


class Tail:
    """The new lines of a log since the last look, even if the log was rotated in between."""

    def __init__(self, path: Path) -> None:
        """Begin at the present end of the log."""
        self._path = path
        self._file: TextIO | None = None
        if path.exists():
            self._file = path.open(encoding="utf-8", errors="replace")
            self._file.seek(0, os.SEEK_END)

    def lines(self) -> list[str]:
        """The new complete lines. A line that is still being written comes with the next look."""
        found = self._read()
        here = self._path.stat().st_ino if self._path.exists() else None
        if here is not None and (self._file is None or here != os.fstat(self._file.fileno()).st_ino):
            self._file = self._path.open(encoding="utf-8", errors="replace")
            found += self._read()
        return found

    def _read(self) -> list[str]:
        found: list[str] = []
        while self._file is not None:
            at = self._file.tell()
            line = self._file.readline()
            if not line.endswith("\n"):
                self._file.seek(at)
                break
            found.append(line)
        return found


def alive() -> None:
    """Tell systemd that this process is not frozen. If systemd hears nothing for WatchdogSec, it starts it again."""
    if notify := os.environ.get("NOTIFY_SOCKET"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(b"WATCHDOG=1", socket.MSG_DONTWAIT, notify.replace("@", "\0", 1))


def main() -> None:
    """Report until the machine stops."""
    path, cache, fleet, node, log_group, port = sys.argv[1:]
    tail, agent = Tail(Path(path)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        alive()
        time.sleep(SECONDS)
        now = time.time()
        found = {**sums(tail.lines()), "ObjectAge": ages(Path(cache), now)}
        told = document(found, fleet, node, log_group, now)
        agent.sendto(json.dumps(told).encode() + b"\n", ("127.0.0.1", int(port)))


if __name__ == "__main__":
    main()
