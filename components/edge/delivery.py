"""Delivery: the CloudFront distribution, its origins, and its failover from a point of presence to the bucket."""

from collections.abc import Sequence
from typing import Literal, TypedDict

import pulumi
import pulumi_aws as aws

from components.edge import functions, routes
from components.edge.logs import EdgeLogs
from components.edge.policies import EdgePolicies
from components.edge.private_origin import PrivateOrigin
from components.serving.point_of_presence import PointOfPresence


class DeliveryArgs(TypedDict):
    """The origins of the distribution, and the rules for its viewers."""

    home: str
    pops: Sequence[PointOfPresence]
    media: pulumi.Input[str]
    """Domain name of the home bucket, which answers if a point of presence fails."""
    site: pulumi.Input[str]
    """Domain name of the page's bucket."""
    domain: str | None
    """The team's own domain name, if any. The next field is the ARN of its certificate in us-east-1."""
    certificate: pulumi.Input[str] | None
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    blocked_countries: Sequence[str]
    key_group_id: pulumi.Input[str] | None
    """The key group that cookies must be signed for. None: films play without cookies."""
    web_acl_arn: pulumi.Input[str] | None
    log_bucket_arn: pulumi.Input[str]


class Delivery(pulumi.ComponentResource):
    """The distribution. It is the only part of the platform that the internet can reach."""

    distribution_id: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]
    edge_domain: pulumi.Output[str]
    """The distribution's own name. The DNS record of a team's own domain points at it."""
    edge_zone_id: pulumi.Output[str]
    """Hosted zone of that name, for alias records."""
    domain_name: pulumi.Output[str]
    """The host name that viewers use."""

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["home"] not in (regions := [pop.region for pop in args["pops"]]):
            held = ", ".join(regions) or "none"
            raise ValueError(f"Delivery {name!r}: pops must hold the home region {args['home']!r}, got {held}")
        super().__init__("headend:delivery:Delivery", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policies = EdgePolicies(f"{name}-policies", child)
        domain, home_group = args["domain"], f"pop-{args['home']}-or-media"
        access = aws.cloudfront.OriginAccessControl(
            f"{name}-buckets",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            description="CloudFront reads the media and site buckets as itself",
            opts=child,
        )
        keys, many, fleets = args["key_group_id"], len(regions) > 1, any(pop.fleets for pop in args["pops"])
        # Without fleets CloudFront reads the bucket. Origin Shield then keeps the edges from asking it one by one.
        origin, shield = (home_group, None) if fleets else ("media", args["home"])
        media = routes.media_behaviours(
            {"origin": origin, "policies": policies, "many_pops": many, "key_group_id": keys}
        )
        api = routes.api_behaviour("api", policies)
        serving = [pop.region for pop in args["pops"] if pop.serving]
        first = functions.first(name, self, home=args["home"], serving=serving)
        both = first + functions.last(name, self)
        distribution = aws.cloudfront.Distribution(
            f"{name}-distribution",
            enabled=True,
            comment=f"{pulumi.get_project()} {pulumi.get_stack()}",
            aliases=[domain] if domain else [],
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args["price_class"],
            default_root_object="index.html",
            web_acl_id=args["web_acl_arn"],
            origins=[
                routes.bucket_origin("site", args["site"], access.id),
                routes.bucket_origin("media", args["media"], access.id, shield),
                *self._balancers(name, args),
            ],
            # Only the home region's group is declared. For another region the function makes a group itself.
            origin_groups=[routes.origin_group(home_group, f"pop-{args['home']}", "media")],
            ordered_cache_behaviors=[
                {**api, "function_associations": first},
                *({**item, "function_associations": both} for item in media),
            ],
            default_cache_behavior={**routes.page_behaviour("site", policies), "function_associations": first},
            custom_error_responses=routes.error_responses(),
            restrictions={"geo_restriction": routes.geo_restriction(args["blocked_countries"])},
            viewer_certificate=routes.viewer_certificate(args["certificate"]),
            # A balancer without its rules answers 400 for every rendition, and no origin group fails over for that.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pop.balancer for pop in args["pops"]]),
        )
        # CloudFront sends the hit ratio, and the error rates by status, only with this subscription.
        aws.cloudfront.MonitoringSubscription(
            f"{name}-metrics",
            distribution_id=distribution.id,
            monitoring_subscription={
                "realtime_metrics_subscription_config": {"realtime_metrics_subscription_status": "Enabled"}
            },
            opts=child,
        )
        self.distribution_id, self.distribution_arn = distribution.id, distribution.arn
        EdgeLogs(f"{name}-logs", {"distribution_arn": distribution.arn, "bucket_arn": args["log_bucket_arn"]}, child)
        self.edge_domain, self.edge_zone_id = distribution.domain_name, distribution.hosted_zone_id
        self.domain_name = pulumi.Output.from_input(domain) if domain else self.edge_domain
        self.register_outputs({"distribution_id": self.distribution_id, "domain_name": self.domain_name})

    def _balancers(self, name: str, args: DeliveryArgs) -> list[aws.cloudfront.DistributionOriginArgsDict]:
        """The origins of the points of presence, and of the API at home."""
        origins, origin = list[aws.cloudfront.DistributionOriginArgsDict](), routes.balancer_origin
        for pop in args["pops"]:
            domain_name = routes.origin_host(args["domain"]) if args["domain"] else pop.balancer.dns_name
            private = PrivateOrigin(
                f"{name}-{pop.region}",
                {
                    "region": pop.region,
                    "balancer_arn": pop.balancer.arn,
                    "https": pop.certificate is not None,
                    "internet_gateway": pop.network.internet_gateway,
                },
                pulumi.ResourceOptions(parent=self),
            )
            origins.append(origin(f"pop-{pop.region}", domain_name, private.origin_id, read_timeout=5))
            if pop.region == args["home"]:
                # A play request may start an execution: the API gets longer than a segment does.
                origins.append(origin("api", domain_name, private.origin_id, read_timeout=10))
        return origins
