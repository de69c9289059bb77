"""The edge's policies: cookies and parameters of viewers never split the cache, and other sites cannot use our page."""

import re
from typing import Any

import pytest

from components.edge.inline import inline
from components.edge.player_site import PAGE, site_files
from components.edge.policies import YEAR, EdgePolicies
from components.edge.viewer_request import NOT_FOUND, viewer_request_code
from local.engine import Deployment
from tests.declared import deploy

CACHE = "aws:cloudfront/cachePolicy:CachePolicy"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"


@pytest.fixture(scope="module")
def done() -> Deployment:
    return deploy(lambda: EdgePolicies("edge"))


def test_no_token_and_no_tracking_parameter_is_in_a_cache_key(done: Deployment) -> None:
    assert len(done.of_type(CACHE)) == 3
    for policy in done.of_type(CACHE):
        key: Any = policy.inputs["parametersInCacheKeyAndForwardedToOrigin"]
        assert key["cookiesConfig"] == {"cookieBehavior": "none"}
        assert key["headersConfig"] == {"headerBehavior": "none"}
        assert key["queryStringsConfig"] == {"queryStringBehavior": "none"}


def test_what_never_changes_is_kept_for_a_year_and_the_page_for_a_minute(done: Deployment) -> None:
    kept = {policy.name: policy.inputs["defaultTtl"] for policy in done.of_type(CACHE)}
    assert kept == {"edge-segments": YEAR, "edge-manifests": YEAR, "edge-page": 60}


def test_text_is_compressed_and_video_is_not(done: Deployment) -> None:
    for policy in done.of_type(CACHE):
        key = policy.inputs["parametersInCacheKeyAndForwardedToOrigin"]
        packed = {key["enableAcceptEncodingGzip"], key["enableAcceptEncodingBrotli"]}
        assert packed == {policy.name != "edge-segments"}


def test_the_origin_is_told_the_country_and_nothing_else(done: Deployment) -> None:
    sent = done.one("aws:cloudfront/originRequestPolicy:OriginRequestPolicy").inputs
    assert sent["headersConfig"]["headers"]["items"] == ["CloudFront-Viewer-Country"]
    assert sent["cookiesConfig"] == {"cookieBehavior": "none"}
    assert sent["queryStringsConfig"] == {"queryStringBehavior": "none"}


def test_browsers_are_told_https_no_sniffing_and_no_framing(done: Deployment) -> None:
    for policy in done.of_type(HEADERS):
        security = policy.inputs["securityHeadersConfig"]
        assert security["strictTransportSecurity"]["accessControlMaxAgeSec"] >= YEAR
        assert security["contentTypeOptions"] == {"override": True}
        assert security["frameOptions"]["frameOption"] == "DENY"


def test_the_page_runs_its_own_scripts_only(done: Deployment) -> None:
    security = done.one(HEADERS, "edge-page-headers").inputs["securityHeadersConfig"]
    policy = security["contentSecurityPolicy"]["contentSecurityPolicy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    served = site_files()[PAGE].path.read_text(encoding="utf-8")
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", inline("script", served)), "one script inside of the page"
    assert rules["script-src"] == f"'self' {inline('script', served)}"
    # CloudFront's function answers with a page of its own, and says its own policy.
    function = viewer_request_code(home="us-east-1", regions=["us-east-1"], failover_status=[503])
    assert inline("style", NOT_FOUND) in function
    assert rules["style-src"] == f"'self' {inline('style', NOT_FOUND)}"
    assert "unsafe" not in policy
    # hls.js plays from blobs.
    assert "blob:" in rules["media-src"]
