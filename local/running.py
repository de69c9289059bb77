"""The file in which a running demo says where it is, for `make add` and for `headend`.

A demo holds a lock on the file while it runs. The kernel releases the lock however the demo ends. So a file without a
lock, which a killed demo may leave, does not count.
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNNING = Path(os.environ.get("HEADEND_DEMO", Path(__file__).parent.parent / ".headend" / "demo.json"))
"""A demo with another file, by the variable HEADEND_DEMO, is another demo."""


@contextmanager
def alone() -> Generator[None]:
    """Be the running demo. Raises BlockingIOError if another one runs."""
    RUNNING.parent.mkdir(exist_ok=True)
    with RUNNING.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        try:
            yield
        finally:
            RUNNING.unlink(missing_ok=True)


def announce(endpoint: str, url: str, exports: dict[str, Any]) -> None:
    """Write, while `alone`, what runs: the URL of its AWS, the URL of its page, and the program's outputs."""
    RUNNING.write_text(json.dumps({"endpoint": endpoint, "url": url, "exports": exports}))


def running() -> dict[str, Any] | None:
    """What the running demo gave to `announce`. None if no demo runs, or if it is still starting."""
    try:
        with RUNNING.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.load(file)
    except (OSError, ValueError):
        pass
    return None
