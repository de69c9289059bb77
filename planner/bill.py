"""`make cost`: what a month on AWS would cost by list prices. Nodes, balancers and alarms are counted in the program.

An estimate in US dollars, for us-east-1, without tax, discount or support. It also goes into docs/cost.md, which says
what it leaves out. It reads only the program and its config.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from facts.instances import INSTANCE_TYPES
from facts.prices import (
    ALARM,
    BALANCER,
    BALANCER_GB,
    EDGE_REQUESTS,
    EDGE_TIERS,
    FIREWALL,
    FIREWALL_REQUESTS,
    FLAT_RATES,
    GET,
    KEY,
    METRIC,
    NODE,
    REPLICATION,
    SHIELD,
    STORAGE,
    VOLUME,
    FlatRate,
)
from lambdas.cost import usd
from lambdas.ladder import STEPS, Steps, ladder, steps_of
from local.engine import Deployment, ProgramError, Registration, run_program

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs/cost.md"
HOURS = 730
"""Hours of a month."""
WATCHED_GB = 2.25
"""GB of an hour of film at 5 Mb/s."""
REQUESTS = 1200
"""Requests of a viewer in an hour: a video and an audio segment every six seconds."""
MISSES = 0.05
"""Share of requests that the edge does not answer itself. The target that operators use is less."""
MEZZANINE_GB = 10.0
"""GB of an hour of film as it was uploaded, at 22 Mb/s."""


def rendition_gb(steps: Steps) -> float:
    """GB of an hour of all rungs of a 1080p film, at the rungs' maximum bitrates. Films stay well below these."""
    return sum(rung.max_bitrate for rung in ladder(1920, 1080, 24, steps)) / 8 * 3600 / 1e9


class Month(NamedTuple):
    """One month of the platform: a config, and what is watched, encoded and kept."""

    title: str
    stack: str
    config: Mapping[str, Any]
    """Keys that differ from the stack's own config."""
    watched: int
    """Hours of film that viewers watch."""
    encoded: int
    """Hours of 1080p film that are encoded."""
    kept: int
    """Hours of film in the buckets."""


MONTHS = (
    Month("fleets: 0, idle", "dev", {"fleets": 0}, 0, 0, 0),
    Month("dev, idle", "dev", {}, 0, 0, 0),
    Month("dev, 100 h watched", "dev", {}, 100, 10, 10),
    Month("prod example", "prod", {}, 100_000, 200, 2_000),
)


FLEET_METRICS = 17
"""Metrics that the nodes of a fleet report together: nine of nginx's log, and eight of the CloudWatch agent (two disks,
bytes in and out of two network interfaces, and two limits of the network)."""


class Shape(NamedTuple):
    """The program's resources that cost by the hour or month."""

    nodes: Mapping[str, int]
    """Number of nodes by instance type, with each fleet at its minimum."""
    volumes_gb: int
    """GB of the root volumes of all nodes."""
    balancers: int
    alarms: int
    keys: int
    firewalls: int
    replicas: int
    """Number of copies of the media bucket, without the home bucket."""
    steps: Steps = STEPS
    """The ladder."""
    source_copies: int = 0
    """Number of copies of the uploads bucket."""
    fleets: int = 0
    """Number of fleets in all regions."""


def shape(deployment: Deployment) -> Shape:
    """Count the program's resources."""
    count = Counter(item.type for item in deployment.registrations)
    rules = [rule for item in deployment.of_type(REPLICATION_TYPE) for rule in item.inputs["rules"]]
    copied: list[str] = [rule["filter"]["prefix"] for rule in rules]  # only renditions have a prefix
    templates = {item.id: item for item in deployment.of_type("aws:ec2/launchTemplate:LaunchTemplate")}
    nodes, volumes_gb = Counter[str](), 0
    for group in deployment.of_type("aws:autoscaling/group:Group"):
        template, smallest = templates[_template_id(group)].inputs, group.inputs["minSize"]
        nodes[template["instanceType"]] += smallest
        volumes_gb += smallest * template["blockDeviceMappings"][0]["ebs"]["volumeSize"]
    return Shape(
        nodes=nodes,
        volumes_gb=volumes_gb,
        balancers=count["aws:lb/loadBalancer:LoadBalancer"],
        alarms=count["aws:cloudwatch/metricAlarm:MetricAlarm"],
        keys=count["aws:kms/key:Key"],
        firewalls=count["aws:wafv2/webAcl:WebAcl"],
        replicas=sum(bool(prefix) for prefix in copied),
        steps=_steps(deployment),
        source_copies=copied.count(""),
        fleets=count["aws:autoscaling/group:Group"],
    )


def _steps(deployment: Deployment) -> Steps:
    """Of the handler that plans; a program of before there was a choice has the default."""
    functions = deployment.of_type("aws:lambda/function:Function")
    environments = [(item.inputs.get("environment") or {}).get("variables") or {} for item in functions]
    return steps_of(next((variables["LADDER"] for variables in environments if "LADDER" in variables), ""))


REPLICATION_TYPE = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def _template_id(group: Registration) -> str:
    policy = cast(dict[str, Any], group.inputs["mixedInstancesPolicy"])
    return policy["launchTemplate"]["launchTemplateSpecification"]["launchTemplateId"]


def node_hour(instance_type: str) -> float:
    """US dollars for an hour of a node, on demand.

    Raises:
        ValueError: for a type whose price is not known.
    """
    family = instance_type.partition(".")[0]
    if family not in NODE or instance_type not in INSTANCE_TYPES:
        raise ValueError(f"no price for {instance_type}; add it to facts/instances.py, and its family to NODE")
    return INSTANCE_TYPES[instance_type].vcpus * NODE[family].usd


def delivery(gb: float) -> float:
    """US dollars for this many GB from CloudFront to viewers in a month."""
    total, below = 0.0, 0.0
    for limit, price in EDGE_TIERS:
        total += max(0.0, min(gb, limit) - below) * price.usd
        below = limit
    return total


def flat_rate(gb: float, requests: float) -> FlatRate | None:
    """The cheapest flat-rate plan of CloudFront that allows this much a month; None if no plan does."""
    return next((plan for plan in FLAT_RATES if gb <= plan.gb and requests <= plan.requests), None)


def bill(declared: Shape, month: Month) -> dict[str, float]:
    """US dollars by line. Lines in brackets are alternatives to other lines, and are not part of the sum.

    Raises:
        ValueError: for a node type whose price is not known.
    """
    watched_gb, requests = month.watched * WATCHED_GB, month.watched * REQUESTS
    nodes, copies = sum(declared.nodes.values()), 1 + declared.replicas
    from_bucket = requests * MISSES * (SHIELD.usd / 10_000 + GET.usd / 1_000)
    plan = flat_rate(watched_gb, requests)
    kept_gb = rendition_gb(declared.steps)
    return {
        "Cache nodes": sum(number * HOURS * node_hour(kind) for kind, number in declared.nodes.items()),
        # Each node has seven EC2 metrics for each minute.
        "Their volumes and metrics": declared.volumes_gb * VOLUME.usd
        + (nodes * 7 + declared.fleets * FLEET_METRICS) * METRIC.usd,
        "Load balancers": declared.balancers * HOURS * BALANCER.usd
        + (watched_gb * MISSES * BALANCER_GB.usd if nodes else 0),
        "S3 and Origin Shield": 0.0 if nodes else from_bucket,
        "CloudFront, bytes to viewers": delivery(watched_gb),
        "CloudFront, requests": max(0, requests - 10_000_000) / 10_000 * EDGE_REQUESTS.usd,
        "Encoding": month.encoded * usd((rung.height for rung in ladder(1920, 1080, 24, declared.steps)), 3600),
        "Storage, sources and renditions": month.kept
        * (MEZZANINE_GB * (1 + declared.source_copies) + kept_gb * copies)
        * STORAGE.usd,
        "Replication": month.encoded
        * (MEZZANINE_GB * declared.source_copies + kept_gb * declared.replicas)
        * REPLICATION.usd,
        "Firewall": declared.firewalls * (FIREWALL.usd + requests / 1e6 * FIREWALL_REQUESTS.usd),
        # CloudFront's eight additional metrics.
        "Alarms, keys, edge metrics": declared.alarms * ALARM.usd + declared.keys * KEY.usd + 8 * METRIC.usd,
        "(S3 and Origin Shield, no nodes)": from_bucket,
        "(CloudFront at a flat rate)": plan.usd if plan else float("nan"),
    }


def together(lines: Mapping[str, float]) -> float:
    """The sum of a bill, without the lines in brackets."""
    return sum(usd for name, usd in lines.items() if not name.startswith("("))


def table(months: Sequence[Month], bills: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """The lines of the table. Three digits are shown, since the assumptions are not more exact. A dash means that it
    cannot be bought."""

    def cells(values: Sequence[float]) -> str:
        return "".join(f"{three_digits(usd):>20}" for usd in values)

    yield f"{'US dollars a month':32}" + "".join(f"{month.title:>20}" for month in months)
    summed = [line for line in bills[0] if not line.startswith("(")]
    for line in summed:
        yield f"{line:32}{cells([each[line] for each in bills])}"
    yield f"{'Together':32}{cells([together(each) for each in bills])}"
    for line in bills[0]:
        if line not in summed:
            yield f"{line:32}{cells([each[line] for each in bills])}"


def three_digits(usd: float) -> str:
    """A figure with three digits: 1,230,000 for 1,234,567; a dash for NaN."""
    if usd != usd:  # noqa: PLR0124  # only NaN differs from itself
        return "-"
    return f"{usd if abs(usd) < 1000 else float(f'{usd:.3g}'):,.0f}"


def with_table(text: str, printed: str) -> str:
    """The text of docs/cost.md with this table."""
    return re.sub(r"(?s)(?<=```text\n)US dollars a month.*?(?=\n```)", printed, text)


def main() -> None:
    """Print the table, and write it into docs/cost.md."""
    try:
        shapes = [shape(run_program(PROJECT, stack=month.stack, config=month.config)) for month in MONTHS]
        bills = [bill(declared, month) for declared, month in zip(shapes, MONTHS, strict=True)]
    except (ProgramError, ValueError) as error:
        sys.exit(str(error))
    printed = "\n".join(table(MONTHS, bills))
    print(printed)
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), printed), encoding="utf-8")


if __name__ == "__main__":
    main()
