"""Where a running demo says what it is, for `make add` and for `headend`.

A demo holds a lock on the file while it runs. The kernel lets go of it however the demo ends, so what one that was
killed has left in the file counts for nothing.
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNNING = Path(os.environ.get("HEADEND_DEMO", Path(__file__).parent.parent / ".headend" / "demo.json"))
"""Another file in the environment makes another demo."""


@contextmanager
def alone() -> Generator[None]:
    """Be the demo that runs. Raises BlockingIOError where another one is."""
    RUNNING.parent.mkdir(exist_ok=True)
    with RUNNING.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        try:
            yield
        finally:
            RUNNING.unlink(missing_ok=True)


def announce(endpoint: str, url: str, exports: dict[str, Any]) -> None:
    """Say what runs, while `alone`. `endpoint` is its AWS, `url` its page, `exports` the program's outputs."""
    RUNNING.write_text(json.dumps({"endpoint": endpoint, "url": url, "exports": exports}))


def running() -> dict[str, Any] | None:
    """What `announce` was given by the demo that still runs; None where none does, or it is only starting."""
    try:
        with RUNNING.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.load(file)
    except (OSError, ValueError):
        pass
    return None
