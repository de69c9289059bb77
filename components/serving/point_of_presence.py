"""A point of presence: one region's network, load balancer and cache fleets."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi

from components.serving.cache_fleet import NODE_PORT, CacheFleet
from components.serving.load_balancer import LoadBalancer
from components.serving.network import Network
from components.serving.node_role import NodeRole
from components.serving.security_groups import SecurityGroups
from settings import Region, Settings


class PointOfPresenceArgs(TypedDict):
    """One region of the platform."""

    region: str
    place: Region
    """Its addresses, zones and image."""
    settings: Settings
    media_name: pulumi.Input[str]
    """The media bucket of this region: the home bucket, or its replica here."""
    media_arn: pulumi.Input[str]
    log_bucket_name: pulumi.Input[str]
    log_bucket_arn: pulumi.Input[str]
    table_arn: pulumi.Input[str] | None
    """In the home region: the catalogue."""
    tags: Mapping[str, str]


class PointOfPresence(pulumi.ComponentResource):
    """Viewers nearby are served from here."""

    region: str
    certificate: str | None
    """Where the balancer speaks HTTPS."""
    serving: bool
    """False while its viewers are sent elsewhere."""
    network: Network
    balancer: LoadBalancer
    fleets: list[CacheFleet]
    """None where CloudFront reads the bucket."""

    def __init__(self, name: str, args: PointOfPresenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:point_of_presence:PointOfPresence", name, {"region": args["region"]}, opts)
        child, region, settings, place = (
            pulumi.ResourceOptions(parent=self),
            args["region"],
            args["settings"],
            args["place"],
        )
        self.region, self.certificate, self.serving = region, place.certificate, place.serving
        self.network = Network(
            f"{name}-network",
            {
                "region": region,
                "cidr": place.cidr,
                "zones": place.zones,
                "media_bucket_arn": args["media_arn"],
                "table_arn": args["table_arn"],
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
                "balancer_port": 443 if place.certificate else 80,
                "node_port": NODE_PORT,
            },
            child,
        )
        self.fleets = self._fleets(name, args, groups) if settings.fleets else []
        self.balancer = LoadBalancer(
            name,
            {
                "region": region,
                "subnet_ids": self.network.subnet_ids,
                "security_group_id": groups.balancer_id,
                "fleet_target_groups": [fleet.target_group_arn for fleet in self.fleets],
                "certificate": place.certificate,
                "log_bucket": args["log_bucket_name"],
                "protect": settings.protect,
            },
            child,
        )
        self.register_outputs({"balancer": self.balancer.dns_name})

    def _fleets(self, name: str, args: PointOfPresenceArgs, groups: SecurityGroups) -> list[CacheFleet]:
        settings, child = args["settings"], pulumi.ResourceOptions(parent=self)
        role = NodeRole(f"{name}-node", {"region": self.region, "log_days": settings.log_days}, child)
        return [
            CacheFleet(
                f"{name}-{index:x}",
                {
                    "region": self.region,
                    "vpc_id": self.network.vpc_id,
                    "subnet_ids": self.network.subnet_ids,
                    "security_group_id": groups.node_id,
                    "instance_profile_arn": role.instance_profile_arn,
                    "log_group_name": role.log_group_name,
                    "bucket_name": args["media_name"],
                    "ami": args["place"].ami,
                    "instance_type": settings.instance_type,
                    "min_nodes": settings.nodes_per_fleet.min,
                    "max_nodes": settings.nodes_per_fleet.max,
                    "spot_percent": settings.spot_percent,
                    "tags": args["tags"],
                    "needs": [self.network, groups, role],
                },
                child,
            )
            for index in range(settings.fleets)
        ]
