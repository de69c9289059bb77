"""Lines of a log that CloudWatch makes metrics of: its embedded metric format. Pure."""

from collections.abc import Mapping
from typing import Any

NAMESPACE = "Headend/Experience"
UNITS = {"StartTime": "Milliseconds", "WatchedSeconds": "Seconds", "StalledSeconds": "Seconds"}
"""Of what is no count."""


def embedded(counted: Mapping[str, float], now_ms: int, stack: str, region: str | None = None) -> dict[str, Any]:
    """The line's fields for these figures, by the metric's name; with a region, a second time for that region alone.

    `stack` keeps two stacks of one account apart.
    """
    if not counted:
        return {}
    metrics = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in counted]
    dimensions = [["Stack"], ["Stack", "Region"]] if region else [["Stack"]]
    described = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
    where = {"Stack": stack} | ({"Region": region} if region else {})
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [described]}, **where, **counted}
