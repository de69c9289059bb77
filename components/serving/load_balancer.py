"""The internal load balancer of a point of presence: sixteen rules shard the catalogue over the fleets."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws


def digits_of(fleet: int, fleets: int) -> str:
    """First hex digits of the titles that fleet number `fleet` of `fleets` serves. Each fleet has as many of the 16."""
    share = 16 // fleets
    return "0123456789abcdef"[fleet * share : (fleet + 1) * share]


class LoadBalancerArgs(TypedDict):
    """Where the load balancer is, and what it sends requests to."""

    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    fleet_target_groups: Sequence[pulumi.Input[str]]
    """ARNs of the target groups of 1, 2, 4, 8 or 16 fleets. None if the balancer only serves the API."""
    certificate: pulumi.Input[str] | None
    """ARN of an ACM certificate of this region. Without one the listener speaks HTTP: nobody can get a certificate for
    a `*.elb.amazonaws.com` name, and the hop from CloudFront is private."""
    log_bucket: pulumi.Input[str]
    protect: bool


class LoadBalancer(pulumi.ComponentResource):
    """An ALB that nothing but CloudFront reaches.

    A path begins with `/v/<xx>/`. There is one rule for each first hex digit, and only the target of a rule depends on
    the number of fleets. So no node needs to know another, and a stored object need not move when fleets are added.
    """

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """The end of the ARN, by which CloudWatch's metrics name the balancer."""
    dns_name: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    """Other components add rules to this listener. Priorities 100 to 115 are taken; lower ones are tried first."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        fleets = args["fleet_target_groups"]
        if len(fleets) not in (0, 1, 2, 4, 8, 16):
            allowed = "0, 1, 2, 4, 8 or 16"
            raise ValueError(f"LoadBalancer {name!r}: fleet_target_groups must be {allowed}, got {len(fleets)}")
        super().__init__("headend:load_balancer:LoadBalancer", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]

        balancer = aws.lb.LoadBalancer(
            f"{name}-alb",
            region=region,
            internal=True,
            load_balancer_type="application",
            subnets=list(args["subnet_ids"]),
            security_groups=[args["security_group_id"]],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            # Longer than CloudFront keeps an idle connection (edge/routes.py), shorter than a node does (nginx.conf):
            # each closes a connection before the server behind it does. CloudFront's read timeout says how long to
            # wait for a node that does not answer.
            idle_timeout=60,
            access_logs={"bucket": args["log_bucket"], "prefix": "alb", "enabled": True},
            enable_deletion_protection=args["protect"],
            opts=child,
        )
        certificate = args["certificate"]
        listener = aws.lb.Listener(
            f"{name}-listener",
            region=region,
            load_balancer_arn=balancer.arn,
            port=443 if certificate else 80,
            protocol="HTTPS" if certificate else "HTTP",
            certificate_arn=certificate,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06" if certificate else None,
            default_actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        # Not 404: the edge would then ask the bucket for the path.
                        "status_code": "400",
                        "content_type": "text/plain",
                        "message_body": "No such path",
                    },
                }
            ],
            opts=child,
        )

        for index, fleet in enumerate(fleets):
            for digit in digits_of(index, len(fleets)):
                aws.lb.ListenerRule(
                    f"{name}-shard-{digit}",
                    region=region,
                    listener_arn=listener.arn,
                    priority=100 + int(digit, 16),
                    conditions=[{"path_pattern": {"values": [f"/v/{digit}*"]}}],
                    actions=[{"type": "forward", "target_group_arn": fleet}],
                    opts=child,
                )

        self.arn, self.arn_suffix, self.dns_name = balancer.arn, balancer.arn_suffix, balancer.dns_name
        self.listener_arn = listener.arn
        self.register_outputs({"arn": self.arn, "arn_suffix": self.arn_suffix, "dns_name": self.dns_name})
