"""How a fleet grows: at which load, and with which kind of machine; and the limits that a machine sets. Pure."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from facts.instances import INSTANCE_TYPES, InstanceType, interchangeable, least
from facts.regions import REGIONS

BUSY_SHARE = 0.6
"""Share of a node's network bandwidth at which another node is started. The rest carries the viewers until the new
node has booted."""
WARM_UP_SECONDS = 300
"""Time from a node's launch until Auto Scaling counts it: boot, packages, and a first part of the cache."""
MANAGER_SECONDS = 12
"""Longest time before nginx's cache manager makes room: it looks every 10 s (fixed), and then needs time to delete."""


class NodesArgs(TypedDict):
    """Which machines a fleet has, and how many."""

    ami: str
    instance_type: str
    other_types: Sequence[str]
    """Types that a launch may use instead, the best first. If empty, a launch waits until AWS has its own type."""
    min_nodes: int
    max_nodes: int
    spot_percent: int
    tags: Mapping[str, str]
    """Tags of the instances. The provider's default tags do not reach the instances of a group."""
    settings: Mapping[str, int | str]
    """Config keys that the nodes get as they are: see NodeConfig."""


def types(nodes: NodesArgs) -> list[str]:
    """Every type that a node may have, the best first."""
    return [nodes["instance_type"], *nodes["other_types"]]


def machine(component: str, nodes: NodesArgs) -> InstanceType:
    """The bandwidth, disk and cores that a node has with any of the types.

    Raises:
        ValueError: for a type that is not known or not like the first. The message begins with `component`.
    """
    first = nodes["instance_type"]
    if first not in INSTANCE_TYPES:
        raise ValueError(f"{component}: instance_type must be one of {', '.join(INSTANCE_TYPES)}, got {first!r}")
    for other in nodes["other_types"]:
        if other not in (alike := interchangeable(first)):
            allowed = f"other_types must be of {', '.join(alike) or 'none'}, which are like {first}"
            raise ValueError(f"{component}: {allowed}; got {other!r}")
    return least(types(nodes))


def busy_bytes_per_minute(baseline_gbps: float) -> float:
    """CloudWatch's NetworkOut, in bytes per minute, of a node that uses `BUSY_SHARE` of its bandwidth."""
    return BUSY_SHARE * baseline_gbps * 1e9 / 8 * 60


def by_bytes_out(baseline_gbps: float) -> aws.autoscaling.PolicyTargetTrackingConfigurationArgsDict:
    """A target for Auto Scaling: it adds and removes nodes to keep each at about `busy_bytes_per_minute`."""
    return {
        "predefined_metric_specification": {"predefined_metric_type": "ASGAverageNetworkOut"},
        "target_value": busy_bytes_per_minute(baseline_gbps),
    }


def headroom_mb(peak_gbps: float) -> int:
    """Free disk that a node needs, in MB: its network can fill so much before nginx's cache manager makes room."""
    return ceil(MANAGER_SECONDS * peak_gbps * 1e9 / 8 / 1e6)


def fill_mbps(baseline_gbps: float) -> int:
    """Megabits per second at which a node fetches new titles: the bandwidth that `BUSY_SHARE` keeps free of viewers."""
    return floor((1 - BUSY_SHARE) * baseline_gbps * 1000)


QUIET_AT = 2
"""Hour of local solar time at which six quiet hours begin, after the films of the evening."""


def quiet_from(region: str) -> int:
    """The hour in UTC at which it is QUIET_AT in a region, by its longitude. Clocks may differ by an hour or two."""
    return round(QUIET_AT - REGIONS[region].place[1] / 15) % 24


def spot_mix(
    template_id: pulumi.Input[str], version: pulumi.Input[str], nodes: NodesArgs
) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    """The minimum of nodes is on demand. Of the nodes above it, `spot_percent` are spot.

    A launch on demand uses the first type of the list that AWS has.
    """
    shares: aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgsDict = {
        "on_demand_base_capacity": nodes["min_nodes"],
        "on_demand_percentage_above_base_capacity": 100 - nodes["spot_percent"],
        "spot_allocation_strategy": "price-capacity-optimized",
    }
    template: aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgsDict = {
        "launch_template_specification": {"launch_template_id": template_id, "version": version}
    }
    if nodes["other_types"]:
        shares["on_demand_allocation_strategy"] = "prioritized"
        template["overrides"] = [{"instance_type": name} for name in types(nodes)]
    return {"instances_distribution": shares, "launch_template": template}
