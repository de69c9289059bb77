"""The trigger: an upload starts the workflow, other events of the account do not, and no event is lost."""

import functools
import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from components.making.upload_trigger import UploadTrigger
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, made, statements

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:workflow"


@functools.cache
def trigger() -> Deployment:
    args = {
        "region": REGION,
        "account_id": ACCOUNT,
        "uploads_name": "uploads",
        "description": "A film was uploaded",
        "details": ["Object Created"],
        "keys": [{"anything-but": {"suffix": "/"}}],
        "state_machine_arn": MACHINE,
    }
    return made(UploadTrigger, "trigger", args)


def event(**other: Any) -> dict[str, Any]:
    detail = {"bucket": {"name": "uploads"}, "object": {"key": "films/a film.mp4"}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail, **other}


@pytest.mark.parametrize(
    ("happens", "starts"),
    [
        (event(), True),
        (event(**{"detail-type": "Object Deleted"}), False),
        (event(source="aws.ec2"), False),
        (event(detail={"bucket": {"name": "media"}, "object": {"key": "v/00/x"}}), False),
        (event(detail={"bucket": {"name": "uploads"}, "object": {"key": "films/"}}), False),
    ],
)
def test_an_upload_starts_the_workflow_and_nothing_else_does(happens: dict[str, Any], starts: bool) -> None:
    pattern = trigger().one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"]
    assert EventPattern.load(pattern).matches_event(happens) is starts  # pyright: ignore[reportArgumentType]


def test_the_rule_may_start_this_workflow_and_only_this_rule_may() -> None:
    done = trigger()
    rule = done.one("aws:cloudwatch/eventRule:EventRule")
    [started] = statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert (started["Action"], started["Resource"]) == ("states:StartExecution", MACHINE)
    [trusted] = statements(done.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trusted["Condition"]["ArnEquals"] == {"aws:SourceArn": rule.outputs["arn"]}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_an_event_that_could_not_start_it_is_kept_for_two_weeks() -> None:
    done = trigger()
    target, queue = done.one("aws:cloudwatch/eventTarget:EventTarget").inputs, done.one("aws:sqs/queue:Queue")
    assert target["arn"] == MACHINE
    assert target["deadLetterConfig"] == {"arn": queue.outputs["arn"]}
    # This is EventBridge's longest time, so that an hour of trouble loses no event.
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185}
    assert queue.inputs["messageRetentionSeconds"] == 14 * 86400


def test_only_rules_of_the_account_may_put_events_into_the_queue() -> None:
    done = trigger()
    policy = done.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"]
    allowed, _ = statements(policy)
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/*"}}
    assert json.loads(policy)["Version"] == "2012-10-17"
