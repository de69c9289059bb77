"""The key of CloudFront's cache, how long it keeps an object, and the headers that it adds."""

import pulumi
import pulumi_aws as aws

from components.edge.inline import inline
from components.edge.player_site import PAGE, PLAYER
from components.edge.viewer_request import NOT_FOUND

YEAR = 365 * 24 * 3600

# Published ids of AWS's own policies: they are the same in every account, so a preview need not look them up.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

# Titles come from file names, so the page must not run a script that hides in one: no script and no style inside of a
# page but our own, nothing from other hosts, no text used as HTML. hls.js plays from a blob, and makes caption tracks
# from an empty data: URL.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src 'self' {inline('script', (PLAYER / PAGE).read_text(encoding='utf-8'))}; "
    f"style-src 'self' {inline('style', NOT_FOUND)}; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class EdgePolicies(pulumi.ComponentResource):
    """Cache, origin-request and response-headers policies of the distribution."""

    segments_cache_id: pulumi.Output[str]
    manifests_cache_id: pulumi.Output[str]
    page_cache_id: pulumi.Output[str]
    country_request_id: pulumi.Output[str]
    media_headers_id: pulumi.Output[str]
    page_headers_id: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:edge_policies:EdgePolicies", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def cache(key: str, ttl: int, *, compress: bool, comment: str) -> pulumi.Output[str]:
            return aws.cloudfront.CachePolicy(
                f"{name}-{key}",
                comment=comment,
                min_ttl=0,
                default_ttl=ttl,
                max_ttl=YEAR,
                parameters_in_cache_key_and_forwarded_to_origin={
                    # Only the path is in the key: a viewer's token or a tracking parameter must never split the cache.
                    "cookies_config": {"cookie_behavior": "none"},
                    "headers_config": {"header_behavior": "none"},
                    "query_strings_config": {"query_string_behavior": "none"},
                    "enable_accept_encoding_gzip": compress,
                    "enable_accept_encoding_brotli": compress,
                },
                opts=child,
            ).id

        self.segments_cache_id = cache("segments", YEAR, compress=False, comment="Immutable, compressed already")
        self.manifests_cache_id = cache("manifests", YEAR, compress=True, comment="Immutable text")
        self.page_cache_id = cache("page", 60, compress=True, comment="As its objects' Cache-Control says")
        self.country_request_id = aws.cloudfront.OriginRequestPolicy(
            f"{name}-country",
            comment="The viewer's country, for the function that picks the point of presence",
            cookies_config={"cookie_behavior": "none"},
            headers_config={
                "header_behavior": "whitelist",
                "headers": {"items": ["CloudFront-Viewer-Country"]},
            },
            query_strings_config={"query_string_behavior": "none"},
            opts=child,
        ).id
        self.media_headers_id = self._headers(f"{name}-media-headers", None)
        self.page_headers_id = self._headers(f"{name}-page-headers", CONTENT_SECURITY_POLICY)
        self.register_outputs({})

    def _headers(self, name: str, content_security_policy: str | None) -> pulumi.Output[str]:
        headers: aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgsDict = {
            "strict_transport_security": {
                "access_control_max_age_sec": 2 * YEAR,
                "include_subdomains": False,
                "override": True,
            },
            "content_type_options": {"override": True},
            "referrer_policy": {"referrer_policy": "same-origin", "override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
        }
        if content_security_policy:
            headers["content_security_policy"] = {
                "content_security_policy": content_security_policy,
                "override": True,
            }
        return aws.cloudfront.ResponseHeadersPolicy(
            name, security_headers_config=headers, opts=pulumi.ResourceOptions(parent=self)
        ).id
