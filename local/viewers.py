"""How viewers fare, as `make demo` shows it: what players reported, read from the log of the platform's function."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from rich.table import Table

from local.logs import Grown


@dataclass
class Viewers:
    """What was reported up to now."""

    run_dir: Path
    sums: Counter[str] = field(default_factory=Counter[str])
    """By the metric's name: counts, and seconds."""
    starts: list[float] = field(default_factory=list[float])
    """Seconds to each first frame."""
    _log: Grown = field(default_factory=Grown)

    def update(self) -> None:
        """Count the reports that were added to the log."""
        for _, line in self._log.lines(self.run_dir, "lambda-*experience*.log"):
            if line.startswith(b'{"_aws"'):
                report = json.loads(line)
                for metric in report["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                    self.sums[metric["Name"]] += report[metric["Name"]]
                if "StartTime" in report:
                    self.starts.append(report["StartTime"] / 1000)

    def table(self) -> Table:
        """The figures that the platform's alarms watch."""
        headings = ("started", "first frame p50", "p95", "watched", "stood still", "failed", "left before")
        table = Table(title="How viewers fare", title_justify="left", show_edge=False, pad_edge=False)
        for heading in headings:
            table.add_column(heading, justify="right")
        s = self.sums
        seconds = s["WatchedSeconds"] + s["StalledSeconds"]
        cuts = quantiles(self.starts, n=20, method="inclusive") if len(self.starts) > 1 else self.starts * 19
        first = [f"{cuts[at]:.2f} s" if cuts else "" for at in (9, 18)]
        still = f"{s['StalledSeconds'] / seconds:.1%}" if seconds else ""
        counts = [str(s[name]) for name in ("Starts", "Failures", "ExitsBeforeStart")]
        table.add_row(counts[0], *first, f"{s['WatchedSeconds']:.0f} s", still, *counts[1:])
        return table
