"""Service Quotas' codes of the quotas that a stack meets first. They are the same in every account."""

from typing import NamedTuple


class QuotaCode(NamedTuple):
    """One quota of an account in a region."""

    service: str
    code: str
    name: str


class QuotaName(NamedTuple):
    """One quota that is looked up by its name, as its code is not in AWS's pages."""

    service: str
    words: tuple[str, ...]
    """All of which its name has, in lower case. Empty: it is not looked up in Service Quotas."""
    name: str


ENCODING_JOBS = QuotaName("mediaconvert", (), "jobs at once in the on-demand queues of MediaConvert")
"""MediaConvert itself tells this one, in the answer to ListQueues."""
STARTS = QuotaName("states", ("startexecution", "refill rate"), "executions started a second by Step Functions")
OPEN = QuotaName("states", ("open", "executions"), "executions at once of Step Functions")
TRANSITIONS = QuotaName("states", ("statetransition", "refill rate"), "state transitions a second of Step Functions")

ON_DEMAND = QuotaCode("ec2", "L-1216C47A", "vCPUs of on-demand standard instances")
SPOT = QuotaCode("ec2", "L-34B43A08", "vCPUs of spot standard instances")
VPCS = QuotaCode("vpc", "L-F678F1CE", "VPCs")
INTERNET_GATEWAYS = QuotaCode("vpc", "L-A4707A72", "internet gateways")
EGRESS_GATEWAYS = QuotaCode("vpc", "L-45FE3B85", "egress-only internet gateways")
BALANCERS = QuotaCode("elasticloadbalancing", "L-53DA6B97", "application load balancers")
CONCURRENCY = QuotaCode("lambda", "L-B99A9384", "concurrent executions of Lambda")
