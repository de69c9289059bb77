"""The dashboard's body: are viewers watching, and is anything failing? Pure: names in, data out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.operating.canary import stack_dimension
from components.operating.objectives import objectives
from components.serving.cache_node.user_data import METRICS_NAMESPACE
from facts.regions import CLOUDFRONT_REGION
from lambdas.metrics import NAMESPACE as EXPERIENCE

Metric = list[Any]
Widget = dict[str, Any]

ANSWERED = ("Hits", "Shared", "Stale")
"""Metrics of a fleet: the requests that its caches answered without a fetch of their own."""
RESPONSE_TIME = ("AWS/ApplicationELB", "TargetResponseTime")
"""From the balancer's question until a target begins to answer."""
BY_NODE = """filter ispresent(Hits)
| stats sum(Hits) as hits, sum(Misses) as misses, sum(Shared) as shared, sum(Stale) as stale, sum(Errors) as errors,
  sum(Bytes) / 1000000000 as GB, avg(FirstByteP50) as p50, max(FirstByteP99) as p99 by Fleet, Node
| sort Fleet, Node"""
"""A query of the lines that each node's report writes once a minute. A metric of each node that ever ran would cost
0.30 USD a month."""
WIDTH, HEIGHT = 12, 6
"""Size of a widget in CloudWatch's units. A dashboard is 24 units wide, so two widgets fill a row."""


