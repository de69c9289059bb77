"""The instance types that a cache node may have: Graviton with NVMe instance store.

Figures from the EC2 user guide's tables (specifications, instance store, network performance). Bandwidth is the
baseline, not the burst, since a cache under load has no idle time in which to earn burst credits.
"""

from typing import NamedTuple


class InstanceType(NamedTuple):
    """What a cache node can send and hold."""

    vcpus: int
    """One is one core: Graviton has no hyper-threads."""
    baseline_gbps: float
    """Network bandwidth that is always there, in gigabits per second."""
    nvme_gb: int
    """Instance store, all disks together, in gigabytes."""


INSTANCE_TYPES: dict[str, InstanceType] = {
    "c7gd.medium": InstanceType(1, 0.52, 59),
    "c7gd.large": InstanceType(2, 0.937, 118),
    "c7gd.xlarge": InstanceType(4, 1.876, 237),
    "c7gd.2xlarge": InstanceType(8, 3.75, 474),
    "c7gd.4xlarge": InstanceType(16, 7.5, 950),
    "c7gd.8xlarge": InstanceType(32, 15.0, 1900),
    "im4gn.large": InstanceType(2, 3.125, 937),
    "im4gn.xlarge": InstanceType(4, 6.25, 1875),
    "im4gn.2xlarge": InstanceType(8, 12.5, 3750),
    "im4gn.4xlarge": InstanceType(16, 25.0, 7500),
    "im4gn.8xlarge": InstanceType(32, 50.0, 15000),
    "im4gn.16xlarge": InstanceType(64, 100.0, 30000),
}
