"""The sweeper: when it is called, and what somebody who takes it over could do."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.declared import listed, statements, whole

RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"


def an_end(status: str, machine: str | None = None) -> dict[str, Any]:
    detail = {"status": status, "stateMachineArn": machine or whole().exports["state_machine"]}
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}


@pytest.mark.parametrize(
    ("status", "called"),
    [("FAILED", True), ("TIMED_OUT", True), ("ABORTED", True), ("SUCCEEDED", False), ("RUNNING", False)],
)
def test_it_hears_of_every_bad_end_and_of_no_good_one(status: str, called: bool) -> None:
    pattern: Any = EventPattern.load(whole().one(RULE, "sweeper-ended").inputs["eventPattern"])
    assert pattern.matches_event(an_end(status)) is called
    assert pattern.matches_event(an_end(status, "arn:aws:states:us-east-1:123456789012:stateMachine:other")) is False


def test_it_is_called_every_quarter_of_an_hour() -> None:
    assert whole().one(RULE, "sweeper-schedule").inputs["scheduleExpression"] == "rate(15 minutes)"


@pytest.mark.parametrize("which", ["schedule", "ended"])
def test_each_rule_may_call_it_and_does(which: str) -> None:
    permission = whole().one("aws:lambda/permission:Permission", f"sweeper-from-{which}")
    rule = whole().one(RULE, f"sweeper-{which}")
    assert permission.inputs["sourceArn"] == rule.outputs["arn"]
    function = whole().one("aws:lambda/function:Function", "sweeper-function")
    assert whole().one(TARGET, f"sweeper-{which}-target").inputs["arn"] == function.outputs["arn"]


def test_it_may_hide_renditions_and_reads_no_film() -> None:
    policy = whole().one("aws:iam/rolePolicy:RolePolicy", "sweeper-policy").inputs["policy"]
    may = {
        (action, resource)
        for statement in statements(policy)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not action.startswith(("logs:", "xray:"))
    }
    exports = whole().exports
    uploads, media = (f"arn:aws:s3:::{exports[name]}" for name in ("uploads_bucket", "media_bucket"))
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{exports['titles_table']}"
    assert {pair for pair in may if pair[0].startswith("s3:")} == {
        ("s3:ListBucketVersions", uploads),
        ("s3:ListBucket", media),
        ("s3:DeleteObject", f"{media}/v/*"),
    }
    assert {pair for pair in may if pair[0].startswith("dynamodb:")} == {
        *((f"dynamodb:{action}", table) for action in ("GetItem", "UpdateItem")),
        ("dynamodb:Query", f"{table}/index/by-state"),
    }
    assert {action for action, _ in may if action.startswith("states:")} == {
        "states:StartExecution",
        "states:DescribeExecution",
    }
    [listing] = [item for item in statements(policy) if item["Resource"] == media]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "v/*"}}


def test_the_grace_is_the_settings() -> None:
    function = whole().one("aws:lambda/function:Function", "sweeper-function")
    assert json.loads(json.dumps(function.inputs["environment"]))["variables"]["KEEP_VERSIONS_DAYS"] == "7"
