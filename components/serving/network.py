"""The network of one point of presence: private, without NAT. Only CloudFront can reach it."""

import ipaddress
from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import document
from components.serving.endpoint_policies import s3_reads


class NetworkArgs(TypedDict):
    """Where, how large, and which buckets it may reach."""

    region: str
    cidr: ipaddress.IPv4Network
    zones: Sequence[str]
    """Zone ids, two or three."""
    media_bucket_arn: pulumi.Input[str]
    """The bucket that the nodes read."""
    log_bucket_arn: pulumi.Input[str]


UNTIL_CLOUDFRONT_LEFT = pulumi.CustomTimeouts(delete="60m")
"""CloudFront's network interfaces outlive its VPC origin. AWS deletes no subnet or group that one of them still uses,
so a `destroy` waits."""


class Network(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone, a gateway endpoint to S3, and flow logs."""

    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    s3_endpoint_id: pulumi.Output[str]
    """Id for the media bucket's policy, which allows unsigned reads through this endpoint."""
    s3_prefix_list_id: pulumi.Output[str]
    internet_gateway: aws.ec2.InternetGateway
    """The internet gateway. CloudFront needs it before it makes a VPC origin, but no route uses it."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not 2 <= len(args["zones"]) <= 3:
            raise ValueError(f"Network {name!r}: zones must be two or three, got {list(args['zones'])}")
        super().__init__("headend:network:Network", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            region=region,
            cidr_block=str(args["cidr"]),
            assign_generated_ipv6_cidr_block=True,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=child,
        )
        # The default group allows nothing: an interface for which nobody chose a group reaches nobody.
        aws.ec2.DefaultSecurityGroup(f"{name}-default-group", region=region, vpc_id=vpc.id, opts=child)
        self.internet_gateway = aws.ec2.InternetGateway(
            f"{name}-internet-gateway",
            region=region,
            vpc_id=vpc.id,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=UNTIL_CLOUDFRONT_LEFT),
        )
        # The agents' way out (CloudWatch, Systems Manager): IPv6 to AWS's dual-stack endpoints. An egress-only gateway
        # is free. It replaces five interface endpoints, each of which costs 7 USD a month in each zone.
        egress = aws.ec2.EgressOnlyInternetGateway(f"{name}-egress", region=region, vpc_id=vpc.id, opts=child)
        routes = aws.ec2.RouteTable(
            f"{name}-routes",
            region=region,
            vpc_id=vpc.id,
            routes=[{"ipv6_cidr_block": "::/0", "egress_only_gateway_id": egress.id}],
            tags={"Name": name},
            opts=child,
        )
        # The zone's number (az1 to az7) chooses its part of the addresses, so a subnet keeps its part when another zone
        # comes or goes. AWS refuses a new subnet while an older one still has its addresses.
        parts = list(args["cidr"].subnets(prefixlen_diff=3))
        subnets: list[aws.ec2.Subnet] = []
        for zone in args["zones"]:
            index = int(zone[-1])
            subnet = aws.ec2.Subnet(
                f"{name}-{zone}-subnet",
                region=region,
                vpc_id=vpc.id,
                availability_zone_id=zone,
                cidr_block=str(parts[index]),
                ipv6_cidr_block=vpc.ipv6_cidr_block.apply(partial(ipv6_part, index=index)),
                assign_ipv6_address_on_creation=True,
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{zone}"},
                opts=pulumi.ResourceOptions(parent=self, custom_timeouts=UNTIL_CLOUDFRONT_LEFT),
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-{zone}-route", region=region, subnet_id=subnet.id, route_table_id=routes.id, opts=child
            )
            subnets.append(subnet)
        s3_endpoint = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            region=region,
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            route_table_ids=[routes.id],
            policy=document(s3_reads(region, args["media_bucket_arn"])),
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            region=region,
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="s3",
            log_destination=args["log_bucket_arn"],
            opts=child,
        )

        self.vpc_id, self.subnet_ids = vpc.id, [subnet.id for subnet in subnets]
        self.s3_endpoint_id = s3_endpoint.id
        self.s3_prefix_list_id = s3_endpoint.prefix_list_id
        self.register_outputs({"vpc_id": self.vpc_id, "s3_endpoint_id": self.s3_endpoint_id})


def ipv6_part(vpc_block: str, index: int) -> str:
    """The `index`-th /64 of a VPC's /56."""
    return str(list(ipaddress.IPv6Network(vpc_block).subnets(new_prefix=64))[index])
