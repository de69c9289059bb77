"""A CloudWatch alarm, the way every alarm of the platform is made."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

MISSING = {
    # No data says that nothing happened: an error count, a queue.
    "fine": "notBreaching",
    # No data says nothing either way: a ratio of requests when there are none.
    "unsure": "ignore",
}


class AlarmArgs(TypedDict):
    """When somebody is told, and what."""

    region: str
    """Where the metric lives."""
    topic_arn: pulumi.Input[str]
    says: str
    """What is wrong, and what to look at first: the text of the message."""
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Literal["Sum", "Average", "Maximum", "Minimum"]
    above: NotRequired[float]
    below: NotRequired[float]
    minutes: NotRequired[int]
    """How long it must be so. Default: 5. A day's metric takes 1440."""
    missing: NotRequired[Literal["fine", "unsure"]]
    """What no data means. Default: fine."""


def alarm(name: str, args: AlarmArgs, opts: pulumi.ResourceOptions) -> aws.cloudwatch.MetricAlarm:
    """Tells the topic when it starts, and when it is over."""
    if ("above" in args) == ("below" in args):
        raise ValueError(f"alarm {name!r}: give either above or below")
    minutes = args.get("minutes", 5)
    daily = minutes >= 1440
    return aws.cloudwatch.MetricAlarm(
        name,
        region=args["region"],
        alarm_description=args["says"],
        namespace=args["namespace"],
        metric_name=args["metric"],
        dimensions=args["dimensions"],
        statistic=args["statistic"],
        period=86400 if daily else 60,
        evaluation_periods=1 if daily else minutes,
        # One quiet minute in five does not make it well.
        datapoints_to_alarm=1 if daily else max(1, minutes - minutes // 3),
        comparison_operator="GreaterThanThreshold" if "above" in args else "LessThanThreshold",
        threshold=args.get("above", args.get("below")),
        treat_missing_data=MISSING[args.get("missing", "fine")],
        alarm_actions=[args["topic_arn"]],
        ok_actions=[args["topic_arn"]],
        opts=opts,
    )
