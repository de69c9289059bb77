"""Delivery, as viewers see it: a failure costs them seconds at most, and every connection is encrypted."""

import fnmatch
import json
from typing import Any

import pytest

from components.edge.delivery import Delivery
from components.edge.routes import READ, geo_restriction
from local.engine import Deployment, run_program
from tests.declared import ROOT, ZONES, refusal, whole

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:cloudfront/function:Function"


@pytest.fixture(scope="module")
def dev() -> dict[str, Any]:
    return whole("dev").one(DISTRIBUTION).inputs


@pytest.fixture(scope="module")
def prod() -> dict[str, Any]:
    return whole("prod").one(DISTRIBUTION).inputs


def media(distribution: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in distribution["orderedCacheBehaviors"] if item["pathPattern"].startswith("/v/")]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_fleet_that_fails_or_lacks_an_object_has_the_bucket_behind_it(stack: str) -> None:
    distribution = whole(stack).one(DISTRIBUTION).inputs
    [group] = distribution["originGroups"]
    assert [member["originId"] for member in group["members"]] == ["pop-us-east-1", "media"]
    assert {403, 404, 500, 502, 503, 504} == set(group["failoverCriteria"]["statusCodes"])
    assert {behaviour["targetOriginId"] for behaviour in media(distribution)} == {group["originId"]}


@pytest.mark.parametrize(("home", "shield"), [("us-east-1", "us-east-1"), ("ca-central-1", "us-east-1")])
def test_without_fleets_all_edges_read_the_bucket_through_one_cache(home: str, shield: str) -> None:
    place = {home: {"cidr": "10.0.0.0/16", "zones": ZONES[home].split()[:2], "ami": "ami-00000000000000000"}}
    distribution = (
        run_program(ROOT, config={"fleets": 0, "aws:region": home, "regions": place}).one(DISTRIBUTION).inputs
    )
    assert {behaviour["targetOriginId"] for behaviour in media(distribution)} == {"media"}
    shields = {origin["originId"]: origin.get("originShield") for origin in distribution["origins"]}
    assert shields.pop("media") == {"enabled": True, "originShieldRegion": shield}
    assert set(shields.values()) == {None}


def test_with_fleets_the_nodes_are_the_shield(prod: dict[str, Any]) -> None:
    assert not [origin for origin in prod["origins"] if "originShield" in origin]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_silent_point_of_presence_costs_a_viewer_seconds(stack: str) -> None:
    for origin in whole(stack).one(DISTRIBUTION).inputs["origins"]:
        if origin["originId"].startswith("pop-"):
            waited = origin["connectionAttempts"] * origin["connectionTimeout"]
            assert waited + origin["vpcOriginConfig"]["originReadTimeout"] <= 8


def test_the_api_has_an_origin_and_not_a_group_which_would_refuse_to_post(dev: dict[str, Any]) -> None:
    [api] = [item for item in dev["orderedCacheBehaviors"] if item["pathPattern"] == "/api/*"]
    assert api["targetOriginId"] in {origin["originId"] for origin in dev["origins"]}
    assert "POST" in api["allowedMethods"]
    assert api["cachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "AWS's CachingDisabled"
    assert api["originRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AWS's AllViewerExceptHostHeader"


def test_renditions_are_read_and_nothing_else(dev: dict[str, Any]) -> None:
    for behaviour in media(dev):
        assert behaviour["allowedMethods"] == behaviour["cachedMethods"] == READ


def test_manifests_come_before_the_segments_whose_pattern_they_match_too(dev: dict[str, Any]) -> None:
    assert [item["pathPattern"] for item in media(dev)] == ["/v/*.m3u8", "/v/*.mpd", "/v/*"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_viewer_is_served_in_the_clear(stack: str) -> None:
    distribution = whole(stack).one(DISTRIBUTION).inputs
    behaviours = [distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]]
    assert {item["viewerProtocolPolicy"] for item in behaviours} == {"https-only", "redirect-to-https"}
    assert distribution["httpVersion"] == "http2and3"


def test_with_a_domain_viewers_need_tls_1_2_and_the_private_hop_has_tls_too(prod: dict[str, Any]) -> None:
    assert prod["aliases"] == ["watch.example.com"]
    assert prod["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    configs = [
        item.inputs["vpcOriginEndpointConfig"] for item in whole("prod").of_type("aws:cloudfront/vpcOrigin:VpcOrigin")
    ]
    assert {config["originProtocolPolicy"] for config in configs} == {"https-only"}
    names = {origin["domainName"] for origin in prod["origins"] if "vpcOriginConfig" in origin}
    assert names == {"origin.watch.example.com"}


def test_signed_playback_guards_renditions_and_neither_page_nor_api(prod: dict[str, Any], dev: dict[str, Any]) -> None:
    group = whole("prod").one("aws:cloudfront/keyGroup:KeyGroup").id
    signed = {
        item["pathPattern"]: item["trustedKeyGroups"]
        for item in prod["orderedCacheBehaviors"]
        if "trustedKeyGroups" in item
    }
    assert signed == {"/v/*.m3u8": [group], "/v/*.mpd": [group], "/v/*": [group]}
    assert "trustedKeyGroups" not in prod["defaultCacheBehavior"]
    assert not any("trustedKeyGroups" in item for item in media(dev))


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/v/0a/title/version/poster.0000000.jpg", True),
        ("/v/0a/title/version/index.m3u8", False),
        ("/v/0a/title/version/index_v720p_000000001.cmfv", False),
        ("/v/0a/title/version/poster.0000000.jpg/index_a128_000000001.cmfa", False),
    ],
)
def test_only_what_a_viewer_sees_before_playing_needs_no_cookie(prod: dict[str, Any], path: str, is_open: bool) -> None:
    first = next(item for item in media(prod) if fnmatch.fnmatchcase(path, item["pathPattern"]))
    assert ("trustedKeyGroups" not in first) is is_open


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_path_escapes_the_function_that_refuses_what_does_not_exist(stack: str) -> None:
    distribution = whole(stack).one(DISTRIBUTION).inputs
    arn = whole(stack).one(FUNCTION, "delivery-viewer-request").outputs["arn"]
    for behaviour in (distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]):
        assert behaviour["functionAssociations"][0] == {"eventType": "viewer-request", "functionArn": arn}


