"""A cache fleet: interchangeable nginx nodes on NVMe that hold one shard of the catalogue."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.cache_node.user_data import NodeConfig, user_data
from components.instances import INSTANCE_TYPES

NODE_PORT = 8080
BUSY_SHARE = 0.6
"""Share of a node's network at which another is started: what is left carries the viewers until it has booted."""
WARM_UP_SECONDS = 300
"""From launch to a node that counts: boot, packages, and a first share of the cache."""


class CacheFleetArgs(TypedDict):
    """One fleet of a point of presence."""

    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    instance_profile_arn: pulumi.Input[str]
    log_group_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """The media bucket of this region."""
    ami: str
    instance_type: str
    min_nodes: int
    max_nodes: int
    spot_percent: int
    tags: Mapping[str, str]
    """The provider's default tags do not reach the instances of a group, so they are passed on here."""


class CacheFleet(pulumi.ComponentResource):
    """A launch template, an Auto Scaling group over the zones, and the target group that the balancer sends to."""

    target_group_arn: pulumi.Output[str]
    target_group_suffix: pulumi.Output[str]
    group_name: pulumi.Output[str]
    fleet_name: str
    """The Name tag of its instances, and the Fleet dimension of their metrics."""

    def __init__(self, name: str, args: CacheFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        instance = INSTANCE_TYPES.get(args["instance_type"])
        if instance is None:
            raise ValueError(
                f"CacheFleet {name!r}: instance_type must be one of {', '.join(INSTANCE_TYPES)}, "
                f"got {args['instance_type']!r}"
            )
        super().__init__("headend:cache_fleet:CacheFleet", name, {"region": args["region"]}, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        tags = {**args["tags"], "Name": name, "headend:role": "cache"}

        target_group = aws.lb.TargetGroup(
            # Short: AWS takes 32 characters, of which a region's name and Pulumi's suffix leave few.
            f"{name}-tg",
            region=region,
            vpc_id=args["vpc_id"],
            target_type="instance",
            protocol="HTTP",
            port=NODE_PORT,
            # A request in flight is a segment: seconds, not minutes.
            deregistration_delay=30,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "path": "/healthz",
                "port": "traffic-port",
                "protocol": "HTTP",
                "matcher": "200",
                "interval": 5,
                "timeout": 2,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            opts=child,
        )
        template = self._launch_template(name, args, tags)
        group = aws.autoscaling.Group(
            f"{name}-group",
            region=region,
            min_size=args["min_nodes"],
            max_size=args["max_nodes"],
            vpc_zone_identifiers=list(args["subnet_ids"]),
            target_group_arns=[target_group.arn],
            # A numbered version, since a rollback has to know which one was there before.
            launch_template=None
            if args["spot_percent"]
            else {"id": template.id, "version": template.latest_version.apply(str)},
            mixed_instances_policy=_spot(args, template) if args["spot_percent"] else None,
            capacity_rebalance=args["spot_percent"] > 0,
            health_check_type="ELB",
            health_check_grace_period=WARM_UP_SECONDS,
            default_instance_warmup=WARM_UP_SECONDS,
            availability_zone_distribution={"capacity_distribution_strategy": "balanced-best-effort"},
            # A new node is in service before an old one goes.
            instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 150},
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "auto_rollback": True,
                    "skip_matching": True,
                    "instance_warmup": str(WARM_UP_SECONDS),
                    "min_healthy_percentage": 100,
                    "max_healthy_percentage": 150,
                },
            },
            metrics_granularity="1Minute",
            enabled_metrics=[
                aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
                aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
            ],
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in sorted(tags.items())],
            opts=child,
        )
        aws.autoscaling.Policy(
            f"{name}-bytes-out",
            region=region,
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            estimated_instance_warmup=WARM_UP_SECONDS,
            target_tracking_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "ASGAverageNetworkOut"},
                "target_value": bytes_per_minute(instance.baseline_gbps * BUSY_SHARE),
            },
            opts=child,
        )

        self.target_group_arn, self.target_group_suffix = target_group.arn, target_group.arn_suffix
        self.group_name, self.fleet_name = group.name, name
        self.register_outputs({"target_group_arn": self.target_group_arn, "group_name": self.group_name})

    def _launch_template(self, name: str, args: CacheFleetArgs, tags: Mapping[str, str]) -> aws.ec2.LaunchTemplate:
        def render(known: dict[str, str]) -> str:
            """User data once the names are known."""
            return user_data(
                NodeConfig(
                    bucket=known["bucket"],
                    region=args["region"],
                    fleet=name,
                    port=NODE_PORT,
                    log_group=known["log_group"],
                )
            )

        data = pulumi.Output.all(bucket=args["bucket_name"], log_group=args["log_group_name"]).apply(render)
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            region=args["region"],
            image_id=args["ami"],
            instance_type=args["instance_type"],
            iam_instance_profile={"arn": args["instance_profile_arn"]},
            user_data=data,
            vpc_security_group_ids=[args["security_group_id"]],
            # One hop: a container or a proxied request on the node cannot fetch its credentials.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            # Metrics by the minute: five are too slow to scale by.
            monitoring={"enabled": True},
            # A node whose boot failed powers itself off; the group then makes another.
            instance_initiated_shutdown_behavior="terminate",
            ebs_optimized="true",
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_size": 16,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[
                {"resource_type": kind, "tags": dict(tags)} for kind in ("instance", "volume", "network-interface")
            ],
            update_default_version=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _spot(args: CacheFleetArgs, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    """On demand up to the minimum; above it, the share that is spot."""
    return {
        "instances_distribution": {
            "on_demand_base_capacity": args["min_nodes"],
            "on_demand_percentage_above_base_capacity": 100 - args["spot_percent"],
            "spot_allocation_strategy": "price-capacity-optimized",
        },
        "launch_template": {
            "launch_template_specification": {
                "launch_template_id": template.id,
                "version": template.latest_version.apply(str),
            }
        },
    }


def bytes_per_minute(gbps: float) -> float:
    """What CloudWatch's NetworkOut shows, with metrics by the minute, at this many gigabits a second."""
    return gbps * 1e9 / 8 * 60
