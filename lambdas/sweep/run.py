"""One run of the sweep: how much time it has, what it did, and what failed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lambdas.refusals import LOG


@dataclass
class Run:
    """Every part of the sweep gets this."""

    now: datetime
    more: Callable[[], bool]
    """Is there time for another item?"""
    done: dict[str, int] = field(default_factory=dict[str, int])
    """Items that a part acted on, by the part's name."""
    failed: list[str] = field(default_factory=list[str])
    """Sentences."""

    def attempt(self, part: str, about: str, act: Callable[[], int]) -> None:
        """Act on one item. If that fails, the run goes on with the next item, and tells of it at the end."""
        try:
            acted = act()
            self.done[part] = self.done.get(part, 0) + acted
        except Exception as error:
            LOG.exception("an item of the sweep failed", extra={"part": part, "about": about})
            self.failed.append(f"{part}, {about}: {error}")
