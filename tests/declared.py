"""Helpers for tests that look at the resources that a program declares."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.engine import Deployment, Registration, run_program

ROOT = Path(__file__).parent.parent
ACCOUNT = "123456789012"
REGION = "us-east-1"
ZONE = "Z0123456789ABCDEFGHIJ"
STACK_TYPE = "pulumi:pulumi:Stack"

# For each region, three zones that VPC origins support. The home region is first.
ZONES = {
    "us-east-1": "use1-az1 use1-az2 use1-az4", "eu-west-1": "euw1-az1 euw1-az2 euw1-az3",
    "ap-southeast-1": "apse1-az1 apse1-az2 apse1-az3", "us-west-2": "usw2-az1 usw2-az2 usw2-az3",
    "eu-central-1": "euc1-az1 euc1-az2 euc1-az3", "ap-northeast-1": "apne1-az1 apne1-az2 apne1-az4",
    "sa-east-1": "sae1-az1 sae1-az2 sae1-az3", "ap-south-1": "aps1-az1 aps1-az2 aps1-az3",
    "ap-southeast-2": "apse2-az1 apse2-az2 apse2-az3", "ca-central-1": "cac1-az1 cac1-az2 cac1-az4",
}  # fmt: skip


def regions(count: int) -> dict[str, dict[str, Any]]:
    """The `regions` of a stack with this many points of presence."""
    return {
        name: {"cidr": f"10.{index}.0.0/16", "zones": zones.split(), "ami": "ami-00000000000000000"}
        for index, (name, zones) in enumerate(list(ZONES.items())[:count])
    }


def whole(stack: str = "dev", *, preview: bool = False, points_of_presence: int = 0) -> Deployment:
    """The resources of a stack's whole program, which runs once for all tests. A number of points of presence replaces
    the stack's own regions."""
    return _whole(stack, preview, points_of_presence)


@functools.cache
def _whole(stack: str, preview: bool, points_of_presence: int) -> Deployment:
    config = {"regions": regions(points_of_presence)} if points_of_presence else {}
    return run_program(ROOT, stack=stack, preview=preview, config=config)


@functools.cache
def zoned(*, preview: bool = False) -> Deployment:
    """The whole program of prod with a hosted zone instead of certificates made by hand."""
    written = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]["headend:regions"]
    places = {name: {key: place[key] for key in place if key != "certificate"} for name, place in written.items()}
    domain = {"name": "watch.example.com", "zone": ZONE}
    return run_program(ROOT, stack="prod", preview=preview, config={"regions": places, "domain": domain})


@functools.cache
def without_fleets() -> Deployment:
    """The whole program of dev without cache fleets."""
    return run_program(ROOT, stack="dev", config={"fleets": 0})


@functools.cache
def with_standby() -> Deployment:
    """The whole program of prod with a second home in Europe."""
    return run_program(ROOT, stack="prod", config={"standbyHome": "eu-west-1"})


def deploy(make: Callable[[], object], **options: Any) -> Deployment:
    """The resources that a function registers."""
    return run_program(make, **options)


def made(component: Callable[..., object], name: str, args: Mapping[str, Any], **options: Any) -> Deployment:
    """The resources that a component registers for these arguments, which may have wrong types."""
    return deploy(lambda: component(name, args), **options)


def refusal(component: Callable[..., object], name: str, args: Mapping[str, Any]) -> str:
    """The message with which a component refuses these arguments. It must refuse before it registers anything."""
    said: list[str] = []

    def program() -> None:
        try:
            component(name, args)
        except ValueError as error:
            said.append(str(error))

    registered = [item.urn for item in deploy(program).registrations if item.type != STACK_TYPE]
    assert said, "it was not refused"
    assert registered == []
    return said[0]


def statements(policy: str) -> list[dict[str, Any]]:
    """The statements of an IAM policy document."""
    return json.loads(policy)["Statement"]


def listed(value: Any) -> list[Any]:
    """The value as a list. IAM writes a list with one item as the item itself."""
    return value if isinstance(value, list) else [value]


# By type: the property that holds an IAM policy document.
DOCUMENTS = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}


def documents(deployment: Deployment) -> Iterator[tuple[Registration, str]]:
    """Every IAM policy document, with its resource."""
    for item in deployment.registrations:
        if item.type in DOCUMENTS:
            yield item, item.inputs[DOCUMENTS[item.type]]


def depends_on(deployment: Deployment, one: Registration, other: Registration) -> bool:
    """Whether `one` is made after `other` and deleted before it."""
    by_urn = {item.urn: item for item in deployment.registrations}
    seen: set[str] = set()
    todo = [*one.dependencies]
    while todo:
        urn = todo.pop()
        if urn not in seen:
            seen.add(urn)
            todo += by_urn[urn].dependencies
    return other.urn in seen
