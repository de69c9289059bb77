"""The distribution's origins, and the path patterns that lead to them. Pure: ids in, arguments out."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.edge.policies import ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED, EdgePolicies
from facts.regions import NEAREST_SHIELD
from lambdas.names import PLAYLISTS_PATH, STILLS_PATH

READ = ["GET", "HEAD"]
READ_AND_ASK = ["GET", "HEAD", "OPTIONS"]
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
# 503 and 504: a fleet is gone or silent. 403: a replica does not have the object yet, and S3 answers 403 instead of 404
# to a reader that may not list.
FAILOVER_STATUS = [403, 404, 500, 502, 503, 504]
KEEPALIVE_SECONDS = 30
"""Half of the balancer's idle timeout: CloudFront must not send into a connection that the balancer is closing."""


class MediaRoute(TypedDict):
    """Values that all behaviours of renditions share."""

    origin: str
    """Id of an origin or of an origin group."""
    policies: EdgePolicies
    many_pops: bool
    """True: the viewer's country chooses the point of presence."""
    key_group_id: pulumi.Input[str] | None
    """The key group that cookies must be signed for. None: films play without cookies."""


def balancer_origin(
    origin_id: str, domain_name: pulumi.Input[str], vpc_origin_id: pulumi.Input[str], *, read_timeout: int
) -> aws.cloudfront.DistributionOriginArgsDict:
    """An origin that is a load balancer. `read_timeout` is in seconds."""
    return {
        "origin_id": origin_id,
        "domain_name": domain_name,
        # One short attempt: the second member of the origin group is a better choice than a second attempt.
        "connection_attempts": 1,
        "connection_timeout": 2,
        "vpc_origin_config": {
            "vpc_origin_id": vpc_origin_id,
            "origin_read_timeout": read_timeout,
            "origin_keepalive_timeout": KEEPALIVE_SECONDS,
        },
    }


def origin_host(domain: str) -> str:
    """The name that a load balancer's certificate must have, if TLS is used. It need not resolve."""
    return f"origin.{domain}"


def bucket_origin(
    origin_id: str, domain_name: pulumi.Input[str], access_control_id: pulumi.Input[str], shield: str | None = None
) -> aws.cloudfront.DistributionOriginArgsDict:
    """An origin that is a bucket. `shield`: the region of Origin Shield, or None to read the bucket without it."""
    origin: aws.cloudfront.DistributionOriginArgsDict = {
        "origin_id": origin_id,
        "domain_name": domain_name,
        "origin_access_control_id": access_control_id,
        "connection_attempts": 2,
        "connection_timeout": 3,
    }
    if shield:
        origin["origin_shield"] = {"enabled": True, "origin_shield_region": NEAREST_SHIELD.get(shield, shield)}
    return origin


def origin_group(origin_id: str, first: str, second: str) -> aws.cloudfront.DistributionOriginGroupArgsDict:
    """Ask the origin `first`, and if it fails, the origin `second`. CloudFront takes exactly two."""
    return {
        "origin_id": origin_id,
        "failover_criteria": {"status_codes": FAILOVER_STATUS},
        "members": [{"origin_id": first}, {"origin_id": second}],
    }


def media_behaviours(route: MediaRoute) -> list[aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict]:
    """Behaviours for manifests, segments and pictures."""
    policies = route["policies"]

    def behaviour(
        pattern: str, cache_policy_id: pulumi.Output[str], *, compress: bool, signed: bool = True
    ) -> aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict:
        made: aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict = {
            "path_pattern": pattern,
            "target_origin_id": route["origin"],
            "viewer_protocol_policy": "https-only",
            "allowed_methods": READ,
            "cached_methods": READ,
            "compress": compress,
            "cache_policy_id": cache_policy_id,
            "response_headers_policy_id": policies.media_headers_id,
        }
        if route["many_pops"]:
            made["origin_request_policy_id"] = policies.country_request_id
        if signed and route["key_group_id"] is not None:
            made["trusted_key_groups"] = [route["key_group_id"]]
        return made

    # The page shows a poster before the viewer asks to play, so the viewer has no cookies yet.
    posters = behaviour(STILLS_PATH, policies.segments_cache_id, compress=False, signed=False)
    return [
        *([posters] if route["key_group_id"] is not None else []),
        behaviour(PLAYLISTS_PATH, policies.manifests_cache_id, compress=True),
        behaviour("/v/*.mpd", policies.manifests_cache_id, compress=True),
        behaviour("/v/*", policies.segments_cache_id, compress=False),
    ]


def api_behaviour(origin_id: str, policies: EdgePolicies) -> aws.cloudfront.DistributionOrderedCacheBehaviorArgsDict:
    """The playback API. Only the error of a GET is cached, for a second (see `error_responses`).

    Its target is an origin, since an origin group refuses POST.
    """
    return {
        "path_pattern": "/api/*",
        "target_origin_id": origin_id,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ALL_METHODS,
        "cached_methods": READ,
        "compress": True,
        "cache_policy_id": CACHING_DISABLED,
        "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST,
        "response_headers_policy_id": policies.media_headers_id,
    }


def page_behaviour(origin_id: str, policies: EdgePolicies) -> aws.cloudfront.DistributionDefaultCacheBehaviorArgsDict:
    """The player page and its assets."""
    return {
        "target_origin_id": origin_id,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": READ_AND_ASK,
        "cached_methods": READ,
        "compress": True,
        "cache_policy_id": policies.page_cache_id,
        "response_headers_policy_id": policies.page_headers_id,
    }


def error_responses() -> list[aws.cloudfront.DistributionCustomErrorResponseArgsDict]:
    """Errors are cached for a second. The default is ten, so long a new title would seem to be missing."""
    return [{"error_code": code, "error_caching_min_ttl": 1} for code in FAILOVER_STATUS]


def geo_restriction(
    blocked_countries: Sequence[str],
) -> aws.cloudfront.DistributionRestrictionsGeoRestrictionArgsDict:
    """Viewers may watch in every country but these."""
    if not blocked_countries:
        return {"restriction_type": "none"}
    return {"restriction_type": "blacklist", "locations": list(blocked_countries)}


def viewer_certificate(arn: pulumi.Input[str] | None) -> aws.cloudfront.DistributionViewerCertificateArgsDict:
    """TLS 1.2 or newer with the team's certificate. CloudFront's own certificate allows only the oldest policy."""
    if arn is None:
        return {"cloudfront_default_certificate": True}
    return {"acm_certificate_arn": arn, "ssl_support_method": "sni-only", "minimum_protocol_version": "TLSv1.2_2021"}
