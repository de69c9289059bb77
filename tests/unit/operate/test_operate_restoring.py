"""`headend restore`: the times that AWS offers, the verb's calls, and the settings that AWS does not restore."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from operate import restoring
from operate.cloud import Cloud
from operate.screen import Refusal
from tests.stubs import KEYS

FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 28, 21, 30, 15, 999, tzinfo=UTC)


def always(value: Any) -> Callable[..., Any]:
    """A function that answers this, whatever it is asked."""

    def answer(*_: Any) -> Any:
        return value

    return answer


@pytest.fixture
def stub() -> Any:
    return Stubber(boto3.client("dynamodb", region_name="eu-west-1", **KEYS))


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("", datetime(2026, 11, 28, 21, 30, 15, tzinfo=UTC)),
        ("2026-11-20T12:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_is_the_latest_or_as_it_is_named(at: str, moment: datetime) -> None:
    assert restoring.within(at, FIRST, LAST) == moment


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("yesterday", "--at yesterday: is no moment; write it as 2026-11-28T21:30Z"),
        ("2026-11-20T12:00", "--at 2026-11-20T12:00: in which time zone? Write Z behind it for UTC"),
        ("2026-10-20T12:00Z", "AWS offers 2026-11-01T00:00:00Z to 2026-11-28T21:30:15Z"),
        ("2027-01-01T00:00Z", "AWS offers 2026-11-01T00:00:00Z to 2026-11-28T21:30:15Z"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_with_what_can(at: str, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        restoring.within(at, FIRST, LAST)
    assert said in str(caught.value)


def test_a_table_without_recovery_is_told(stub: Any) -> None:
    answer = {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        }
    }
    stub.add_response("describe_continuous_backups", answer, {"TableName": "titles"})
    with stub, pytest.raises(Refusal, match="titles: has no point-in-time recovery"):
        restoring.window(stub.client, "titles")


def test_a_restore_that_has_begun_is_continued(stub: Any) -> None:
    asked = {"SourceTableName": "titles", "TargetTableName": "new", "RestoreDateTime": FIRST}
    stub.add_response("restore_table_to_point_in_time", {}, asked)
    stub.add_client_error("restore_table_to_point_in_time", "TableAlreadyExistsException", expected_params=asked)
    stub.add_client_error("restore_table_to_point_in_time", "LimitExceededException", expected_params=asked)
    with stub:
        restoring.make(stub.client, "titles", "new", FIRST)
        restoring.make(stub.client, "titles", "new", FIRST)
        with pytest.raises(stub.client.exceptions.LimitExceededException):
            restoring.make(stub.client, "titles", "new", FIRST)


@pytest.mark.parametrize(
    ("table", "index", "ready"),
    [("CREATING", "CREATING", False), ("ACTIVE", "CREATING", False), ("ACTIVE", "ACTIVE", True)],
)
def test_a_table_is_ready_once_its_index_is(stub: Any, table: str, index: str, ready: bool) -> None:
    answer = {"Table": {"TableStatus": table, "GlobalSecondaryIndexes": [{"IndexStatus": index}]}}
    stub.add_response("describe_table", answer, {"TableName": "new"})
    with stub:
        assert restoring.ready(stub.client, "new") is ready


def test_the_new_table_gets_what_aws_does_not_restore(stub: Any) -> None:
    arn, tags = "arn:aws:dynamodb:eu-west-1:111122223333:table/{}", [{"Key": "project", "Value": "headend"}]
    old = {"TableArn": arn.format("titles"), "DeletionProtectionEnabled": True}
    stub.add_response("describe_table", {"Table": old}, {"TableName": "titles"})
    recovery = {"TableName": "new", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    stub.add_response("update_continuous_backups", {}, recovery)
    for name, status in (("titles", {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}),
                         ("new", {"TimeToLiveStatus": "DISABLED"})):  # fmt: skip
        stub.add_response("describe_time_to_live", {"TimeToLiveDescription": status}, {"TableName": name})
    expiry = {"AttributeName": "until", "Enabled": True}
    stub.add_response("update_time_to_live", {}, {"TableName": "new", "TimeToLiveSpecification": expiry})
    stub.add_response("update_table", {}, {"TableName": "new", "DeletionProtectionEnabled": True})
    stub.add_response("list_tags_of_resource", {"Tags": tags}, {"ResourceArn": arn.format("titles")})
    stub.add_response("describe_table", {"Table": {"TableArn": arn.format("new")}}, {"TableName": "new"})
    stub.add_response("tag_resource", {}, {"ResourceArn": arn.format("new"), "Tags": tags})
    with stub:
        restoring.keep(stub.client, "titles", "new")
    stub.assert_no_pending_responses()


def test_the_verb_asks_makes_waits_and_writes_the_config(
    stub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text("config:\n  headend:regions:\n    eu-west-1: {}\n")
    outputs = {"region": "eu-west-1", "titles_table": "titles"}
    monkeypatch.setattr(restoring, "find", always(Cloud("prod", outputs, "", None)))
    monkeypatch.setattr(Cloud, "client", always(stub.client))
    monkeypatch.setattr(restoring.config, "path_of", always(path))
    monkeypatch.setattr(restoring, "keep", always(None))
    slept: list[float] = []
    monkeypatch.setattr(restoring.time, "sleep", slept.append)
    recovery = {
        "PointInTimeRecoveryStatus": "ENABLED",
        "EarliestRestorableDateTime": FIRST,
        "LatestRestorableDateTime": LAST,
    }
    backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
    target, asked = "titles-at-20261120T120000Z", {"SourceTableName": "titles"}
    stub.add_response("describe_continuous_backups", {"ContinuousBackupsDescription": backups}, {"TableName": "titles"})
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    wanted = {**asked, "TargetTableName": target, "RestoreDateTime": moment}
    stub.add_response("restore_table_to_point_in_time", {}, wanted)
    for status in ("CREATING", "ACTIVE"):
        stub.add_response("describe_table", {"Table": {"TableStatus": status}}, {"TableName": target})
    with stub:
        restoring.restore(at="2026-11-20T12:00Z", stack="prod", yes=True)
    stub.assert_no_pending_responses()
    assert slept == [restoring.POLL_SECONDS]
    assert path.read_text() == f"config:\n  headend:catalogueTable: {target}\n  headend:regions:\n    eu-west-1: {{}}\n"
    assert "then run pulumi up" in capsys.readouterr().err


def test_without_a_yes_nothing_is_made(stub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text("config:\n  headend:regions: {}\n")
    monkeypatch.setattr(restoring, "find", always(Cloud("prod", {"region": "x", "titles_table": "t"}, "", None)))
    monkeypatch.setattr(Cloud, "client", always(stub.client))
    monkeypatch.setattr(restoring.config, "path_of", always(path))
    monkeypatch.setattr(restoring, "window", always((FIRST, LAST)))
    with stub, pytest.raises(Refusal, match=r"There is no terminal for the answer\. Use --yes"):
        restoring.restore(stack="prod")
    assert path.read_text() == "config:\n  headend:regions: {}\n"
