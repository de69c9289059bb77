"""`python -m bench`: measures what the platform costs, and compares each figure with another one. `make bench` runs it.

It takes some minutes, uses loopback only, and needs the machine for itself. Progress goes to standard error, the table
to standard output.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import NoReturn

from rich.console import Console

from bench import crowd, publishing, registering, rivals, serving, starting
from bench.figures import Row
from bench.load import LoadError
from bench.table import show
from local.cloud import CloudError
from local.engine import ProgramError
from local.serving.declared import NotOnLaptop
from local.serving.nodes import NodeError

PARTS: list[Callable[[Callable[[str], None]], list[Row]]] = [
    # This part is first. Later this process is large, and then its child processes take longer to start.
    registering.measure,
    publishing.measure,
    serving.measure,
    rivals.measure,
    starting.measure,
    crowd.measure,
]
BUSY = 0.3
"""Load average for each processor, before the bench begins, from which its figures are less exact."""


def main() -> None:
    """Measure every part, then print the table."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # If it were set, each new process would compile the SDK again, which takes longer than its own work.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    progress, began, load = Console(stderr=True), time.monotonic(), os.getloadavg()[0]
    processors = len(os.sched_getaffinity(0))
    rows: list[Row] = []
    try:
        with progress.status("") as status:
            for number, measure in enumerate(PARTS, 1):
                heading = f"{number}/{len(PARTS)} {measure.__module__.rpartition('.')[2]}"
                rows += measure(partial(_say, progress, status.update, heading))
    except KeyboardInterrupt:
        sys.exit("Stopped")
    except (CloudError, LoadError, NodeError, NotOnLaptop, ProgramError, RuntimeError) as error:
        sys.exit(str(error))
    console = Console()
    show(rows, console)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    console.print(
        f"\n{minutes} min {seconds} s on {processors} processors, Python {platform.python_version()}", highlight=False
    )
    if load > BUSY * processors:
        console.print(
            f"The machine was busy before (load average {load:.1f}): trust ratios, and processor time more than wall."
        )


def _say(progress: Console, update: Callable[[str], None], heading: str, step: str) -> None:
    if progress.is_terminal:
        update(f"{heading}: {step}")
    else:
        progress.print(f"{heading}: {step}", markup=False, highlight=False, soft_wrap=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m bench", description=__doc__).parse_args()  # it takes none
    main()
