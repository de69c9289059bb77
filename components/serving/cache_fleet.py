"""A cache fleet: interchangeable nginx nodes on NVMe that hold one shard of the catalogue."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.serving import scaling
from components.serving.cache_node.user_data import NODE_PORT, NodeConfig
from components.serving.node_template import NodeTemplate


class CacheFleetArgs(scaling.NodesArgs):
    """One fleet of a point of presence."""

    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    instance_profile_arn: pulumi.Input[str]
    log_group_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """The media bucket of this region."""
    digits: str
    """First hex digits of the titles that this fleet serves. Its nodes fetch these titles ahead."""
    needs: Sequence[pulumi.Resource]
    """Resources without which a node cannot boot: routes, endpoints, rules, rights. AWS would start it without them."""


class CacheFleet(pulumi.ComponentResource):
    """A launch template, an Auto Scaling group over the zones, and the target group that the balancer sends to."""

    target_group_arn: pulumi.Output[str]
    target_group_suffix: pulumi.Output[str]
    group_name: pulumi.Output[str]
    rollout: pulumi.Output[Mapping[str, object]]
    """The values for `make roll`: region, group, template, version, and the types that the nodes may have."""
    min_nodes: int
    max_nodes: int
    fleet_name: str
    """Name tag of its instances, Fleet dimension of their metrics. An account may have two stacks, so it names one."""

    def __init__(self, name: str, args: CacheFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        instance = scaling.machine(f"CacheFleet {name!r}", args)
        super().__init__("headend:cache_fleet:CacheFleet", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        self.fleet_name = f"{pulumi.get_stack()}-{name}"
        self.min_nodes, self.max_nodes = args["min_nodes"], args["max_nodes"]
        tags = {**args["tags"], "Name": self.fleet_name, "headend:role": "cache"}

        target_group = aws.lb.TargetGroup(
            f"{name}-tg",  # AWS allows 32 characters; the region's name and Pulumi's suffix take most of them
            region=region,
            vpc_id=args["vpc_id"],
            target_type="instance",
            protocol="HTTP",
            port=NODE_PORT,
            # A request takes seconds at most, since it is for one segment.
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
        config = pulumi.Output.all(bucket=args["bucket_name"], log_group=args["log_group_name"]).apply(
            lambda told: NodeConfig(
                **told,
                region=region,
                fleet=self.fleet_name,
                headroom_mb=scaling.headroom_mb(instance.peak_gbps),
                digits=args["digits"],
                fill_mbps=scaling.fill_mbps(instance.baseline_gbps),
                quiet_from=scaling.quiet_from(region),
                settings=args["settings"],
            )
        )
        template = NodeTemplate(
            name,
            {
                "region": region,
                "config": config,
                "instance_profile_arn": args["instance_profile_arn"],
                "security_group_id": args["security_group_id"],
                "ami": args["ami"],
                "instance_type": args["instance_type"],
                "tags": tags,
            },
            child,
        )
        group = aws.autoscaling.Group(
            f"{name}-group",
            region=region,
            min_size=args["min_nodes"],
            max_size=args["max_nodes"],
            # Where a zone has no capacity, the group tries another. The deployment fails only if the fleet does not
            # have its nodes in the end.
            ignore_failed_scaling_activities=True,
            wait_for_capacity_timeout="20m",
            vpc_zone_identifiers=list(args["subnet_ids"]),
            target_group_arns=[target_group.arn],
            # A numbered version, since a rollback must know which version was there before.
            mixed_instances_policy=scaling.spot_mix(template.template_id, template.version, args),
            capacity_rebalance=args["spot_percent"] > 0,
            health_check_type="ELB",
            health_check_grace_period=scaling.WARM_UP_SECONDS,
            default_instance_warmup=scaling.WARM_UP_SECONDS,
            availability_zone_distribution={"capacity_distribution_strategy": "balanced-best-effort"},
            # A new node is in service before an old one goes.
            instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 150},
            enabled_metrics=[aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES],
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in sorted(tags.items())],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args["needs"]),
                # A deletion first drains and stops the nodes. The provider's ten minutes are too few for a full fleet.
                custom_timeouts=pulumi.CustomTimeouts(delete="30m"),
                # `make roll` brings a new template to the nodes. It writes the version here when it has succeeded. The
                # provider's own refresh writes it first, so that AWS would roll "back" to the bad version.
                ignore_changes=["mixedInstancesPolicy.launchTemplate"],
            ),
        )
        aws.autoscaling.Policy(
            f"{name}-bytes-out",
            region=region,
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            estimated_instance_warmup=scaling.WARM_UP_SECONDS,
            target_tracking_configuration=scaling.by_bytes_out(instance.baseline_gbps),
            opts=child,
        )

        self.group_name, self.target_group_suffix = group.name, target_group.arn_suffix
        self.rollout = pulumi.Output.all(
            region=region,
            group=group.name,
            template=template.template_id,
            version=template.version,
            types=scaling.types(args),
        )
        # The ARN is known once the group has its nodes: a rule for an empty target group would answer 503.
        self.target_group_arn = pulumi.Output.all(target_group.arn, group.arn).apply(lambda known: str(known[0]))
        self.register_outputs({"target_group_arn": self.target_group_arn, "group_name": self.group_name})
