"""A CloudWatch alarm, the way every alarm of the platform is made."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

MISSING = {
    # No data means that nothing happened: a count of errors, a queue's length.
    "fine": "notBreaching",
    # No data means that nothing is known: a ratio of requests when there are no requests.
    "unsure": "ignore",
    # No data means that what sends it is gone: the nodes of a fleet.
    "bad": "breaching",
}


class AlarmArgs(TypedDict):
    """When an alarm tells somebody, and what it says."""

    region: str
    """Where the metric lives."""
    says: str
    """What is wrong, and what to look at first: the text of the message."""
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Literal["Sum", "Average", "Maximum", "Minimum", "p95"]
    per: NotRequired[str]
    """Another metric of the same namespace and dimensions. The threshold is then a percentage of its sum."""
    least: NotRequired[float]
    """The smallest sum of `per` for which a percentage means something. Default: 1."""
    above: NotRequired[float]
    below: NotRequired[float]
    minutes: NotRequired[int]
    """Minutes for which the value must be beyond the threshold before the alarm starts. Default: 5. A metric that comes
    once a day needs 1440."""
    as_one: NotRequired[bool]
    """Look at these minutes as one value: one bad minute among them is enough. Default: most of them must be bad."""
    missing: NotRequired[Literal["fine", "unsure", "bad"]]
    """What missing data means. Default: fine."""


def alarm(
    name: str, args: AlarmArgs, topics: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that tells the topic of its region when it starts and ends. `topics`: their ARNs by region.

    Raises ValueError if it has no threshold or two.
    """
    if ("above" in args) == ("below" in args):
        raise ValueError(f"alarm {name!r}: give either above or below")
    minutes = args.get("minutes", 5)
    as_one = args.get("as_one", minutes >= 1440)
    period = 60 * minutes if as_one else 60
    return aws.cloudwatch.MetricAlarm(
        name,
        region=args["region"],
        alarm_description=args["says"],
        **(_share(args, args["per"], period) if "per" in args else _plain(args, period)),
        evaluation_periods=1 if as_one else minutes,
        # One minute below the threshold among five does not end the alarm.
        datapoints_to_alarm=1 if as_one else max(1, minutes - minutes // 3),
        comparison_operator="GreaterThanThreshold" if "above" in args else "LessThanThreshold",
        threshold=args.get("above", args.get("below")),
        treat_missing_data=MISSING[args.get("missing", "fine")],
        alarm_actions=[topics[args["region"]]],
        ok_actions=[topics[args["region"]]],
        opts=opts,
    )


def _plain(args: AlarmArgs, period: int) -> dict[str, Any]:
    """Arguments that name one metric."""
    named = {"namespace": args["namespace"], "metric_name": args["metric"], "dimensions": args["dimensions"]}
    # Percentiles have an argument of their own.
    kind = "extended_statistic" if args["statistic"].startswith("p") else "statistic"
    return {**named, "period": period, kind: args["statistic"]}


def _share(args: AlarmArgs, per: str, period: int) -> dict[str, Any]:
    """Arguments that name a metric's share of another, in percent."""

    def query(name: str, metric: str) -> dict[str, Any]:
        named = {"namespace": args["namespace"], "metric_name": metric, "dimensions": args["dimensions"]}
        return {"id": name, "metric": {**named, "period": period, "stat": args["statistic"]}}

    expression = f"IF(whole >= {args.get('least', 1):g}, 100 * part / whole, 0)"
    share = {"id": "share", "expression": expression, "label": "percent", "return_data": True}
    return {"metric_queries": [query("part", args["metric"]), query("whole", per), share]}
