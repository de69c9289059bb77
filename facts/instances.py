"""The instance types that a cache node may have: Graviton with NVMe instance store.

Figures are from the tables of the EC2 user guide (specifications, instance store, network performance). Only the
baseline counts for serving: a cache under load has no idle time in which it could earn burst credits.
"""

from collections.abc import Sequence
from typing import NamedTuple


class InstanceType(NamedTuple):
    """The network bandwidth, disks and cores of a cache node."""

    vcpus: int
    """Number of vCPUs. Each is a whole core, since Graviton has no hyper-threads."""
    baseline_gbps: float
    """Network bandwidth that is always available, in gigabits per second."""
    nvme_gb: int
    """Instance store, all disks together, in gigabytes."""
    peak_gbps: float
    """Highest network bandwidth, in a burst, in gigabits per second."""


INSTANCE_TYPES: dict[str, InstanceType] = {
    "c7gd.medium": InstanceType(1, 0.52, 59, 12.5),
    "c7gd.large": InstanceType(2, 0.937, 118, 12.5),
    "c7gd.xlarge": InstanceType(4, 1.876, 237, 12.5),
    "c7gd.2xlarge": InstanceType(8, 3.75, 474, 15.0),
    "c7gd.4xlarge": InstanceType(16, 7.5, 950, 15.0),
    "c7gd.8xlarge": InstanceType(32, 15.0, 1900, 15.0),
    "im4gn.large": InstanceType(2, 3.125, 937, 25.0),
    "im4gn.xlarge": InstanceType(4, 6.25, 1875, 25.0),
    "im4gn.2xlarge": InstanceType(8, 12.5, 3750, 25.0),
    "im4gn.4xlarge": InstanceType(16, 25.0, 7500, 25.0),
    "im4gn.8xlarge": InstanceType(32, 50.0, 15000, 50.0),
    "im4gn.16xlarge": InstanceType(64, 100.0, 30000, 100.0),
}

ALTERNATIVES: dict[str, InstanceType] = {
    **{
        f"{family}.{size}": INSTANCE_TYPES[f"c7gd.{size}"]  # the same network and disk, with more memory
        for family in ("m7gd", "r7gd")
        for size in ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge")
    },
    "is4gen.large": InstanceType(2, 3.125, 1875, 25.0),
    "is4gen.xlarge": InstanceType(4, 6.25, 3750, 25.0),
    "is4gen.2xlarge": InstanceType(8, 12.5, 7500, 25.0),
    "is4gen.4xlarge": InstanceType(16, 25.0, 15000, 25.0),
    "is4gen.8xlarge": InstanceType(32, 50.0, 30000, 50.0),
}
"""Types that a fleet may use if AWS has none of its own type left. They cost more, and have no price in facts/."""
ALL_TYPES = INSTANCE_TYPES | ALTERNATIVES
MOST_APART = 2.01
"""Largest ratio between the networks, or the disks, of two types in a fleet. Nodes of a fleet get equal shares of its
requests and hold the same titles, so the smallest node limits what the others can do."""


def least(names: Sequence[str]) -> InstanceType:
    """A type with the limits of several types: their smallest network and disk, and their highest peak bandwidth."""
    vcpus, baselines, disks, peaks = zip(*(ALL_TYPES[name] for name in names), strict=True)
    return InstanceType(min(vcpus), min(baselines), min(disks), max(peaks))


def interchangeable(name: str) -> list[str]:
    """The other types that a fleet of this type may have."""
    one = ALL_TYPES[name]

    def near(two: InstanceType) -> bool:
        ratios = (one.baseline_gbps / two.baseline_gbps, one.nvme_gb / two.nvme_gb)
        return all(1 / MOST_APART <= ratio <= MOST_APART for ratio in ratios)

    return [other for other, two in ALL_TYPES.items() if other != name and near(two)]
