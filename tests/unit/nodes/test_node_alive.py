"""Each script beside nginx tells systemd that it is not frozen, and its unit says after which silence it is killed."""

import os
import re
import runpy
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components.serving.cache_node.user_data import user_data
from local.serving.nodes import written_files
from tests.node_config import node_config

FILES = written_files(user_data(node_config()))


class Slept(Exception):
    """The script would sleep now."""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("node-fill", ["http://127.0.0.1:1/b", "127.0.0.1:1", "0", "1", "1", "1", "{0}/node.conf", "{0}"]),
        ("node-report", ["{0}/log", "{0}", "fleet", "node", "group", "1"]),
        ("node-share", ["{0}/share", "{0}"]),
        ("node-watch", ["{0}/pid", "127.0.0.1", "1"]),
    ],
)
def test_it_tells_systemd_that_it_lives(
    name: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = FILES[f"/etc/systemd/system/cache-{name}.service"]
    # A frozen process does not react to another signal.
    assert re.search(r"\nNotifyAccess=main\nWatchdogSec=\d+\nWatchdogSignal=SIGKILL\nRestart=always\n", unit)
    (tmp_path / "node.conf").write_text("max_size=1m")
    script = tmp_path / name
    script.write_text(FILES[f"/usr/local/sbin/{name}"])
    found: dict[str, Any] = runpy.run_path(str(script))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("")
        ear.settimeout(5)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", f"@{ear.getsockname()[1:].decode()}")
        monkeypatch.setattr(sys, "argv", [name, *(each.format(tmp_path) for each in arguments)])
        monkeypatch.setattr(time, "sleep", _slept)
        if name == "node-share":
            monkeypatch.setattr(found["Sharer"], "turn", iter([None]).__next__)
        with pytest.raises((Slept, StopIteration)):
            found["main"]()
        assert ear.recv(64) == b"WATCHDOG=1"


def _slept(*_: Any) -> None:
    raise Slept
