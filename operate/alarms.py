"""The alarms of a stack, in all its regions. The description of each alarm says what it means."""

from datetime import datetime
from typing import NamedTuple

from operate.cloud import Cloud

ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")


class Alarm(NamedTuple):
    """One alarm."""

    name: str
    region: str
    state: str
    since: datetime
    means: str


def of_stack(cloud: Cloud) -> list[Alarm]:
    """All alarms that notify a topic of this stack. Those in state ALARM come first."""
    found: list[Alarm] = []
    for region, topic in cloud.output("topics").items():
        pages = cloud.client("cloudwatch", region).get_paginator("describe_alarms").paginate(
            ActionPrefix=topic, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )  # fmt: skip
        for page in pages:
            for item in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
                means = item.get("AlarmDescription", "")
                found.append(Alarm(item["AlarmName"], region, item["StateValue"], item["StateUpdatedTimestamp"], means))
    return sorted(found, key=lambda alarm: (ORDER.index(alarm.state), alarm.name))
