"""One run of the sweep: how much time it has, what it did, and what went wrong without stopping the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lambdas.refusals import LOG


@dataclass
class Run:
    """Given to every part."""

    now: datetime
    more: Callable[[], bool]
    """Is there time for another item?"""
    done: dict[str, int] = field(default_factory=dict[str, int])
    """Items that a part acted on, by the part's name."""
    failed: list[str] = field(default_factory=list[str])
    """Sentences."""

    def attempt(self, part: str, about: str, act: Callable[[], int]) -> None:
        """Act on one item. A fault of it is told at the end: it must not keep the items behind it from their turn."""
        try:
            acted = act()
            self.done[part] = self.done.get(part, 0) + acted
        except Exception as error:
            LOG.exception("an item of the sweep failed", extra={"part": part, "about": about})
            self.failed.append(f"{part}, {about}: {error}")
