"""AWS's quotas that a platform of this kind meets first, from AWS's pages, each with the month of reading.

They are the default quotas of a new account. AWS raises some of them on request, and may refuse.
"""

from typing import NamedTuple


class Quota(NamedTuple):
    """A limit of one AWS service."""

    value: float
    unit: str
    can_be_raised: bool
    read: str
    """The month in which somebody read it, or "not confirmed"."""


EDGE_GBPS = Quota(150, "Gb/s a distribution", True, "2026-11")
EDGE_REQUESTS = Quota(250_000, "requests/s a distribution", True, "2026-11")
VPC_ORIGINS = Quota(25, "VPC origins an account", True, "2026-11")
EDGE_ORIGINS = Quota(100, "origins a distribution", True, "2026-11")
BALANCERS = Quota(50, "load balancers a region", True, "2026-11")
BALANCER_TARGETS = Quota(1_000, "targets a load balancer", True, "2026-11")
BALANCER_GROUPS = Quota(100, "target groups a load balancer", False, "2026-11")
BALANCER_RULES = Quota(100, "rules a load balancer", True, "2026-11")
BALANCER_UNITS = Quota(15_000, "reserved capacity units (GB/h) a load balancer", True, "2026-11")
BUCKET_GETS = Quota(5_500, "GET/s a partitioned prefix of S3", False, "2026-11")
ENCODING_JOBS = Quota(100, "jobs at once, all on-demand queues of a region", True, "not confirmed")
ENCODING_STARTS = Quota(5, "CreateJob/s", True, "not confirmed")
ENCODING_PROBES = Quota(5, "Probe/s; taken for SearchJobs too", True, "not confirmed")
LAMBDA_AT_ONCE = Quota(1_000, "executions of Lambda at once; a new account has fewer", True, "not confirmed")
EXECUTION_STARTS = Quota(150, "StartExecution/s, of a smaller region", True, "not confirmed")
TRANSITIONS = Quota(800, "state transitions/s, of a smaller region", True, "not confirmed")
INSTANCE_VCPUS = Quota(5, "vCPUs on demand a region, of a new account", True, "not confirmed")
VPC_ADDRESSES = Quota(8_187, "addresses a subnet, where the region has a /16", False, "2026-11")
