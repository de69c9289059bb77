"""Log lines that CloudWatch turns into metrics (its embedded metric format). Pure."""

from collections.abc import Mapping
from typing import Any

NAMESPACE = "Headend/Experience"
UNITS = {"StartTime": "Milliseconds", "WatchedSeconds": "Seconds", "StalledSeconds": "Seconds"}
"""Units of the metrics that are not counts."""


def embedded(counted: Mapping[str, float], now_ms: int, stack: str, region: str | None = None) -> dict[str, Any]:
    """The fields of the line for `counted`, which maps a metric's name to its value.

    With a region, CloudWatch also keeps each metric for that region alone. `stack` separates two stacks of one account.
    """
    if not counted:
        return {}
    metrics = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in counted]
    dimensions = [["Stack"], ["Stack", "Region"]] if region else [["Stack"]]
    described = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
    where = {"Stack": stack} | ({"Region": region} if region else {})
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [described]}, **where, **counted}
