"""`make cost`: what a month on AWS would cost by list prices. Nodes, balancers and alarms are counted in the program.

An estimate in US dollars, for us-east-1, without tax, discount or support; docs/cost.md quotes it and says what
it leaves out. Touches nothing but the program and its config.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lambdas.ladder import ladder
from local.engine import Deployment, run_program

PROJECT = Path(__file__).parent.parent
HOURS = 730
"""Of a month."""


class Price(NamedTuple):
    """A list price in us-east-1."""

    usd: float
    per: str
    read: str
    """When it was read; "undated" or "not confirmed" where that is not known."""


NODE = {
    "c7gd.medium": Price(0.0454, "hour", "not confirmed"),
    "im4gn.4xlarge": Price(1.455, "hour", "2026-07"),
}
"""By instance type, on demand."""
VOLUME = Price(0.08, "GB of gp3", "not confirmed")
METRIC = Price(0.30, "metric", "not confirmed")
ALARM = Price(0.10, "alarm", "not confirmed")
KEY = Price(1.00, "key", "not confirmed")
BALANCER = Price(0.0225, "hour", "undated")
BALANCER_GB = Price(0.008, "GB (one LCU-hour)", "undated")
STORAGE = Price(0.023, "GB a month", "undated")
GET = Price(0.0004, "1,000 requests", "not confirmed")
REPLICATION = Price(0.02, "GB between regions", "not confirmed")
ENCODING = Price(0.0075, "normalised minute, Basic; an HD one counts twice", "undated; the factor not confirmed")
EDGE_REQUESTS = Price(0.01, "10,000 requests over 10 million", "2026-03, not from AWS")
SHIELD = Price(0.0075, "10,000 requests", "not confirmed")
FIREWALL = Price(8.00, "web ACL with 3 rules", "not confirmed")
FIREWALL_REQUESTS = Price(0.60, "million requests", "not confirmed")
EDGE_TIERS = (
    (1_000, Price(0.0, "GB, the first TB", "2026-09")),
    (10_000, Price(0.085, "GB up to 10 TB", "undated")),
    (50_000, Price(0.080, "GB up to 50 TB", "2026-03, not from AWS")),
    (150_000, Price(0.060, "GB up to 150 TB", "2026-03, not from AWS")),
    (500_000, Price(0.040, "GB up to 500 TB", "not confirmed")),
    (1_024_000, Price(0.030, "GB up to 1 PB", "not confirmed")),
    (5_000_000, Price(0.025, "GB up to 5 PB", "not confirmed")),
    (float("inf"), Price(0.020, "GB above", "undated")),
)
"""CloudFront to viewers in North America and Europe: up to how many GB a month, at what price."""

WATCHED_GB = 2.25
"""An hour of film at 5 Mb/s."""
REQUESTS = 1200
"""An hour: a segment of picture and one of sound, every six seconds."""
MISSES = 0.05
"""Share of requests that the edge does not answer itself. The target that operators use is less."""
MEZZANINE_GB = 10.0
"""An hour of film as uploaded, at 22 Mb/s."""


class Month(NamedTuple):
    """What one month brings."""

    title: str
    stack: str
    watched: int
    """Hours of film."""
    encoded: int
    """Hours of 1080p film."""
    kept: int
    """Hours of film in the buckets."""


MONTHS = (
    Month("dev, idle", "dev", 0, 0, 0),
    Month("dev, 100 h watched", "dev", 100, 10, 10),
    Month("prod example", "prod", 100_000, 200, 2_000),
)


class Shape(NamedTuple):
    """What costs by the hour, as the program declares it."""

    nodes: int
    instance_type: str
    volume_gb: int
    """Of one node's root volume."""
    balancers: int
    alarms: int
    keys: int
    firewalls: int
    replicas: int


