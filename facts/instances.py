"""The instance types that a cache node may have: Graviton with NVMe instance store.

Figures are from the tables of the EC2 user guide (specifications, instance store, network performance). Only the
baseline counts for serving: a cache under load has no idle time in which it could earn burst credits.
"""

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