def test_browsers_are_told_to_keep_renditions_and_nothing_else(prod: dict[str, Any]) -> None:
    arn = whole("prod").one(FUNCTION, "delivery-lasting").outputs["arn"]
    for behaviour in (prod["defaultCacheBehavior"], *prod["orderedCacheBehaviors"]):
        lasting = {"eventType": "viewer-response", "functionArn": arn} in behaviour["functionAssociations"]
        assert lasting is behaviour.get("pathPattern", "").startswith("/v/")


def test_with_many_points_of_presence_the_function_is_told_the_country(
    prod: dict[str, Any], dev: dict[str, Any]
) -> None:
    assert not any("originRequestPolicyId" in behaviour for behaviour in media(dev))
    assert all("originRequestPolicyId" in behaviour for behaviour in media(prod))


def test_the_function_names_origins_that_there_are(prod: dict[str, Any]) -> None:
    code = whole("prod").one(FUNCTION, "delivery-viewer-request").inputs["code"]
    data = json.loads(code.split("const data = ")[1].split(";\n")[0])
    origins = {origin["originId"] for origin in prod["origins"]}
    assert {f"pop-{region}" for region in data["countries"]} | {"media"} <= origins


def test_a_title_that_was_just_published_is_not_missing_for_long(dev: dict[str, Any]) -> None:
    assert {item["errorCachingMinTtl"] for item in dev["customErrorResponses"]} == {1}
    assert {404, 403} <= {item["errorCode"] for item in dev["customErrorResponses"]}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_buckets_are_read_by_this_distribution_as_itself(stack: str) -> None:
    done = whole(stack)
    control = done.one("aws:cloudfront/originAccessControl:OriginAccessControl")
    assert control.inputs["signingBehavior"] == "always"
    buckets = [item for item in done.one(DISTRIBUTION).inputs["origins"] if "vpcOriginConfig" not in item]
    assert {origin["originId"] for origin in buckets} == {"site", "media"}
    assert {origin["originAccessControlId"] for origin in buckets} == {control.id}


def test_blocked_countries_are_blocked_and_none_by_default(dev: dict[str, Any]) -> None:
    assert dev["restrictions"]["geoRestriction"] == {"restrictionType": "none"}
    assert geo_restriction(["FR"]) == {"restriction_type": "blacklist", "locations": ["FR"]}


def test_the_hit_ratio_is_measured() -> None:
    done: Deployment = whole("dev")
    measured = done.one("aws:cloudfront/monitoringSubscription:MonitoringSubscription").inputs
    assert measured["distributionId"] == done.one(DISTRIBUTION).id


def test_a_home_region_that_is_none_of_the_points_of_presence_is_refused() -> None:
    assert refusal(Delivery, "delivery", {"home": "eu-west-1", "pops": []}) == (
        "Delivery 'delivery': pops must hold the home region 'eu-west-1', got none"
    )
