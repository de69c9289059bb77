"""`make cost`: what a month on AWS would cost by list prices. Nodes, balancers and alarms are counted in the program.

An estimate in US dollars, for us-east-1, without tax, discount or support; docs/cost.md quotes it and says what
it leaves out. Touches nothing but the program and its config.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from facts.prices import (
    ALARM,
    BALANCER,
    BALANCER_GB,
    EDGE_REQUESTS,
    EDGE_TIERS,
    ENCODING,
    FIREWALL,
    FIREWALL_REQUESTS,
    GET,
    KEY,
    METRIC,
    NODE,
    REPLICATION,
    SHIELD,
    STORAGE,
    VOLUME,
)
from lambdas.ladder import ladder
from local.engine import Deployment, run_program

PROJECT = Path(__file__).parent.parent
HOURS = 730
"""Of a month."""


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
        raise ValueError(f"no price for {declared.instance_type}; add it to NODE in facts/prices.py")
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
