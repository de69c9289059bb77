"""The views in `make demo`: starts, stalls and failures from players' reports in the log of their function."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from rich.table import Table

from local.logs import Grown


@dataclass
class Viewers:
    """The reports up to now."""

    run_dir: Path
    sums: Counter[str] = field(default_factory=Counter[str])
    """Sums by the metric's name: counts, or seconds."""
    starts: list[float] = field(default_factory=list[float])
    """Seconds to the first frame, of each start."""
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
        """A table of the figures that the platform's alarms watch."""
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
