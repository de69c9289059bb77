"""The canary: there is one in each region, it looks every five minutes, and it may only send metrics."""

import pytest

from local.engine import Deployment
from tests.declared import depends_on, listed, statements, whole, without_fleets


@pytest.fixture(scope="module")
def prod() -> Deployment:
    return whole("prod")


def test_each_region_is_looked_at_from_within_it_by_the_viewers_name(prod: Deployment) -> None:
    functions = [
        item
        for item in prod.of_type("aws:lambda/function:Function")
        if item.inputs["handler"] == "lambdas.canary.handler.handle"
    ]
    assert sorted(item.region for item in functions) == ["ap-southeast-1", "eu-west-1", "us-east-1"]
    for item in functions:
        said = item.inputs["environment"]["variables"]
        assert (said["HOST"], said["STACK"]) == ("watch.example.com", "headend-prod")


def test_it_says_what_it_saw_and_may_do_nothing_else(prod: Deployment) -> None:
    policy = prod.one("aws:iam/rolePolicy:RolePolicy", "canary-eu-west-1-policy").inputs["policy"]
    rights = {action: statement for statement in statements(policy) for action in listed(statement["Action"])}
    assert {action for action in rights if not action.startswith(("logs:", "xray:"))} == {
        "cloudwatch:PutMetricData",
        "ec2:DescribeImages",
    }
    assert rights["cloudwatch:PutMetricData"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "Headend/Canary"}
    }


def test_its_schedule_alone_calls_it_and_a_look_is_over_before_the_next(prod: Deployment) -> None:
    rule = prod.one("aws:cloudwatch/eventRule:EventRule", "canary-eu-west-1-rule")
    target = prod.one("aws:cloudwatch/eventTarget:EventTarget", "canary-eu-west-1-target")
    function = prod.one("aws:lambda/function:Function", "canary-eu-west-1-function")
    permission = prod.one("aws:lambda/permission:Permission", "canary-eu-west-1-from-schedule")
    assert rule.inputs["scheduleExpression"] == "rate(5 minutes)"
    assert target.inputs["arn"] == function.outputs["arn"]
    assert permission.inputs["sourceArn"] == rule.outputs["arn"]
    assert depends_on(prod, target, permission)
    assert function.inputs["timeout"] < 300


def test_it_is_heard_when_it_sees_a_failure_and_when_it_is_silent(prod: Deployment) -> None:
    alarms = [
        item
        for item in prod.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if item.inputs.get("namespace") == "Headend/Canary"
    ]
    available = [item for item in alarms if item.inputs.get("metricName") == "Available"]
    assert sorted(item.region for item in available) == ["ap-southeast-1", "eu-west-1", "us-east-1"]
    for item in available:
        assert item.inputs["treatMissingData"] == "breaching"
        assert item.inputs["dimensions"] == {"Stack": "headend-prod"}
        assert item.inputs["period"] == 900, "three looks"
    assert len(alarms) == 3 * len(available)


def test_an_image_that_gets_old_is_told_in_its_region_before_amazon_hides_it(prod: Deployment) -> None:
    told = [
        item
        for item in prod.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if item.inputs.get("metricName") == "ImageAgeDays"
    ]
    assert sorted(item.region for item in told) == ["ap-southeast-1", "eu-west-1", "us-east-1"]
    for item in told:
        assert item.inputs["threshold"] == 60
        assert item.inputs["dimensions"] == {"Stack": "headend-prod"}
        assert item.inputs["treatMissingData"] == "ignore", "the canary's silence has an alarm of its own"
    images = {item.region: item.inputs["imageId"] for item in prod.of_type("aws:ec2/launchTemplate:LaunchTemplate")}
    for region, image in images.items():
        function = prod.one("aws:lambda/function:Function", f"canary-{region}-function")
        assert function.inputs["environment"]["variables"]["IMAGE"] == image


def test_without_nodes_no_image_is_asked_for() -> None:
    done = without_fleets()
    assert not [item for item in done.registrations if item.inputs.get("metricName") == "ImageAgeDays"]
    policy = done.one("aws:iam/rolePolicy:RolePolicy", "canary-us-east-1-policy").inputs["policy"]
    assert "ec2:" not in policy
