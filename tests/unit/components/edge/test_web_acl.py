"""The firewall: it limits requests to the API, lets players fill their buffers, and logs what it refuses."""

import pytest

from components.edge.web_acl import WebAcl
from local.engine import Deployment
from tests.declared import deploy


@pytest.fixture(scope="module")
def done() -> Deployment:
    return deploy(
        lambda: WebAcl("firewall", {"api_requests_per_5_minutes": 500, "log_days": 30}),
        config={"aws:region": "eu-west-1"},
    )


def test_it_is_where_cloudfront_looks_for_it(done: Deployment) -> None:
    assert {item.region for item in done.registrations if item.custom} == {"us-east-1"}
    assert done.one("aws:wafv2/webAcl:WebAcl").inputs["scope"] == "CLOUDFRONT"


def test_a_house_full_of_viewers_is_let_through_and_a_scraper_is_not(done: Deployment) -> None:
    [rate] = [rule for rule in done.one("aws:wafv2/webAcl:WebAcl").inputs["rules"] if rule["name"] == "media-rate"]
    limit = rate["statement"]["rateBasedStatement"]
    assert limit["scopeDownStatement"]["byteMatchStatement"]["searchString"] == "/v/"
    # Segments last six seconds. A viewer asks for two, video and audio, and the limit is for five minutes.
    assert limit["limit"] >= 200 * 2 * 300 / 6
    assert limit["limit"] <= 100 * 300


def test_the_api_is_limited_by_address(done: Deployment) -> None:
    [rate] = [rule for rule in done.one("aws:wafv2/webAcl:WebAcl").inputs["rules"] if rule["name"] == "api-rate"]
    limit = rate["statement"]["rateBasedStatement"]
    assert (limit["limit"], limit["evaluationWindowSec"], limit["aggregateKeyType"]) == (500, 300, "IP")
    scope = limit["scopeDownStatement"]["byteMatchStatement"]
    assert (scope["searchString"], scope["positionalConstraint"]) == ("/api/", "STARTS_WITH")
    # A player waits after a 429.
    assert rate["action"]["block"]["customResponse"]["responseCode"] == 429


def test_known_bad_requests_are_refused_and_all_others_pass(done: Deployment) -> None:
    acl = done.one("aws:wafv2/webAcl:WebAcl").inputs
    managed = [rule for rule in acl["rules"] if "managedRuleGroupStatement" in rule["statement"]]
    assert {rule["statement"]["managedRuleGroupStatement"]["vendorName"] for rule in managed} == {"AWS"}
    assert all("none" in rule["overrideAction"] for rule in managed), "otherwise the rules only count"
    assert "allow" in acl["defaultAction"]
    assert len({rule["priority"] for rule in acl["rules"]}) == len(acl["rules"])


def test_refusals_are_logged_for_a_while_without_anybodys_cookies(done: Deployment) -> None:
    logging = done.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").inputs
    group = done.one("aws:cloudwatch/logGroup:LogGroup")
    assert logging["logDestinationConfigs"] == [group.outputs["arn"]]
    assert group.outputs["name"].startswith("aws-waf-logs-"), "the firewall writes to no other group"
    assert group.inputs["retentionInDays"] == 30
    assert logging["redactedFields"] == [{"singleHeader": {"name": "cookie"}}]
    assert logging["loggingFilter"]["defaultBehavior"] == "DROP"
