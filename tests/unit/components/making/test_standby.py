"""A second home: what it adds to a live stack, and that a stack in its region can take over all that was copied."""

import json
import re
from typing import Any

import pytest
import yaml

from components.making.standby import Standby
from local.engine import Deployment, run_program
from planner.bill import Month, bill, shape
from tests.declared import ROOT, documents, listed, refusal, statements, whole, with_standby

HOME, STANDBY = "us-east-1", "eu-west-1"
BUCKET, TABLE, COPY = "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:dynamodb/tableReplica:TableReplica"
RULES = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def test_the_runbook_reads_every_field_of_the_output() -> None:
    runbook = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert {*re.findall(r"jq -r \.(\w+) standby\.json", runbook)} == with_standby().exports["standby"].keys()


@pytest.fixture(scope="module")
def moved() -> Deployment:
    """The stack that takes over, with the config that docs/operating.md tells to write."""
    written = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    left = with_standby().exports["standby"]
    config: dict[str, Any] = {
        "aws:region": left["region"],
        "regions": {STANDBY: written["headend:regions"][STANDBY]},
        "catalogueTable": left["table"],
        "inherited": {"uploads": left["uploads"], "media": left["media"]},
    }
    return run_program(ROOT, stack="prod", config=config)


def test_home_itself_is_no_second_home() -> None:
    said = refusal(Standby, "standby", {"home": HOME, "region": HOME})
    assert said == "Standby 'standby': region must not be home, got us-east-1"


def test_on_a_live_stack_it_only_adds_and_gives_the_catalogue_a_stream() -> None:
    before, after = ({item.urn: item for item in done.registrations} for done in (whole("prod"), with_standby()))
    assert before.keys() < after.keys()
    changed = {
        (item.name, key)
        for urn, item in before.items()
        for key in {*item.inputs, *after[urn].inputs}
        if item.inputs.get(key) != after[urn].inputs.get(key)
    }
    assert changed == {("catalogue-titles", "streamEnabled"), ("catalogue-titles", "streamViewType")}
    assert with_standby().one(TABLE).inputs["streamViewType"] == "NEW_AND_OLD_IMAGES"


def test_every_upload_and_every_row_has_a_copy_there() -> None:
    done = with_standby()
    uploads, copy = (done.one(BUCKET, f"{name}-uploads-bucket").outputs["arn"] for name in ("content", "standby"))
    rules = done.one(RULES, "standby-replication-rules")
    assert rules.inputs["bucket"] == uploads.rpartition(":")[2]
    [rule] = rules.inputs["rules"]
    assert (rule["destination"]["bucket"], rule["filter"], rule["status"]) == (copy, {"prefix": ""}, "Enabled")
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"}, "a film that is taken down stays down"
    table = done.one(COPY)
    assert (table.region, table.inputs["globalTableArn"]) == (STANDBY, done.one(TABLE).outputs["arn"])
    assert table.inputs["pointInTimeRecovery"] is True


def test_the_copies_are_kept_as_well_as_what_they_are_copies_of() -> None:
    done = with_standby()
    settings = ("public-access", "ownership", "encryption", "versioning", "lifecycle")
    own, copy = (
        {item.name.removeprefix(stem): item for item in done.registrations if item.name.startswith(stem)}
        for stem in ("content-uploads-", "standby-uploads-")
    )
    for name in settings:
        assert {**own[name].inputs, "bucket": "", "region": ""} == {**copy[name].inputs, "bucket": "", "region": ""}
    assert (own["bucket"].options["protect"], copy["bucket"].options["protect"]) == (True, True)
    assert "s3:DeleteObjectVersion" in copy["access-policy"].inputs["policy"]
    assert done.one(COPY).options["protect"] is True
    assert done.one(COPY).inputs["deletionProtectionEnabled"] is True


def test_the_role_reads_the_uploads_and_writes_their_copy_and_nothing_else() -> None:
    done = with_standby()
    uploads, copy = (done.one(BUCKET, f"{name}-uploads-bucket").outputs["arn"] for name in ("content", "standby"))
    policy = done.one("aws:iam/rolePolicy:RolePolicy", "standby-replication-policy").inputs["policy"]
    for statement in statements(policy):
        writes = any("Replicate" in action for action in statement["Action"])
        assert {arn.removesuffix("/*") for arn in listed(statement["Resource"])} == {copy if writes else uploads}


