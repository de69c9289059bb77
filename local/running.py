"""Where a running demo says what it is, for `make add` and for `headend`."""

import json
import os
from pathlib import Path
from typing import Any

RUNNING = Path(os.environ.get("HEADEND_DEMO", Path(__file__).parent.parent / ".headend" / "demo.json"))
"""Another file in the environment makes another demo."""


def announce(endpoint: str, url: str, exports: dict[str, Any]) -> None:
    """Say that this process runs a demo. `endpoint` is its AWS, `url` its page, `exports` the program's outputs."""
    RUNNING.parent.mkdir(exist_ok=True)
    RUNNING.write_text(json.dumps({"endpoint": endpoint, "url": url, "exports": exports, "pid": os.getpid()}))


def running() -> dict[str, Any] | None:
    """What `announce` was given by the process that still runs; None where none does."""
    try:
        known = json.loads(RUNNING.read_text())
        os.kill(known.pop("pid"), 0)
    except (OSError, ValueError):
        return None
    return known
