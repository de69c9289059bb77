"""The forecast runs once a day. It may read counts and write orders, and nothing else."""

import json

import pytest

from lambdas.plays import item
from local.engine import Deployment
from tests.declared import listed, statements, whole


@pytest.fixture(scope="module")
def dev() -> Deployment:
    return whole("dev")


def test_it_may_read_the_catalogue_and_write_orders_alone(dev: Deployment) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "forecast-policy").inputs["policy"]
    rights = {action: statement for statement in statements(policy) for action in listed(statement["Action"])}
    assert {action for action in rights if not action.startswith(("logs:", "xray:"))} == {
        "dynamodb:Scan",
        "s3:PutObject",
    }
    assert rights["s3:PutObject"]["Resource"].endswith("/v/fill/order/*")


def test_it_is_called_once_a_day_when_the_day_is_over(dev: Deployment) -> None:
    rule = dev.one("aws:cloudwatch/eventRule:EventRule", "forecast-rule")
    assert rule.inputs["scheduleExpression"] == "cron(20 0 * * ? *)"
    target = dev.one("aws:cloudwatch/eventTarget:EventTarget", "forecast-target")
    assert target.inputs["arn"] == dev.one("aws:lambda/function:Function", "forecast-function").outputs["arn"]


def test_the_api_may_count_plays_and_write_no_title(dev: Deployment) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "web-playback-policy").inputs["policy"]
    (right,) = [found for found in statements(policy) if "dynamodb:UpdateItem" in listed(found["Action"])]
    (patterns,) = right["Condition"]["ForAllValues:StringLike"].values()
    assert json.dumps(right["Condition"]).count("dynamodb:LeadingKeys") == 1
    (prefix,) = [pattern.removesuffix("*") for pattern in listed(patterns)]
    assert item("films-apollo", "2026-11-28").startswith(prefix)
    # A title's id has only letters, digits and hyphens.
    assert "/" in prefix
