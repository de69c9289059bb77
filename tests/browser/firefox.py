"""Debian's Firefox without a window. The tests drive it by Marionette, since Playwright only drives its own Firefox.

Each message of Marionette's protocol is JSON after its length. A command is `[0, id, command, parameters]`, and its
answer is `[1, id, error, result]`: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FIREFOX = "/usr/bin/firefox-esr"
PREFERENCES: dict[str, object] = {
    # Firefox makes no requests of its own.
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    # The rule for viewers: a page may not start with sound.
    "media.autoplay.default": 1,
    "media.volume_scale": "0.0",
}
BOX = "by({!r}).getBoundingClientRect()"


class Firefox:
    """A running Firefox with one tab."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._file = self._socket.makefile("rb")
        self._read()  # The first message names the protocol.
        self._number = 0
        self._ask("WebDriver:NewSession", {})
        self._ask("WebDriver:SetTimeouts", {"script": 120_000, "pageLoad": 120_000})

    def open(self, url: str) -> None:
        """Go to a page."""
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, in which `by(id)` is an element and `video` is the player's."""
        script = f"const by = (id) => document.getElementById(id), video = by('video'); return ({expression})"
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until the expression is true. Fail after `seconds`."""
        end = time.monotonic() + seconds
        while not self.run(expression):
            assert time.monotonic() < end, f"not within {seconds} s: {expression}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key, and let it go."""
        self._act({"type": "key", "id": "keys"}, [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}])

    def point(self, element: str, share: float) -> None:
        """Move the mouse onto an element, `share` of its width from its left edge."""
        x, y, width, height = self.run(f"(({{x, y, width, height}}) => [x, y, width, height])({BOX.format(element)})")
        place = {"x": int(x + share * width), "y": int(y + height / 2)}
        self._act({"type": "pointer", "id": "mouse"}, [{"type": "pointerMove", "duration": 50, **place}])

    def _act(self, device: dict[str, object], actions: list[dict[str, object]]) -> None:
        self._ask("WebDriver:PerformActions", {"actions": [{**device, "actions": actions}]})

    def _ask(self, command: str, parameters: dict[str, object]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while (digit := self._file.read(1)) != b":":
            assert digit, "Firefox ended"
            length += digit
        return json.loads(self._file.read(int(length)))


@contextmanager
def firefox() -> Generator[Firefox]:
    """Start Firefox, and end it."""
    profile = Path(tempfile.mkdtemp(prefix="headend-firefox-"))
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    lines.append('user_pref("marionette.port", 0);')
    (profile / "user.js").write_text("\n".join(lines))
    command = [FIREFOX, "--marionette", "--headless", "--no-remote", "--profile", str(profile)]
    with (profile / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield Firefox(_port(profile, process))
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(profile, ignore_errors=True)


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """Marionette writes the port that it has chosen into the profile."""
    file, end = profile / "MarionetteActivePort", time.monotonic() + 120
    while not (file.exists() and file.read_text().strip()):
        assert process.poll() is None, (profile / "output").read_text(errors="replace")[-2000:]
        assert time.monotonic() < end, "Firefox does not listen"
        time.sleep(0.1)
    return int(file.read_text())