def shape(deployment: Deployment) -> Shape:
    """Count it, with each fleet at its minimum."""
    count = Counter(item.type for item in deployment.registrations)
    template = deployment.of_type("aws:ec2/launchTemplate:LaunchTemplate")[0].inputs
    balancers = count["aws:lb/loadBalancer:LoadBalancer"]
    return Shape(
        nodes=sum(group.inputs["minSize"] for group in deployment.of_type("aws:autoscaling/group:Group")),
        instance_type=template["instanceType"],
        volume_gb=template["blockDeviceMappings"][0]["ebs"]["volumeSize"],
        balancers=balancers,
        alarms=count["aws:cloudwatch/metricAlarm:MetricAlarm"],
        keys=count["aws:kms/key:Key"],
        firewalls=count["aws:wafv2/webAcl:WebAcl"],
        replicas=balancers - 1,
    )


def delivery(gb: float) -> float:
    """US dollars for so many GB from CloudFront to viewers."""
    total, below = 0.0, 0.0
    for limit, price in EDGE_TIERS:
        total += max(0.0, min(gb, limit) - below) * price.usd
        below = limit
    return total


def bill(declared: Shape, month: Month) -> dict[str, float]:
    """US dollars by line. The last line is what would stand in for the first three, and is no part of the sum.

    Raises:
        ValueError: for a node type whose price is not known.
    """
    if declared.instance_type not in NODE:
        raise ValueError(f"no price for {declared.instance_type}; add it to NODE in bench/bill.py")
    rungs = ladder(1920, 1080, 24)
    # What the encoder may not exceed; films stay well below it.
    rendition_gb = sum(rung.max_bitrate for rung in rungs) / 8 * 3600 / 1e9
    minutes = 60 * sum(2 if min(rung.width, rung.height) >= 720 else 1 for rung in rungs)
    watched_gb, requests = month.watched * WATCHED_GB, month.watched * REQUESTS
    copies = 1 + declared.replicas
    return {
        "Cache nodes": declared.nodes * HOURS * NODE[declared.instance_type].usd,
        # EC2's own seven metrics by the minute.
        "Their volumes and metrics": declared.nodes * (declared.volume_gb * VOLUME.usd + 7 * METRIC.usd),
        "Load balancers": declared.balancers * HOURS * BALANCER.usd + watched_gb * MISSES * BALANCER_GB.usd,
        "CloudFront, bytes to viewers": delivery(watched_gb),
        "CloudFront, requests": max(0, requests - 10_000_000) / 10_000 * EDGE_REQUESTS.usd,
        "Encoding": month.encoded * minutes * ENCODING.usd,
        "Storage, sources and renditions": month.kept * (MEZZANINE_GB + rendition_gb * copies) * STORAGE.usd,
        "Replication": month.encoded * rendition_gb * declared.replicas * REPLICATION.usd,
        "Firewall": declared.firewalls * (FIREWALL.usd + requests / 1e6 * FIREWALL_REQUESTS.usd),
        # CloudFront's eight additional metrics.
        "Alarms, keys, edge metrics": declared.alarms * ALARM.usd + declared.keys * KEY.usd + 8 * METRIC.usd,
        "(S3 and Origin Shield instead)": requests * MISSES * (SHIELD.usd / 10_000 + GET.usd / 1_000),
    }


def table(months: Sequence[Month], bills: Sequence[dict[str, float]]) -> Iterator[str]:
    """The lines of the table; three digits, since the assumptions bear no more."""

    def cells(values: Sequence[float]) -> str:
        return "".join(f"{usd if usd < 1000 else float(f'{usd:.3g}'):20,.0f}" for usd in values)

    yield f"{'US dollars a month':32}" + "".join(f"{month.title:>20}" for month in months)
    for line in bills[0]:
        if line.startswith("("):
            totals = [sum(usd for name, usd in each.items() if not name.startswith("(")) for each in bills]
            yield f"{'Together':32}{cells(totals)}"
        yield f"{line:32}{cells([each[line] for each in bills])}"


def main() -> None:
    """Print it."""
    shapes = {stack: shape(run_program(PROJECT, stack=stack)) for stack in {month.stack for month in MONTHS}}
    try:
        bills = [bill(shapes[month.stack], month) for month in MONTHS]
    except ValueError as error:
        sys.exit(str(error))
    print("\n".join(table(MONTHS, bills)))


if __name__ == "__main__":
    main()
