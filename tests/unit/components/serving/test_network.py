"""The network: private, without NAT, and with an endpoint to S3 that only carries renditions and packages."""

import ipaddress
import json
from typing import Any

import pytest

from components.serving.network import Network, ipv6_part
from local.engine import Deployment
from tests.declared import made, refusal, statements, whole

REGION = "eu-west-1"
ARGS: dict[str, Any] = {
    "region": REGION,
    "cidr": ipaddress.IPv4Network("10.1.0.0/16"),
    "zones": ["euw1-az1", "euw1-az2"],
    "media_bucket_arn": "arn:aws:s3:::media",
    "log_bucket_arn": "arn:aws:s3:::logs",
}


def network(**other: Any) -> Deployment:
    return made(Network, "pop", {**ARGS, **other})


def test_nothing_gets_a_public_address_or_a_route_to_the_internet() -> None:
    done = network()
    assert [item.inputs["mapPublicIpOnLaunch"] for item in done.of_type("aws:ec2/subnet:Subnet")] == [False, False]
    [route] = done.one("aws:ec2/routeTable:RouteTable").inputs["routes"]
    egress = done.one("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway")
    # Only the agents go out, by IPv6. An egress-only gateway lets nothing in.
    assert route == {"ipv6CidrBlock": "::/0", "egressOnlyGatewayId": egress.id}


def test_no_byte_of_video_passes_a_nat_gateway() -> None:
    done = network()
    assert not [item.type for item in done.registrations if "natGateway" in item.type or "eip" in item.type.lower()]
    endpoint = done.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs
    assert endpoint["serviceName"] == f"com.amazonaws.{REGION}.s3"
    assert endpoint.get("vpcEndpointType", "Gateway") == "Gateway"
    table = done.one("aws:ec2/routeTable:RouteTable").id
    assert endpoint["routeTableIds"] == [table]
    subnets = {item.id for item in done.of_type("aws:ec2/subnet:Subnet")}
    routed = done.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert {item.inputs["subnetId"] for item in routed} == subnets
    assert {item.inputs["routeTableId"] for item in routed} == {table}


def test_the_endpoint_lets_renditions_and_packages_pass_and_nothing_be_carried_out() -> None:
    passing = statements(network().one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs["policy"])
    reads = [statement for statement in passing if statement["Action"] == "s3:GetObject"]
    [lists] = [statement for statement in passing if statement not in reads]
    assert (lists["Action"], lists["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::media")
    assert lists["Condition"] == {"StringEquals": {"s3:prefix": "v/fill/"}}
    assert {statement["Resource"] for statement in reads} == {
        "arn:aws:s3:::media/v/*",
        f"arn:aws:s3:::al2023-repos-{REGION}-de612dc2/*",
    }


def test_each_zone_has_a_part_of_the_addresses_and_a_third_zone_moves_no_other() -> None:
    def blocks(zones: list[str]) -> dict[str, tuple[str, str]]:
        return {
            item.inputs["availabilityZoneId"]: (item.inputs["cidrBlock"], item.inputs["ipv6CidrBlock"])
            for item in network(zones=zones).of_type("aws:ec2/subnet:Subnet")
        }

    two, three = blocks(["euw1-az1", "euw1-az2"]), blocks(["euw1-az1", "euw1-az2", "euw1-az3"])
    assert two.items() <= three.items()
    for kind in (0, 1):
        networks = [ipaddress.ip_network(block[kind]) for block in three.values()]
        assert not any(a.overlaps(b) for a in networks for b in networks if a is not b)
    assert all(ipaddress.IPv4Network(v4).subnet_of(ARGS["cidr"]) for v4, _ in three.values())


def test_cloudfront_finds_an_internet_gateway_and_nothing_else_uses_it() -> None:
    done = network()
    gateway = done.one("aws:ec2/internetGateway:InternetGateway")
    assert gateway.inputs["vpcId"] == done.one("aws:ec2/vpc:Vpc").id
    assert not [
        item.name for item in done.registrations if item is not gateway and gateway.id in json.dumps(item.inputs)
    ]


def test_all_traffic_is_logged() -> None:
    log = network().one("aws:ec2/flowLog:FlowLog").inputs
    assert (log["trafficType"], log["logDestination"], log["logDestinationType"]) == ("ALL", "arn:aws:s3:::logs", "s3")


def test_the_group_that_everything_has_by_default_reaches_nobody() -> None:
    group = network().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert not group.get("ingress")
    assert not group.get("egress")


@pytest.mark.parametrize("zones", [["euw1-az1"], ["a", "b", "c", "d"], []])
def test_one_zone_or_four_are_refused(zones: list[str]) -> None:
    said = refusal(Network, "pop", {**ARGS, "zones": zones})
    assert said == f"Network 'pop': zones must be two or three, got {zones}"


def test_a_vpcs_56_holds_a_64_for_each_zone() -> None:
    assert [ipv6_part("2600:1f18:ab:cd00::/56", index) for index in range(3)] == [
        "2600:1f18:ab:cd00::/64",
        "2600:1f18:ab:cd01::/64",
        "2600:1f18:ab:cd02::/64",
    ]


def test_a_destroy_waits_for_what_cloudfront_leaves_behind() -> None:
    held = whole("prod").of_type(
        "aws:ec2/subnet:Subnet", "aws:ec2/internetGateway:InternetGateway", "aws:ec2/securityGroup:SecurityGroup"
    )
    assert held
    assert {item.options["customTimeouts"]["delete"] for item in held} == {"60m"}