def test_copies_that_fail_or_are_late_ring() -> None:
    alarms = {
        item.name.removeprefix("operations-"): item.inputs
        for item in with_standby().of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if "standby" in item.name
    }
    assert {name: (alarm["namespace"], alarm["metricName"], alarm["region"]) for name, alarm in alarms.items()} == {
        "standby-failed": ("AWS/S3", "OperationsFailedReplication", HOME),
        "standby-late": ("AWS/S3", "ReplicationLatency", STANDBY),
        "standby-catalogue": ("AWS/DynamoDB", "ReplicationLatency", HOME),
    }
    done = with_standby()
    names = {name: done.one(BUCKET, f"{name}-uploads-bucket").outputs["bucket"] for name in ("content", "standby")}
    for name in ("standby-failed", "standby-late"):
        assert alarms[name]["dimensions"] == {
            "SourceBucket": names["content"], "DestinationBucket": names["standby"], "RuleId": STANDBY,
        }  # fmt: skip
    table = done.one(TABLE).outputs["name"]
    assert alarms["standby-catalogue"]["dimensions"] == {"TableName": table, "ReceivingRegion": STANDBY}


def test_a_restored_catalogue_is_copied_too_and_its_copy_can_leave_with_it() -> None:
    done = run_program(ROOT, stack="prod", config={"standbyHome": STANDBY, "catalogueTable": "titles-at-noon"})
    copies = {item.name: item for item in done.of_type(COPY)}
    assert copies["standby-restored"].inputs["globalTableArn"].endswith(":table/titles-at-noon")
    assert copies["standby-restored"].options.get("protect", False) is False
    assert copies["standby-restored"].inputs["deletionProtectionEnabled"] is False
    own = with_standby().one(COPY, "standby-catalogue")
    assert (copies["standby-catalogue"].urn, copies["standby-catalogue"].inputs) == (own.urn, own.inputs)


def test_the_bill_has_the_copies() -> None:
    month = Month("", "prod", {}, 0, 100, 1000)
    without, with_it = bill(shape(whole("prod")), month), bill(shape(with_standby()), month)
    more = {line: round(with_it[line] - without[line], 2) for line in with_it if with_it[line] != without[line]}
    # Sources of 10 GB an hour at $0.023 a month, and $0.02 to bring them over; three alarms.
    assert more == {
        "Storage, sources and renditions": 230.0,
        "Replication": 20.0,
        "Alarms, keys, edge metrics": 0.3,
    }


def test_who_takes_over_makes_no_bucket_for_films_and_deletes_none(moved: Deployment) -> None:
    left = with_standby().exports["standby"]
    for name, bucket in (("uploads", left["uploads"]), ("media", left["media"])):
        found = moved.one(BUCKET, f"content-{name}-inherited")
        assert (found.read, found.id) == (True, bucket)
    made = {item.name for item in moved.of_type(BUCKET) if not item.read}
    assert made == {"logs-eu-west-1-bucket", "site-bucket"}
    assert moved.exports["titles_table"] == left["table"]


def test_who_takes_over_gives_the_buckets_what_a_home_needs(moved: Deployment) -> None:
    left = with_standby().exports["standby"]
    [announced] = moved.of_type("aws:s3/bucketNotification:BucketNotification")
    assert (announced.inputs["bucket"], announced.inputs["eventbridge"]) == (left["uploads"], True)
    policies = {item.inputs["bucket"]: item.inputs["policy"] for item in
                moved.of_type("aws:s3/bucketPolicy:BucketPolicy")}  # fmt: skip
    assert moved.one("aws:cloudfront/distribution:Distribution").outputs["arn"] in policies[left["media"]]
    assert "s3:DeleteObjectVersion" in policies[left["uploads"]]


def test_nothing_of_who_takes_over_needs_the_lost_home(moved: Deployment) -> None:
    lost = {
        item.outputs["bucket"]
        for item in with_standby().of_type(BUCKET)
        if item.region == HOME and item.name.startswith(("content", "logs"))
    }
    assert len(lost) == 3
    for item in moved.registrations:
        assert not [name for name in lost if name in json.dumps(item.inputs, default=str)], item.name
    for item, document in documents(moved):
        assert f":{HOME}:" not in document or item.region == HOME or "logs" in item.name, item.name
    # CloudFront's own metrics, logs and mails are there, wherever home is.
    there = {item.type for item in moved.registrations if item.custom and item.region == HOME}
    assert not there & {BUCKET, TABLE, "aws:lambda/function:Function", "aws:sfn/stateMachine:StateMachine"}
