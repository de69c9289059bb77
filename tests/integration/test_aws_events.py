"""The laptop's EventBridge: what S3 and Step Functions tell, and what a rule does with it."""

import json
from typing import Any

import pytest

from tests.integration.aws_bench import REGION, STATES, Aws, unique
from tests.waiting import eventually


def test_one_upload_is_one_event_however_it_is_sent(aws: Aws) -> None:
    bucket, (url, arn) = aws.bucket(events=True), aws.queue()
    assert "EventBridgeConfiguration" in aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "EventBridgeConfiguration" not in aws.s3.get_bucket_notification_configuration(Bucket=aws.bucket())
    aws.rule(bucket, [{"Arn": arn}])
    aws.s3.put_object(Bucket=bucket, Key="a.mp4", Body=b"12345")
    upload = {"Bucket": bucket, "Key": "b.mp4", "UploadId": ""}
    upload["UploadId"] = aws.s3.create_multipart_upload(Bucket=bucket, Key="b.mp4", Tagging="a=b")["UploadId"]
    body = bytes(range(256)) * 20_480
    tag = aws.s3.upload_part(**upload, PartNumber=1, Body=body)["ETag"]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    aws.s3.copy_object(Bucket=bucket, Key="c.mp4", CopySource={"Bucket": bucket, "Key": "a.mp4"})
    aws.s3.delete_object(Bucket=bucket, Key="c.mp4")

    details = [json.loads(message["Body"])["detail"] for message in aws.messages(url, 4)]
    assert aws.messages(url, 0) == []
    details.sort(key=lambda detail: detail["object"]["sequencer"])
    assert [(detail["object"]["key"], detail["reason"]) for detail in details] == [
        ("a.mp4", "PutObject"),
        ("b.mp4", "CompleteMultipartUpload"),
        ("c.mp4", "CopyObject"),
        ("c.mp4", "DeleteObject"),
    ]
    assert details[1]["object"]["size"] == 5_242_880
    assert details[1]["object"]["etag"].endswith("-1")
    assert aws.s3.get_object(Bucket=bucket, Key="b.mp4")["Body"].read() == body
    part = aws.s3.get_object(Bucket=bucket, Key="b.mp4", Range="bytes=5000000-")
    assert part["Body"].read() == body[5_000_000:]


@pytest.mark.parametrize(
    ("keys", "matching"),
    [
        ([{"prefix": "films/"}], {"films/a.mp4", "films/b.txt"}),
        ([{"suffix": ".mp4"}], {"films/a.mp4", "c.mp4"}),
        ([{"wildcard": "f*/*.mp4"}], {"films/a.mp4"}),
        ([{"anything-but": {"suffix": ".txt"}}], {"films/a.mp4", "c.mp4"}),
        ([{"anything-but": ["c.mp4"]}], {"films/a.mp4", "films/b.txt"}),
    ],
)
def test_a_rule_chooses_by_key(aws: Aws, keys: list[Any], matching: set[str]) -> None:
    bucket, (url, arn) = aws.bucket(events=True), aws.queue()
    aws.rule(bucket, [{"Arn": arn}], {"object": {"key": keys}})
    for key in ("films/a.mp4", "films/b.txt", "c.mp4"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    events = [json.loads(message["Body"]) for message in aws.messages(url, len(matching))]
    assert {event["detail"]["object"]["key"] for event in events} == matching


def test_a_disabled_rule_sends_nothing(aws: Aws) -> None:
    bucket, (off, off_arn), (on, on_arn) = aws.bucket(events=True), aws.queue(), aws.queue()
    aws.events.disable_rule(Name=aws.rule(bucket, [{"Arn": off_arn}]))
    aws.rule(bucket, [{"Arn": on_arn}])
    aws.s3.put_object(Bucket=bucket, Key="a.mp4", Body=b"1")
    assert len(aws.messages(on, 1)) == 1
    assert aws.messages(off, 0) == []


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(aws: Aws) -> None:
    bucket, (url, arn) = aws.bucket(events=True), aws.queue()
    nobody = f"arn:aws:states:{REGION}:123456789012:stateMachine:nobody"
    rule = aws.rule(bucket, [{"Arn": nobody, "RoleArn": aws.role(), "DeadLetterConfig": {"Arn": arn}}])
    aws.s3.put_object(Bucket=bucket, Key="a.mp4", Body=b"1")
    (message,) = aws.messages(url, 1)
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "a.mp4"
    facts = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (facts["TARGET_ARN"], facts["ERROR_CODE"]) == (nobody, "StateMachineDoesNotExist")
    assert facts["RULE_ARN"].endswith(rule)


def test_an_event_of_a_workflow_starts_another(aws: Aws) -> None:
    source = unique("headend")
    machine = aws.machine({"Done": {"Type": "Succeed", "Output": "{% $states.input.detail %}"}})
    rule = unique("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": machine, "RoleArn": aws.role()}])
    entry = {"Source": source, "DetailType": "Title Published", "Detail": {"id": "{% $states.input.id %}"}}
    tell = {"Type": "Task", "Resource": f"{STATES}aws-sdk:eventbridge:putEvents", "Arguments": {"Entries": [entry]}}
    assert aws.output({"Tell": {**tell, "End": True}}, {"id": "film"})["FailedEntryCount"] == 0
    (started,) = eventually(lambda: aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"])
    assert json.loads(aws.ended(started["executionArn"])["output"]) == {"id": "film"}


@pytest.mark.parametrize("how", ["ABORTED", "FAILED", "SUCCEEDED"])
def test_a_function_hears_how_an_execution_ended(aws: Aws, how: str) -> None:
    url, _ = aws.queue()
    code = (
        "import json, boto3\n"
        "def handle(event, _):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
    )
    ends = {
        "ABORTED": {"Type": "Wait", "Seconds": 60, "End": True},
        "FAILED": {"Type": "Fail", "Error": "Broken"},
        "SUCCEEDED": {"Type": "Succeed"},
    }
    machine, rule = aws.machine({"First": ends[how]}), unique("rule")
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": [how]}}
    aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": aws.function(code)}])
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine, input='{"film": 1}')["executionArn"]
    if how == "ABORTED":
        aws.stepfunctions.stop_execution(executionArn=execution)
    (message,) = aws.messages(url, 1)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    told = {name: event["detail"][name] for name in ("executionArn", "status")}
    assert told == {"executionArn": execution, "status": how}
    assert json.loads(event["detail"]["input"]) == {"film": 1}


def test_the_job_of_an_execution_that_is_stopped_is_cancelled(aws: Aws) -> None:
    """As on AWS, where Step Functions tries to."""
    job = {"Role": aws.role(), "Settings": {}, "UserMetadata": {"title": "endless"}}
    machine = aws.machine(
        {"Encode": {"Type": "Task", "Resource": f"{STATES}mediaconvert:createJob.sync", "Arguments": job, "End": True}}
    )
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def submitted() -> Any:
        events = aws.stepfunctions.get_execution_history(executionArn=execution)["events"]
        return [event for event in events if event["type"] == "TaskSubmitted"]

    [event] = eventually(submitted)
    made = json.loads(event["taskSubmittedEventDetails"]["output"])["Job"]["Id"]
    aws.stepfunctions.stop_execution(executionArn=execution)
    assert eventually(lambda: aws.mediaconvert.get_job(Id=made)["Job"]["Status"] == "CANCELED")
