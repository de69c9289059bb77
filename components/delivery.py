"""Delivery: the CloudFront distribution, its origins, and how it falls over from a point of presence to the bucket."""

import hashlib
from collections.abc import Sequence
from typing import Literal, TypedDict

import pulumi
import pulumi_aws as aws

from components.bucket import PrivateBucket
from components.edge_policies import ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED, EdgePolicies
from components.functions.nearest_pop import nearest_pop_code
from components.point_of_presence import PointOfPresence
from settings import Domain

READ = ["GET", "HEAD"]
READ_AND_ASK = ["GET", "HEAD", "OPTIONS"]
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
# Without 503 and 504 nothing fails over when a fleet is gone or silent. 403 is how S3 says "not there" to a reader that
# may not list: a replica that has not caught up.
FAILOVER_STATUS = [403, 404, 500, 502, 503, 504]


class DeliveryArgs(TypedDict):
    """What is delivered, from where, to whom."""

    home: str
    pops: Sequence[PointOfPresence]
    media: PrivateBucket
    """The home bucket: where every point of presence falls over to."""
    site: PrivateBucket
    domain: Domain | None
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    blocked_countries: Sequence[str]
    key_group_id: pulumi.Input[str] | None
    """Who signs; None plays without cookies."""
    web_acl_arn: pulumi.Input[str] | None


