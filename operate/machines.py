"""Verbs for nodes: roll a new version to them, pin new images, drain a region, and show each node."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from operate import alarms, config, probes, rolling, screen
from operate.cloud import PROJECT, Cloud, account, find
from operate.screen import NOT_SO, Column, Json, Refusal, Stack, Yes

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
"""AWS's public SSM parameter with the id of the newest image. Every region has it."""
FILL_WINDOW = timedelta(hours=1)
"""Time over which the metrics of nodes are read."""


def roll(
    region: Annotated[list[str] | None, typer.Option(help="Only the fleets of this region.")] = None,
    at_once: Annotated[bool, typer.Option("--at-once", help="All fleets together, not one first.")] = False,
    pause: Annotated[int, typer.Option(min=0, help="Minutes to watch the alarms before the next fleets.")] = 10,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Bring the version that `pulumi up` made to the nodes of every fleet.

    A fleet that cannot serve with it goes back. One fleet goes first, then the rest of its region, then all others. If
    one fails, or an alarm begins to ring, no others follow.
    """
    cloud = find(stack)
    fleets: list[rolling.Fleet] = cloud.output("fleets")
    regions = {fleet["region"] for fleet in fleets}
    if unknown := set(region or ()) - regions:
        raise Refusal(f"--region {', '.join(sorted(unknown))}: this stack has fleets in {', '.join(sorted(regions))}")
    chosen = [fleet for fleet in fleets if not region or fleet["region"] in region]

    def ringing() -> set[str]:
        return {alarm.name for alarm in alarms.of_stack(cloud) if alarm.state == "ALARM"}

    before, ended, rings = ringing(), dict[str, str](), list[str]()
    stages = [chosen] if at_once else rolling.stages(chosen, cloud.home)
    for number, stage in enumerate(stages, start=1):
        done = rolling.roll(stage, screen.err(), lambda name: cloud.client("autoscaling", name), time.sleep)
        ended |= done
        if set(done.values()) - rolling.WELL:
            break
        if number < len(stages) and set(done.values()) != {rolling.HAD_IT}:
            with screen.err().status(f"{pause} minutes: does an alarm ring before the next fleets?"):
                rings = rolling.watch(ringing, before, pause, time.sleep)
        if rings:
            break
    if as_json:
        screen.document({fleet["group"]: ended.get(fleet["group"], "not begun") for fleet in chosen})
    if rings:
        sentence = f"Stopped, since these alarms began to ring: {', '.join(rings)}. See headend alarms."
        screen.fail(
            f"{sentence} The other fleets keep the old version. Roll again, or git revert, pulumi up and roll.", NOT_SO
        )
    if set(ended.values()) - rolling.WELL:
        screen.fail("Not every fleet has the new version. Fleets that went back serve with the old one.", NOT_SO)


def ami(stack: Stack = None, as_json: Json = False) -> None:
    """Write the newest node image of each region into Pulumi.<stack>.yaml."""
    path = config.path_of(stack)
    text = path.read_text(encoding="utf-8")
    old = config.images(text)
    new = {region: account(stack)("ssm", region).get_parameter(Name=IMAGE)["Parameter"]["Value"] for region in old}
    if as_json:
        screen.document({region: {"was": old[region], "is": new[region]} for region in old})
    else:
        rows = [[region, image, "the newest" if new[region] == image else new[region]] for region, image in old.items()]
        screen.table([Column("REGION"), Column("IMAGE"), Column("NEWEST")], rows, "")
    if new != old:
        path.write_text(config.with_images(text, new), encoding="utf-8")
        screen.note(f"{path.name} is changed. Look at pulumi preview, deploy with pulumi up, and then run")
        screen.note(f"headend roll --stack {stack}")


Region = Annotated[str, typer.Argument(help="A region of the stack, except the home region.")]


def drain(region: Region, stack: Stack = None, yes: Yes = False) -> None:
    """Send a region's viewers to the next nearest region. Changes the config, and runs `pulumi up`."""
    _serve(region, stack, yes, serving=False)


def undrain(region: Region, stack: Stack = None, yes: Yes = False) -> None:
    """Let a region serve its viewers again."""
    _serve(region, stack, yes, serving=True)


def _serve(region: str, stack: str | None, yes: bool, *, serving: bool) -> None:
    path = config.path_of(stack)
    text = path.read_text(encoding="utf-8")
    new = config.with_serving(text, region, serving)
    if region == config.home(text) and not serving:
        raise Refusal(
            f"{region} is the home region and must serve: the API is there. See docs/operating.md, A region fails"
        )
    words = ["pulumi", "up", "--stack", str(stack), *(["--yes"] if yes else [])]
    away = "its viewers come back" if serving else "its viewers go to the next nearest region"
    screen.ask(
        f"{region}: {away}. Write serving: {str(serving).lower()} into {path.name}, and run {' '.join(words)}?", yes
    )
    path.write_text(new, encoding="utf-8")
    try:
        code = subprocess.run(words, cwd=PROJECT, check=False).returncode
        ended = f"pulumi up ended with exit code {code}"
    except FileNotFoundError:
        ended = "the Pulumi CLI is not installed: https://www.pulumi.com/docs/install/"
        code = 127
    if code:
        path.write_text(text, encoding="utf-8")
        screen.fail(f"{ended}. {path.name} was set back", NOT_SO)
    screen.note(f"Done. Commit {path.name}. Otherwise the next deployment from main undoes the change.")


def nodes(stack: Stack = None, as_json: Json = False) -> None:
    """Show every fleet and every node: health, version, cache disk, and the hit ratio of the caches."""
    cloud = find(stack)
    found = [_fleet(cloud, fleet, datetime.now(UTC)) for fleet in cloud.output("fleets")]
    if as_json:
        screen.document(found)
        return
    columns = [Column("FLEET", "cut"), Column("HEALTHY", right=True), Column("MOST", right=True), Column("VERSION")]
    columns += [Column("DISK", right=True), Column("FROM CACHE", right=True)]
    rows = [
        [
            fleet["group"],
            f"{fleet['healthy']} of {fleet['wanted']}",
            str(fleet["most"]),
            fleet["version"]
            if fleet["version"] == fleet["deployed"]
            else f"{fleet['version']}, roll for {fleet['deployed']}",
            _percent(fleet["disk_percent"]),
            _percent(fleet["cached_percent"]),
        ]
        for fleet in found
    ]
    screen.table(columns, rows, "this stack has no fleets")
    screen.say("")
    columns = [
        Column("NODE"),
        Column("FLEET", "cut"),
        Column("ZONE"),
        Column("STATE"),
        Column("HEALTH"),
        Column("VERSION"),
    ]
    rows = [
        [node["id"], fleet["group"], node["zone"], node["state"], node["health"], node["version"]]
        for fleet in found
        for node in fleet["nodes"]
    ]
    screen.table(columns, rows, "no node is running")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"


def _fleet(cloud: Cloud, fleet: rolling.Fleet, now: datetime) -> dict[str, Any]:
    region, name = fleet["region"], fleet["group"]
    group = rolling.group(cloud.client("autoscaling", region), fleet)
    health = probes.health(cloud, region, group)
    tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags", ())}
    return {
        "group": name,
        "region": region,
        "healthy": sum(1 for state in health.values() if state == "healthy"),
        "wanted": group["DesiredCapacity"],
        "most": group["MaxSize"],
        "version": rolling.held(group)[1],
        "deployed": fleet["version"],
        "disk_percent": _disk(cloud, region, tags.get("Name", name), now),
        "cached_percent": _cached(cloud, region, name, now),
        "nodes": [
            {
                "id": node["InstanceId"],
                "zone": node["AvailabilityZone"],
                "state": node["LifecycleState"],
                "health": health.get(node["InstanceId"], "not a target"),
                "version": node.get("LaunchTemplate", {}).get("Version", ""),
            }
            for node in group["Instances"]
        ],
    }


def _disk(cloud: Cloud, region: str, fleet: str, now: datetime) -> float | None:
    """Percent used of the fullest cache disk of a fleet. None if no node has reported it."""
    metrics = cloud.client("cloudwatch", region)
    asked = {"MetricName": "disk_used_percent", "Dimensions": [{"Name": "Fleet", "Value": fleet}]}
    found = metrics.list_metrics(**asked)["Metrics"]
    told = [_statistic(metrics, metric, "Maximum", now) for metric in found]
    return max((value for value in told if value is not None), default=None)


def _cached(cloud: Cloud, region: str, group: str, now: datetime) -> float | None:
    """Percent of the bytes of the last hour that came from a fleet's caches: (sent - fetched) / sent."""
    metrics, dimensions = cloud.client("cloudwatch", region), [{"Name": "AutoScalingGroupName", "Value": group}]
    fetched, sent = (
        _statistic(metrics, {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": dimensions}, "Sum", now)
        for name in ("NetworkIn", "NetworkOut")
    )
    return max(0.0, 100 * (1 - fetched / sent)) if fetched is not None and sent else None


def _statistic(metrics: Any, metric: Any, statistic: str, now: datetime) -> float | None:
    period = round(FILL_WINDOW.total_seconds())
    points = metrics.get_metric_statistics(
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric["Dimensions"],
        StartTime=now - FILL_WINDOW,
        EndTime=now,
        Period=period,
        Statistics=[statistic],
    )["Datapoints"]
    return points[-1][statistic] if points else None
