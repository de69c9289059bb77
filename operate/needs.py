"""Computes from the program what a stack needs of its account before it can be deployed. Pure."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from facts.instances import ALL_TYPES
from facts.quota_codes import (
    BALANCERS,
    CONCURRENCY,
    EGRESS_GATEWAYS,
    ENCODING_JOBS,
    INTERNET_GATEWAYS,
    ON_DEMAND,
    OPEN,
    SPOT,
    STARTS,
    TRANSITIONS,
    VPCS,
    QuotaCode,
    QuotaName,
)

if TYPE_CHECKING:  # Pulumi's SDK takes seconds to load
    from local.engine import Deployment, Registration

CALLS_AT_ONCE = 100
"""Concurrent Lambda executions that a small stack should be allowed. A new account may have 10. A burst of uploads
takes them all, and meanwhile no viewer can start a film. AWS's default is 1,000."""
JOBS_AT_ONCE = 10
"""Concurrent MediaConvert jobs that a small stack should be allowed. More films than that wait for one another."""
STARTS_A_SECOND = 10
"""Films that should be able to begin within one second. Each passes most of the workflow's states in seconds."""
OPEN_AT_ONCE = 10_000
"""Executions that a crowd of uploads has open at once, as they wait for the encoder. AWS's default is a million."""
COUNTED = {
    "aws:ec2/vpc:Vpc": VPCS,
    "aws:ec2/internetGateway:InternetGateway": INTERNET_GATEWAYS,
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": EGRESS_GATEWAYS,
    "aws:lb/loadBalancer:LoadBalancer": BALANCERS,
}
"""Resource type to its quota. Each resource of the type takes one of the quota."""


class Need(NamedTuple):
    """The amount of a quota that a stack needs in a region."""

    region: str
    quota: QuotaCode
    amount: int


class Rate(NamedTuple):
    """The same for a quota that is found by its name, since its code is not known."""

    region: str
    quota: QuotaName
    amount: int


class Place(NamedTuple):
    """What the nodes of one region need."""

    region: str
    instance_types: frozenset[str]
    images: frozenset[str]
    zones: frozenset[str]
    """Zone ids."""


def quotas(declared: "Deployment") -> Iterator[Need]:
    """What the program needs of each quota, if every fleet is at its largest size and is being replaced."""
    vcpus: Counter[tuple[str, QuotaCode]] = Counter()
    for group in declared.of_type("aws:autoscaling/group:Group"):
        policy = cast(dict[str, Any], group.inputs["mixedInstancesPolicy"])
        share = policy["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"]
        # An instance refresh starts new nodes before it stops old ones: up to half as many more.
        most = math.ceil(group.inputs["maxSize"] * 1.5)
        each = max(ALL_TYPES[kind].vcpus for kind in _types(declared, group))
        vcpus[group.region, ON_DEMAND] += most * each
        if share < 100:
            vcpus[group.region, SPOT] += (most - group.inputs["minSize"]) * each
    for (region, quota), amount in vcpus.items():
        yield Need(region, quota, amount)
    counts = Counter((item.region, COUNTED[item.type]) for item in declared.of_type(*COUNTED))
    for (region, quota), amount in counts.items():
        yield Need(region, quota, amount)
    for region in sorted({item.region for item in declared.of_type("aws:lambda/function:Function")}):
        yield Need(region, CONCURRENCY, CALLS_AT_ONCE)


def rates(declared: "Deployment") -> Iterator[Rate]:
    """What the workflow needs of the quotas that are found by name."""
    states: Counter[str] = Counter()
    for machine in declared.of_type("aws:sfn/stateMachine:StateMachine"):
        states[machine.region] += len(json.loads(machine.inputs["definition"])["States"])
    for region, number in states.items():
        yield Rate(region, TRANSITIONS, STARTS_A_SECOND * number)
        yield Rate(region, STARTS, STARTS_A_SECOND)
        yield Rate(region, OPEN, OPEN_AT_ONCE)


def encoders(declared: "Deployment") -> Iterator[Rate]:
    """What encoding takes."""
    for queue in declared.of_type("aws:mediaconvert/queue:Queue"):
        yield Rate(queue.region, ENCODING_JOBS, JOBS_AT_ONCE)


def _template(declared: "Deployment", group: "Registration") -> Mapping[str, Any]:
    policy = cast(dict[str, Any], group.inputs["mixedInstancesPolicy"])
    wanted = policy["launchTemplate"]["launchTemplateSpecification"]["launchTemplateId"]
    return next(i.inputs for i in declared.of_type("aws:ec2/launchTemplate:LaunchTemplate") if i.id == wanted)


def _types(declared: "Deployment", group: "Registration") -> set[str]:
    """The instance type of the launch template, and the others that the group may use instead."""
    policy = cast(dict[str, Any], group.inputs["mixedInstancesPolicy"])
    overrides = policy["launchTemplate"].get("overrides") or []
    return {
        _template(declared, group)["instanceType"],
        *(item["instanceType"] for item in overrides if "instanceType" in item),
    }


def places(declared: "Deployment") -> list[Place]:
    """The needs of the nodes, one item for each region."""
    found: dict[str, list[set[str]]] = {}
    for group in declared.of_type("aws:autoscaling/group:Group"):
        kinds, images, _ = found.setdefault(group.region, [set(), set(), set()])
        kinds |= _types(declared, group)
        images.add(_template(declared, group)["imageId"])
    for subnet in declared.of_type("aws:ec2/subnet:Subnet"):
        if subnet.region in found:
            found[subnet.region][2].add(subnet.inputs["availabilityZoneId"])
    return [Place(region, *(frozenset(part) for part in parts)) for region, parts in found.items()]


def certificates(declared: "Deployment") -> set[str]:
    """ARNs of the certificates that the program uses but does not make."""
    made = {item.outputs.get("arn") for item in declared.of_type("aws:acm/certificate:Certificate")}
    named = {item.inputs.get("certificateArn") for item in declared.of_type("aws:lb/listener:Listener")}
    for item in declared.of_type("aws:cloudfront/distribution:Distribution"):
        named.add(item.inputs["viewerCertificate"].get("acmCertificateArn"))
    return {str(arn) for arn in named - made if arn}


def addresses(declared: "Deployment") -> set[tuple[str, str, str]]:
    """(zone, name, type) of each DNS record by which viewers find the edge."""
    records = [item.inputs for item in declared.of_type("aws:route53/record:Record")]
    return {(item["zoneId"], item["name"], item["type"]) for item in records if "aliases" in item}


def signing_parameters(declared: "Deployment") -> set[tuple[str, str]]:
    """(region, name) of each SSM parameter with a private key that a function reads."""
    functions = declared.of_type("aws:lambda/function:Function")
    found = {
        (i.region, (i.inputs.get("environment") or {}).get("variables", {}).get("SIGNING_KEY_PARAMETER"))
        for i in functions
    }
    return {(region, str(name)) for region, name in found if name}