def dashboard(
    *,
    home: str,
    distribution_id: pulumi.Input[str],
    state_machine_arn: pulumi.Input[str],
    balancers: Mapping[str, pulumi.Input[str]],
    groups: Mapping[str, Sequence[pulumi.Input[str]]],
    fleets: Mapping[str, Mapping[str, pulumi.Input[str]]],
    node_logs: Mapping[str, pulumi.Input[str]],
) -> dict[str, Any]:
    """CloudWatch's dashboard body. `balancers` (the ends of their ARNs), `groups` and `fleets` are by region.

    A region's `fleets`: the end of the ARN of each one's target group, by its name. `node_logs`: the log group of a
    region's nodes, if it has any.
    """

    def edge(metric: str, **options: Any) -> Metric:
        return ["AWS/CloudFront", metric, "DistributionId", distribution_id, "Region", "Global", options]

    def cache(fleet: str, metric: str, **options: Any) -> Metric:
        return [METRICS_NAMESPACE, metric, "Fleet", fleet, {"stat": "Sum", **options}]

    def viewers(metric: str, **options: Any) -> Metric:
        return [EXPERIENCE, metric, "Stack", stack_dimension(), options]

    def workflow(metric: str) -> Metric:
        return ["AWS/States", metric, "StateMachineArn", state_machine_arn, {"stat": "Sum"}]

    promises = objectives(home=home, regions=list(balancers), state_machine_arn=state_machine_arn)
    widgets = [
        *(_number(title, region, metrics) for title, region, metrics in promises),
        _graph("Are viewers watching? Bytes and requests at the edge", CLOUDFRONT_REGION, [
            edge("BytesDownloaded", stat="Sum"),
            edge("Requests", stat="Sum", yAxis="right"),
        ]),
        _graph("Do the caches work? Share of requests that end at the edge, in percent", CLOUDFRONT_REGION, [
            edge("CacheHitRate", stat="Average"),
        ]),
        _graph("Does anything fail at the edge? Error rates, in percent", CLOUDFRONT_REGION, [
            edge("5xxErrorRate", stat="Average"),
            edge("4xxErrorRate", stat="Average"),
        ]),
        _graph("How long do viewers wait for the first frame? In ms", home, [
            viewers("StartTime", stat="p50"),
            viewers("StartTime", stat="p95"),
        ]),
        _graph("Do their films go on? Seconds stalled and watched, failures, viewers who left before the start", home, [
            viewers("StalledSeconds", stat="Sum"),
            viewers("WatchedSeconds", stat="Sum", yAxis="right"),
            viewers("Failures", stat="Sum"),
            viewers("ExitsBeforeStart", stat="Sum"),
        ]),
        _graph("Do players report? Plays that should, and starts that were reported", home, [
            viewers("PlaysToReport", stat="Sum"),
            viewers("Starts", stat="Sum"),
        ]),
        _graph("Are titles being made?", home, [
            workflow("ExecutionsStarted"),
            workflow("ExecutionsSucceeded"),
            workflow("ExecutionsFailed"),
            workflow("ExecutionsTimedOut"),
        ]),
    ]  # fmt: skip
    for region, balancer in balancers.items():
        name = ["LoadBalancer", balancer]
        widgets += [
            _graph(
                f"{region}: what the load balancer answers",
                region,
                [
                    ["AWS/ApplicationELB", "RequestCount", *name, {"stat": "Sum"}],
                    ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", *name, {"stat": "Sum", "yAxis": "right"}],
                    [*RESPONSE_TIME, *name, {"stat": "p95", "yAxis": "right"}],
                ],
            ),
        ]
        if not groups[region]:
            continue  # AWS refuses a dashboard that has a graph without metrics
        widgets += [
            _graph(f"{region}: nodes, and what each sends", region, [
                metric
                for group in groups[region]
                for metric in (
                    ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group, {"stat": "Average"}],
                    ["AWS/EC2", "NetworkOut", "AutoScalingGroupName", group, {"stat": "Average", "yAxis": "right"}],
                )
            ]),
            _graph(f"{region}: share of requests that its caches answer, in percent; bytes", region, [
                metric
                for index, fleet in enumerate(fleets[region])
                for metric in (
                    [{"expression": _answered_percent(index), "label": fleet}],
                    *(cache(fleet, name, id=f"{name.lower()}{index}", visible=False) for name in (*ANSWERED, "Misses")),
                    cache(fleet, "Bytes", yAxis="right"),
                )
            ]),
            _graph(f"{region}: the first byte of each fleet's answers, in s", region, [
                [*RESPONSE_TIME, "TargetGroup", group, *name, {"stat": stat, "label": f"{fleet} {stat}"}]
                for fleet, group in fleets[region].items()
                for stat in ("p50", "p99")
            ]),
            _graph(f"{region}: the bucket's first byte, in ms; age of the oldest objects, in s", region, [
                metric
                for fleet in fleets[region]
                for metric in (
                    cache(fleet, "OriginFirstByte", stat="p90"),
                    cache(fleet, "ObjectAge", stat="Maximum", yAxis="right"),
                )
            ]),
            _table(f"{region}: each node; first bytes of what it had not, in ms", region, node_logs[region], BY_NODE),
        ]  # fmt: skip
    for index, widget in enumerate(widgets):
        widget |= {"x": index % 2 * WIDTH, "y": index // 2 * HEIGHT, "width": WIDTH, "height": HEIGHT}
    return {"widgets": widgets}


def _answered_percent(index: int) -> str:
    answered = " + ".join(f"{name.lower()}{index}" for name in ANSWERED)
    return f"100 * ({answered}) / ({answered} + misses{index})"


def _number(title: str, region: str, metrics: list[Metric]) -> Widget:
    """Single values over the whole time that the dashboard shows."""
    properties = {"title": title, "region": region, "metrics": metrics, "view": "singleValue"}
    return {"type": "metric", "properties": {**properties, "setPeriodToTimeRange": True}}


def _table(title: str, region: str, log_group: pulumi.Input[str], query: str) -> Widget:
    """What a query of CloudWatch Logs Insights finds in the time that the dashboard shows."""
    source = pulumi.Output.concat("SOURCE '", log_group, f"' | {query}")
    return {"type": "log", "properties": {"title": title, "region": region, "query": source, "view": "table"}}


def _graph(title: str, region: str, metrics: list[Metric]) -> Widget:
    properties = {"title": title, "region": region, "metrics": metrics, "period": 60, "view": "timeSeries"}
    return {"type": "metric", "properties": properties}