class Delivery(pulumi.ComponentResource):
    """The only thing of the platform that the internet reaches."""

    distribution_id: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    """Where viewers go."""

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["home"] not in [pop.region for pop in args["pops"]]:
            raise ValueError(f"Delivery {name!r}: pops must hold the home region {args['home']!r}")
        super().__init__("headend:delivery:Delivery", name, {"home": args["home"]}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._name = name
        policies = EdgePolicies(f"{name}-policies", child)
        pops, domain = args["pops"], args["domain"]
        regions = [pop.region for pop in pops]

        access = aws.cloudfront.OriginAccessControl(
            f"{name}-buckets",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            description="CloudFront reads the media and site buckets as itself",
            opts=child,
        )
        vpc_origins = {pop.region: self._vpc_origin(pop) for pop in pops}

        def private(
            origin_id: str, pop: PointOfPresence, read_timeout: int
        ) -> aws.cloudfront.DistributionOriginArgsDict:
            return {
                "origin_id": origin_id,
                # With TLS this is the name that the balancer's certificate must hold; it need not resolve.
                "domain_name": f"origin.{domain.name}" if domain else pop.balancer.dns_name,
                # One short attempt: the second member of the origin group is the better retry.
                "connection_attempts": 1,
                "connection_timeout": 2,
                "vpc_origin_config": {
                    "vpc_origin_id": vpc_origins[pop.region],
                    "origin_read_timeout": read_timeout,
                    "origin_keepalive_timeout": 60,
                },
            }

        def bucket(origin_id: str, source: PrivateBucket) -> aws.cloudfront.DistributionOriginArgsDict:
            return {
                "origin_id": origin_id,
                "domain_name": source.domain_name,
                "origin_access_control_id": access.id,
                "connection_attempts": 2,
                "connection_timeout": 3,
            }

        home = next(pop for pop in pops if pop.region == args["home"])
        nearest = self._nearest_pop(args["home"], regions) if len(pops) > 1 else None

        def media(
            pattern: str, cache_policy_id: pulumi.Output[str], *, compress: bool
        ) -> aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict:
            behaviour: aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict = {
                "path_pattern": pattern,
                "target_origin_id": f"pop-{args['home']}-or-media",
                "viewer_protocol_policy": "https-only",
                "allowed_methods": READ,
                "cached_methods": READ,
                "compress": compress,
                "cache_policy_id": cache_policy_id,
                "response_headers_policy_id": policies.media_headers_id,
            }
            if nearest:
                behaviour["function_associations"] = [{"event_type": "viewer-request", "function_arn": nearest}]
                behaviour["origin_request_policy_id"] = policies.country_request_id
            if args["key_group_id"] is not None:
                behaviour["trusted_key_groups"] = [args["key_group_id"]]
            return behaviour

        distribution = aws.cloudfront.Distribution(
            f"{name}-distribution",
            enabled=True,
            comment=f"{pulumi.get_project()} {pulumi.get_stack()}",
            aliases=[domain.name] if domain else [],
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args["price_class"],
            default_root_object="index.html",
            web_acl_id=args["web_acl_arn"],
            origins=[
                bucket("site", args["site"]),
                bucket("media", args["media"]),
                # A play request may start an execution: the API gets longer than a segment does.
                private("api", home, 10),
                *(private(f"pop-{pop.region}", pop, 5) for pop in pops),
            ],
            origin_groups=[
                {
                    "origin_id": f"pop-{region}-or-media",
                    "failover_criteria": {"status_codes": FAILOVER_STATUS},
                    "members": [{"origin_id": f"pop-{region}"}, {"origin_id": "media"}],
                }
                for region in [args["home"]]  # the function forms the others' groups as it chooses them
            ],
            ordered_cache_behaviors=[
                {
                    "path_pattern": "/api/*",
                    # An origin group would refuse POST.
                    "target_origin_id": "api",
                    "viewer_protocol_policy": "https-only",
                    "allowed_methods": ALL_METHODS,
                    "cached_methods": READ,
                    "compress": True,
                    "cache_policy_id": CACHING_DISABLED,
                    "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST,
                    "response_headers_policy_id": policies.media_headers_id,
                },
                media("/v/*.m3u8", policies.manifests_cache_id, compress=True),
                media("/v/*.mpd", policies.manifests_cache_id, compress=True),
                media("/v/*", policies.segments_cache_id, compress=False),
            ],
            default_cache_behavior={
                "target_origin_id": "site",
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": READ_AND_ASK,
                "cached_methods": READ,
                "compress": True,
                "cache_policy_id": policies.page_cache_id,
                "response_headers_policy_id": policies.page_headers_id,
            },
            # Errors are asked for again at once: a title published a second ago must not be missing for ten.
            custom_error_responses=[
                {"error_code": code, "error_caching_min_ttl": 1} for code in (403, 404, 500, 502, 503, 504)
            ],
            restrictions={
                "geo_restriction": {"restriction_type": "blacklist", "locations": list(args["blocked_countries"])}
                if args["blocked_countries"]
                else {"restriction_type": "none"}
            },
            viewer_certificate={
                "acm_certificate_arn": domain.certificate,
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": "TLSv1.2_2021",
            }
            if domain
            else {"cloudfront_default_certificate": True},
            opts=child,
        )
        # The hit ratio and the error rates by status: metrics that CloudFront sends only when asked to.
        aws.cloudfront.MonitoringSubscription(
            f"{name}-metrics",
            distribution_id=distribution.id,
            monitoring_subscription={
                "realtime_metrics_subscription_config": {"realtime_metrics_subscription_status": "Enabled"}
            },
            opts=child,
        )
        self.distribution_id, self.distribution_arn = distribution.id, distribution.arn
        self.domain_name = pulumi.Output.from_input(domain.name) if domain else distribution.domain_name
        self.register_outputs({"distribution_id": self.distribution_id, "domain_name": self.domain_name})

    def _vpc_origin(self, pop: PointOfPresence) -> pulumi.Output[str]:
        """CloudFront's private way to a balancer.

        An update in place fails while the origin is attached (409), so every change makes a new one first; and since
        its name is unique in the account, the name holds a hash of what it is made of.
        """
        protocol = "https-only" if pop.certificate else "http-only"

        def named(arn: str) -> str:
            digest = hashlib.sha256(f"{arn} {protocol}".encode()).hexdigest()[:8]
            return f"{self._name}-{pulumi.get_stack()}-{pop.region}-{digest}"

        return aws.cloudfront.VpcOrigin(
            f"{self._name}-{pop.region}-vpc-origin",
            vpc_origin_endpoint_config={
                "name": pop.balancer.arn.apply(named),
                "arn": pop.balancer.arn,
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": protocol,
                "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                replace_on_changes=["vpcOriginEndpointConfig"],
                # CloudFront refuses a VPC without one, and while the VPC origin lives the gateway may not go.
                depends_on=[pop.network.internet_gateway],
            ),
        ).id

    def _nearest_pop(self, home: str, regions: Sequence[str]) -> pulumi.Output[str]:
        return aws.cloudfront.Function(
            f"{self._name}-nearest-pop",
            runtime="cloudfront-js-2.0",
            comment="Sends a viewer to the nearest point of presence",
            publish=True,
            code=nearest_pop_code(home=home, regions=regions, failover_status=FAILOVER_STATUS),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn
