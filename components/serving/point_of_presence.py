"""A point of presence: one region's network, load balancer and cache fleets."""

import ipaddress
from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.serving.cache_fleet import CacheFleet
from components.serving.cache_node.user_data import NODE_PORT
from components.serving.load_balancer import LoadBalancer, digits_of
from components.serving.network import Network
from components.serving.node_role import NodeRole
from components.serving.scaling import NodesArgs
from components.serving.security_groups import SecurityGroups


class PointOfPresenceArgs(TypedDict):
    """One region of the platform."""

    region: str
    cidr: ipaddress.IPv4Network
    zones: Sequence[str]
    """Zone ids, two or three."""
    certificate: pulumi.Input[str] | None
    """ARN of the load balancer's certificate. Without one it speaks HTTP."""
    serving: bool
    """False sends its viewers elsewhere, and changes nothing else."""
    fleets: int
    nodes: NodesArgs
    """The nodes of each fleet."""
    log_days: int
    protect: bool
    media_name: pulumi.Input[str]
    """The media bucket of this region: the home bucket, or its replica here."""
    media_arn: pulumi.Input[str]
    log_bucket_name: pulumi.Input[str]
    log_bucket_arn: pulumi.Input[str]


class PointOfPresence(pulumi.ComponentResource):
    """Everything in one region that serves the viewers near it."""

    region: str
    certificate: pulumi.Input[str] | None
    """ARN of the load balancer's certificate, if it speaks HTTPS."""
    serving: bool
    """False while its viewers are sent elsewhere."""
    network: Network
    balancer: LoadBalancer
    fleets: list[CacheFleet]
    """The fleets. Empty if CloudFront reads the bucket."""

    node_log: pulumi.Output[str] | None = None
    """The log group of the nodes, if there are any."""

    def __init__(self, name: str, args: PointOfPresenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:point_of_presence:PointOfPresence", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        self.region, self.certificate, self.serving = region, args["certificate"], args["serving"]
        self.network = Network(
            f"{name}-network",
            {
                "region": region,
                "cidr": args["cidr"],
                "zones": args["zones"],
                "media_bucket_arn": args["media_arn"],
                "log_bucket_arn": args["log_bucket_arn"],
            },
            child,
        )
        groups = SecurityGroups(
            f"{name}-groups",
            {
                "region": region,
                "vpc_id": self.network.vpc_id,
                "s3_prefix_list_id": self.network.s3_prefix_list_id,
                "balancer_port": 443 if args["certificate"] else 80,
                "node_port": NODE_PORT,
            },
            child,
        )
        self.fleets = self._fleets(name, args, groups) if args["fleets"] else []
        self.balancer = LoadBalancer(
            name,
            {
                "region": region,
                "subnet_ids": self.network.subnet_ids,
                "security_group_id": groups.balancer_id,
                "fleet_target_groups": [fleet.target_group_arn for fleet in self.fleets],
                "certificate": args["certificate"],
                "log_bucket": args["log_bucket_name"],
                "protect": args["protect"],
            },
            child,
        )
        self.register_outputs({"balancer": self.balancer.dns_name})

    def _fleets(self, name: str, args: PointOfPresenceArgs, groups: SecurityGroups) -> list[CacheFleet]:
        child = pulumi.ResourceOptions(parent=self)
        role = NodeRole(f"{name}-node", {"region": self.region, "log_days": args["log_days"]}, child)
        self.node_log = role.log_group_name
        return [
            CacheFleet(
                f"{name}-{index:x}",
                {
                    **args["nodes"],
                    "region": self.region,
                    "vpc_id": self.network.vpc_id,
                    "subnet_ids": self.network.subnet_ids,
                    "security_group_id": groups.node_id,
                    "instance_profile_arn": role.instance_profile_arn,
                    "log_group_name": role.log_group_name,
                    "bucket_name": args["media_name"],
                    "digits": digits_of(index, args["fleets"]),
                    "needs": [self.network, groups, role],
                },
                child,
            )
            for index in range(args["fleets"])
        ]
