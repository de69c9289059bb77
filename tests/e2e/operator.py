"""The work of an operator: `headend` with a laptop cloud, each command in its own process."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local import running
from local.cloud import LaptopCloud
from tests.e2e.platform import wait

HEADEND = Path(__file__).parents[2] / "headend"


class Done(NamedTuple):
    """The result of a verb."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output of `--json`."""
        return json.loads(self.out)


@contextmanager
def beside(cloud: LaptopCloud, announced: Path) -> Generator["Operator"]:
    """An operator of a cloud that is announced as the running demo."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "RUNNING", announced)
        with running.alone():
            running.announce(cloud.endpoint, cloud.url, cloud.deployment.exports)
            yield Operator(cloud, announced)


@dataclass
class Operator:
    """A person at a shell beside a running demo."""

    cloud: LaptopCloud
    announced: Path

    def begin(self, *words: str | Path, columns: int = 120) -> "subprocess.Popen[str]":
        """Start a verb."""
        return subprocess.Popen(
            [HEADEND, *words],
            env={**os.environ, "HEADEND_DEMO": str(self.announced), "COLUMNS": str(columns)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str | Path, code: int = 0) -> Done:
        """Run a verb to its end. No verb ends with a traceback."""
        process = self.begin(*words)
        try:
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()
        done = Done(process.returncode, out, err)
        assert "Traceback" not in err, err
        assert done.code == code, done
        return done

    def interrupt(self, process: "subprocess.Popen[str]", once: Callable[[], object | None]) -> Done:
        """Send Ctrl-C as soon as `once` returns something."""
        try:
            wait(once, "what is to be interrupted has begun")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        assert "Traceback" not in err, err
        return Done(process.returncode, out, err)
