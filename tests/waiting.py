"""Waiting for a condition of a test, for as long as a busy machine needs."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float = 60.0) -> Found:
    """The first truthy value that `look` returns. When the time is over, its last value."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found
