"""Which machines a fleet has, and how it grows: at which load, and with which kind. Pure."""

from collections.abc import Mapping
from math import ceil, floor
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from facts.instances import InstanceType

BUSY_SHARE = 0.6
"""Share of a node's network at which another is started: what is left carries the viewers until it has booted."""
WARM_UP_SECONDS = 300
"""From launch to a node that counts: boot, packages, and a first share of the cache."""
MANAGER_SECONDS = 12
"""Between two looks of nginx's cache manager (10 s, fixed), and for what it does then."""


class NodesArgs(TypedDict):
    """Which machines a fleet has, and how many."""

    ami: str
    instance_type: str
    min_nodes: int
    max_nodes: int
    spot_percent: int
    tags: Mapping[str, str]
    """The provider's default tags do not reach the instances of a group, so they are passed on here."""


class Limits(TypedDict):
    """What of a node's configuration follows from its network."""

    headroom_mb: int
    fill_mbps: int


def busy_bytes_per_minute(baseline_gbps: float) -> float:
    """What CloudWatch's NetworkOut shows, with metrics by the minute, of a node that is as busy as it should get."""
    return BUSY_SHARE * baseline_gbps * 1e9 / 8 * 60


def by_bytes_out(baseline_gbps: float) -> aws.autoscaling.PolicyTargetTrackingConfigurationArgsDict:
    """Nodes come and go so that each is about as busy as that."""
    return {
        "predefined_metric_specification": {"predefined_metric_type": "ASGAverageNetworkOut"},
        "target_value": busy_bytes_per_minute(baseline_gbps),
    }


def headroom_mb(peak_gbps: float) -> int:
    """Megabytes of disk that the network can fill before nginx's cache manager makes room."""
    return ceil(MANAGER_SECONDS * peak_gbps * 1e9 / 8 / 1e6)


def fill_mbps(baseline_gbps: float) -> int:
    """Megabits per second at which a node fetches new titles: of its network, what it keeps free of viewers."""
    return floor((1 - BUSY_SHARE) * baseline_gbps * 1000)


def limits(instance: InstanceType) -> Limits:
    """Of a node of this type."""
    return {"headroom_mb": headroom_mb(instance.peak_gbps), "fill_mbps": fill_mbps(instance.baseline_gbps)}


def spot_mix(
    template_id: pulumi.Input[str], version: pulumi.Input[str], nodes: NodesArgs
) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    """The minimum of nodes on demand; of those above, the share that is spot."""
    return {
        "instances_distribution": {
            "on_demand_base_capacity": nodes["min_nodes"],
            "on_demand_percentage_above_base_capacity": 100 - nodes["spot_percent"],
            "spot_allocation_strategy": "price-capacity-optimized",
        },
        "launch_template": {"launch_template_specification": {"launch_template_id": template_id, "version": version}},
    }
