"""Reports of views: which path takes them, what their function may do, and that a stack can turn them off."""

import pytest

from local.engine import Deployment
from tests.declared import listed, statements, whole

RULE, FUNCTION = "aws:lb/listenerRule:ListenerRule", "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def dev() -> Deployment:
    return whole("dev")


def test_reports_are_asked_for_before_the_rest_of_the_api(dev: Deployment) -> None:
    """Their path also matches the API's rule. The balancer takes the rule with the lowest priority."""
    reports, api = dev.one(RULE, "experience-rule").inputs, dev.one(RULE, "web-rule").inputs
    assert reports["conditions"] == [{"pathPattern": {"values": ["/api/events"]}}]
    assert reports["priority"] < api["priority"]
    assert reports["listenerArn"] == api["listenerArn"]


def test_their_function_is_another_one_and_may_do_nothing_but_log(dev: Deployment) -> None:
    target = dev.one("aws:lb/targetGroupAttachment:TargetGroupAttachment", "experience-api-target").inputs
    function = dev.one(FUNCTION, "experience-reports-function")
    assert target["targetId"] == function.outputs["arn"]
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "experience-reports-policy").inputs["policy"]
    actions = {action for statement in statements(policy) for action in listed(statement["Action"])}
    assert {action.split(":")[0] for action in actions} == {"logs", "xray"}


def test_a_report_names_one_of_the_stacks_regions(dev: Deployment) -> None:
    """Otherwise anybody could make up regions, and each would be a metric that the team pays for."""
    assert dev.one(FUNCTION, "experience-reports-function").inputs["environment"]["variables"] == {
        "STACK": "headend-dev",
        "REGIONS": "us-east-1",
        "SENDING": "yes",
    }


def test_page_and_function_are_told_the_same_share(dev: Deployment) -> None:
    variables = dev.one(FUNCTION, "web-playback-function").inputs["environment"]["variables"]
    assert variables["REPORT_PERCENT"] == "100"
