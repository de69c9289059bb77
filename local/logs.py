"""Reads the tiers' logs while they grow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Grown:
    """The lines that were added to logs since they were last read."""

    _read: dict[Path, int] = field(default_factory=dict[Path, int])

    def lines(self, run_dir: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
        """The new lines of the logs whose names match, each with the log's name without its extension."""
        for path in sorted((run_dir / "logs").glob(pattern)):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                lines = file.read().split(b"\n")
            # The last item is not a complete line yet.
            self._read[path] = self._read.get(path, 0) + sum(len(line) + 1 for line in lines[:-1])
            yield from ((path.stem, line) for line in lines[:-1])
