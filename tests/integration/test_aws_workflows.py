"""The laptop's AWS, through its API: an upload runs a workflow of Lambda functions, tables, jobs and messages."""

import base64
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from local.processes import free_port
from tests.waiting import eventually

REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
STATES = "arn:aws:states:::"
INVOKE = f"{STATES}lambda:invoke"
_numbers = itertools.count(1)


def unique(name: str) -> str:
    """A name that no other test of this run uses."""
    return f"{name}-{next(_numbers)}"


@dataclass
class Aws:
    """One running server and clients of it."""

    process: subprocess.Popen[str]
    port: int
    run_dir: Path
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __getattr__(self, service: str) -> Any:
        """The client of a service, such as `aws.s3`."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                "lambda" if service == "functions" else service,
                region_name=REGION,
                endpoint_url=self.url,
                **KEYS,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.clients[service]

    def role(self) -> str:
        return self.iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def function(self, code: str, **options: Any) -> str:
        """A Lambda function whose handler is `handle` in `code`; its ARN."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("lambdas/probe/handler.py", code)
        arguments = {"FunctionName": unique("function"), "Runtime": "python3.11", "Role": self.role(), "Timeout": 20}
        arguments |= {"Handler": "lambdas.probe.handler.handle", "Code": {"ZipFile": data.getvalue()}, **options}
        return self.functions.create_function(**arguments)["FunctionArn"]

    def invoke(self, function: str, payload: Any = None) -> tuple[Any, str | None]:
        """What the function returned, and "Unhandled" where that is an error."""
        answer = self.functions.invoke(FunctionName=function, Payload=json.dumps(payload))
        return json.loads(answer["Payload"].read() or "null"), answer.get("FunctionError")

    def bucket(self, *, events: bool = False) -> str:
        name = unique("bucket")
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if events:
            configuration = {"EventBridgeConfiguration": {}}
            self.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
        return name

    def table(self) -> str:
        key = [{"AttributeName": "id", "KeyType": "HASH"}]
        attributes = [{"AttributeName": "id", "AttributeType": "S"}]
        name = unique("table")
        self.dynamodb.create_table(
            TableName=name, KeySchema=key, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
        return name

    def queue(self) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        url = self.sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def messages(self, url: str, count: int) -> list[dict[str, Any]]:
        """At least `count` messages, in any order. Fewer if they do not come in time."""
        found: list[dict[str, Any]] = []

        def receive() -> bool:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            found.extend(answer.get("Messages", []))
            return len(found) >= count

        eventually(receive)
        return found

    def rule(self, bucket: str, targets: list[dict[str, Any]], pattern: dict[str, Any] | None = None) -> str:
        """Make a rule for events of `bucket`. `pattern` is merged into the pattern's detail."""
        name = unique("rule")
        detail = {"bucket": {"name": [bucket]}, **(pattern or {})}
        self.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"], "detail": detail}))
        self.events.put_targets(Rule=name, Targets=[{"Id": str(n), **target} for n, target in enumerate(targets)])
        return name

    def machine(self, states: dict[str, Any]) -> str:
        """A state machine in JSONata that starts at the first of `states`; its ARN."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        return self.stepfunctions.create_state_machine(
            name=unique("machine"), roleArn=self.role(), definition=json.dumps(definition)
        )["stateMachineArn"]

    def ended(self, execution: str) -> dict[str, Any]:
        """The execution's description once it has ended."""

        def look() -> dict[str, Any] | None:
            found = self.stepfunctions.describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        return eventually(look, 120) or pytest.fail(f"{execution} does not end")

    def run(self, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
        """Run `states` on `given`. Returns the execution's description, with its `output` parsed."""
        arn = self.machine(states)
        started = self.stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
        end = self.ended(started["executionArn"])
        return end | ({"output": json.loads(end["output"])} if "output" in end else {})

    def output(self, states: dict[str, Any], given: Any = None) -> Any:
        """The output of `states` on `given`, which must succeed."""
        end = self.run(states, given)
        assert end["status"] == "SUCCEEDED", (end.get("error"), end.get("cause"))
        return end["output"]


def start(run_dir: Path) -> Aws:
    """Start a new server, with the stand-in for MediaConvert."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("aws_stand_in.py")), str(port), str(run_dir)]
    # Every client that reads this profile fails, since it does not exist.
    environment = {**os.environ, "AWS_PROFILE": "not-there", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    log = (run_dir / "server.log").open("w")
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout
    line = process.stdout.readline()
    assert line == "ready\n", (run_dir / "server.log").read_text()
    return Aws(process, port, run_dir)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    server = start(tmp_path_factory.mktemp("aws"))
    yield server
    server.process.terminate()
    assert server.process.wait(60) == 0
    assert eventually(lambda: not sandboxes(server))


# One workflow, from upload to message

MEASURE = """
class Throttled(Exception): pass
class SourceRefused(Exception): pass
calls = []
def handle(event, context):
    calls.append(event)
    if len(calls) == 1:
        raise Throttled("slow down")
    if event["size"] == 0:
        raise SourceRefused("the file is empty")
    return {"calls": len(calls), "duration": event["size"] / 2}
"""


def workflow(aws: Aws, table: str, topic: str) -> dict[str, Any]:
    """A workflow that claims a title, measures, encodes and marks it, and tells of it. It leaves a title alone that
    another execution claimed, and marks a refused one."""
    key = {"id": {"S": "{% $key %}"}}
    update = f"{STATES}dynamodb:updateItem"

    def mark(state: str, reason: str) -> dict[str, Any]:
        values = {":state": {"S": state}, ":reason": {"S": reason}, ":duration": {"N": "{% $string($duration) %}"}}
        arguments = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": "SET #state = :state, reason = :reason, #duration = :duration",
            "ExpressionAttributeNames": {"#state": "state", "#duration": "duration"},
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        }
        return {"Type": "Task", "Resource": update, "Arguments": arguments}

    claim = {
        "TableName": table,
        "Key": {"id": {"S": "{% $states.input.detail.object.key %}"}},
        "UpdateExpression": "SET execution = :me",
        "ConditionExpression": "attribute_not_exists(execution)",
        "ExpressionAttributeValues": {":me": {"S": "{% $states.context.Execution.Id %}"}},
    }
    measure = {
        "FunctionName": aws.function(MEASURE),
        "Payload": "{% {'size': $states.input.detail.object.size} %}",
    }
    refused = {
        "ErrorEquals": ["SourceRefused"],
        "Assign": {"reason": "{% $parse($states.errorOutput.Cause).errorMessage %}", "duration": 0},
        "Next": "Reject",
    }
    job = {"Role": aws.role(), "Settings": {}, "UserMetadata": {"title": "{% $key %}"}}
    return {
        "Claim": {
            "Type": "Task",
            "Resource": update,
            "Arguments": claim,
            "Assign": {"key": "{% $states.input.detail.object.key %}"},
            "Output": "{% $states.input %}",
            "Catch": [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Known"}],
            "Next": "Measure",
        },
        "Measure": {
            "Type": "Task",
            "Resource": INVOKE,
            "Arguments": measure,
            "Retry": [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 2}],
            "Catch": [refused],
            "Assign": {"duration": "{% $states.result.Payload.duration %}"},
            "Next": "Long enough",
        },
        "Long enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $duration >= 1 %}", "Next": "Encode"}],
            "Default": "Too short",
        },
        "Too short": {"Type": "Pass", "Assign": {"reason": "too short"}, "Next": "Reject"},
        "Encode": {
            "Type": "Task",
            "Resource": f"{STATES}mediaconvert:createJob.sync",
            "Arguments": job,
            "TimeoutSeconds": 20,
            "Next": "Publish",
        },
        "Publish": {**mark("PUBLISHED", ""), "Next": "Announce"},
        "Announce": {
            "Type": "Task",
            "Resource": f"{STATES}sns:publish",
            "Arguments": {"TopicArn": topic, "Message": {"title": "{% $key %}", "duration": "{% $duration %}"}},
            "End": True,
        },
        "Reject": {**mark("REJECTED", "{% $reason %}"), "End": True},
        "Known": {"Type": "Succeed", "Output": "known"},
    }


def test_an_upload_runs_the_workflow_once(aws: Aws) -> None:
    bucket, table, (queue, queue_arn) = aws.bucket(events=True), aws.table(), aws.queue()
    topic = aws.sns.create_topic(Name=unique("topic"))["TopicArn"]
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    machine = aws.machine(workflow(aws, table, topic))
    aws.rule(bucket, [{"Arn": machine, "RoleArn": aws.role()}])

    def upload(key: str, body: bytes) -> dict[str, Any]:
        known = {execution["executionArn"] for execution in executions()}
        aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return aws.ended(eventually(lambda: {found["executionArn"] for found in executions()} - known).pop())

    def executions() -> list[dict[str, Any]]:
        return aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"]

    def row(key: str) -> dict[str, Any]:
        item = aws.dynamodb.get_item(TableName=table, Key={"id": {"S": key}})["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    end = upload("films/Ünï + 1.mp4", b"12345")
    assert end["status"] == "SUCCEEDED", end
    published = row("films/Ünï + 1.mp4")
    assert (published["state"], published["duration"]) == ("PUBLISHED", "2.5")
    assert published["execution"] == end["executionArn"]
    (message,) = aws.messages(queue, 1)
    assert json.loads(json.loads(message["Body"])["Message"]) == {"title": "films/Ünï + 1.mp4", "duration": 2.5}

    assert json.loads(upload("films/Ünï + 1.mp4", b"12345")["output"]) == "known"
    assert row("films/Ünï + 1.mp4") == published

    upload("empty.mp4", b"")
    rejected = row("empty.mp4")
    assert (rejected["state"], rejected["reason"]) == ("REJECTED", "the file is empty")

    upload("short.mp4", b"1")
    assert row("short.mp4")["reason"] == "too short"


# Jobs


def encode(aws: Aws, title: str, **state: Any) -> dict[str, Any]:
    job = {"Role": aws.role(), "Settings": {}, "UserMetadata": {"title": title}}
    task = {"Type": "Task", "Resource": f"{STATES}mediaconvert:createJob.sync", "Arguments": job, "End": True, **state}
    return aws.run({"Encode": task})


def test_the_wait_for_a_job_gives_the_job(aws: Aws) -> None:
    job = encode(aws, "film")["output"]["Job"]
    assert (job["Status"], job["UserMetadata"]) == ("COMPLETE", {"title": "film"})
    assert job["CreatedAt"].endswith("Z")


def test_a_failed_job_fails_the_task_and_tells_the_encoders_code(aws: Aws) -> None:
    end = encode(aws, "broken")
    assert (end["status"], end["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(end["cause"])
    assert (cause["Status"], cause["ErrorCode"], cause["ErrorMessage"]) == ("ERROR", 1010, "cannot open")


def test_a_failed_job_can_be_caught(aws: Aws) -> None:
    code = "{% $parse($states.errorOutput.Cause).ErrorCode %}"
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Output": code, "Next": "Failed"}]
    job = {"Role": aws.role(), "Settings": {}, "UserMetadata": {"title": "broken"}}
    task = {"Type": "Task", "Resource": f"{STATES}mediaconvert:createJob.sync", "Arguments": job, "End": True}
    assert aws.output({"Encode": {**task, "Catch": catch}, "Failed": {"Type": "Succeed"}}) == 1010


def test_a_job_that_does_not_end_times_out(aws: Aws) -> None:
    end = encode(aws, "endless", TimeoutSeconds=1)
    assert (end["status"], end["error"]) == ("FAILED", "States.Timeout")
    assert (end["stopDate"] - end["startDate"]).total_seconds() < 10


def test_a_job_that_is_not_accepted_fails_with_the_services_error(aws: Aws) -> None:
    end = encode(aws, "refused")
    assert (end["error"], "no such role" in end["cause"]) == ("MediaConvert.BadRequestException", True)


def test_a_misspelt_argument_fails_the_task(aws: Aws) -> None:
    end = encode(aws, "film", Arguments={"Role": "r", "Settings": {"Inptus": []}, "UserMetadata": {"title": "film"}})
    assert (end["error"], "Inptus" in end["cause"]) == ("States.Runtime", True)


# The language


def test_output_sees_variables_as_the_state_was_entered(aws: Aws) -> None:
    seen = aws.output(
        {
            "First": {"Type": "Pass", "Assign": {"n": 1}, "Next": "Second"},
            "Second": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "Third"},
            "Third": {"Type": "Pass", "Output": "{% [$states.input, $n] %}", "End": True},
        }
    )
    assert seen == [1, 2]


@pytest.mark.parametrize("expression", ["$states.result", "$states.errorOutput", "$states.input.nowhere", "$nobody"])
def test_what_does_not_exist_fails_the_state(aws: Aws, expression: str) -> None:
    arguments = {"FunctionName": "any", "Payload": f"{{% {expression} %}}"}
    end = aws.run({"Call": {"Type": "Task", "Resource": INVOKE, "Arguments": arguments, "End": True}})
    assert (end["error"], expression in end["cause"]) == ("States.QueryEvaluationError", True)


def test_a_failed_expression_can_be_caught_in_every_kind_of_task(aws: Aws) -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "caught", "Next": "Caught"}]
    for resource in (
        "dynamodb:getItem",
        "lambda:invoke",
        "sns:publish",
        "aws-sdk:s3:getObject",
        "mediaconvert:createJob",
    ):
        arguments = {"Key": "{% $states.input.nowhere %}"}
        task = {"Type": "Task", "Resource": STATES + resource, "Arguments": arguments, "Catch": catch, "End": True}
        assert aws.output({"Task": task, "Caught": {"Type": "Succeed"}}) == "caught", resource


def test_the_context_is_as_on_aws(aws: Aws) -> None:
    context = aws.output({"Look": {"Type": "Pass", "Output": "{% $states.context %}", "End": True}}, {"a": 1})
    for moment in (context["Execution"]["StartTime"], context["State"]["EnteredTime"]):
        assert time.strptime(moment.partition(".")[0], "%Y-%m-%dT%H:%M:%S")
        assert len(moment) == len("2026-11-22T13:44:21.161Z")
    assert (context["Execution"]["Input"], context["State"]["Name"]) == ({"a": 1}, "Look")
    assert context["Execution"]["Id"].endswith(":" + context["Execution"]["Name"])


def test_a_success_after_a_failed_attempt_has_its_result(aws: Aws) -> None:
    flaky = aws.function(
        "calls = []\nclass Throttled(Exception): pass\ndef handle(event, context):\n"
        "    calls.append(1)\n    if len(calls) == 1: raise Throttled('slow down')\n    return len(calls)\n"
    )
    task = {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": flaky},
        "Retry": [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Output": "{% [$states.result.Payload, $states.context.State.RetryCount] %}",
        "End": True,
    }
    assert aws.output({"Call": task}) == [2, 1]


def test_choice_wait_map_and_fail(aws: Aws) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input.rungs %}",
            "ItemSelector": {"rung": "{% $states.context.Map.Item.Value %}"},
            "ItemProcessor": {
                "StartAt": "Name",
                "States": {"Name": {"Type": "Pass", "Output": "{% $string($states.input.rung) & 'p' %}", "End": True}},
            },
            "Assign": {"names": "{% $states.result %}"},
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $count($names) > 1 %}", "Output": "{% $names %}", "Next": "Pause"}],
            "Default": "Too few",
        },
        "Pause": {"Type": "Wait", "Seconds": "{% 0 %}", "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Too few": {"Type": "Fail", "Error": "{% 'TooFew' %}", "Cause": "{% 'only ' & $names[0] %}"},
    }
    assert aws.output(states, {"rungs": [360, 720]}) == ["360p", "720p"]
    end = aws.run(states, {"rungs": [360]})
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "TooFew", "only 360p")


@pytest.mark.parametrize(("code", "verdict"), [(1010, "REJECTED"), (7, "FAILED")])
def test_a_choice_assigns_by_the_rule_or_by_default_though_both_lead_on_alike(
    aws: Aws, code: int, verdict: str
) -> None:
    theirs = {"Condition": "{% $states.input.code = 1010 %}", "Assign": {"verdict": "REJECTED"}, "Next": "Mark"}
    whose = {"Type": "Choice", "Choices": [theirs], "Assign": {"verdict": "FAILED"}, "Default": "Mark"}
    mark = {"Type": "Succeed", "Output": "{% $verdict %}"}
    assert aws.output({"Whose fault?": whose, "Mark": mark}, {"code": code}) == verdict


def test_services_are_called_with_objects_and_answer_in_json(aws: Aws) -> None:
    bucket = aws.bucket()
    child = aws.machine({"Done": {"Type": "Succeed"}})
    put = {"Bucket": bucket, "Key": "fill.json", "Body": {"keys": ["v/00/film"]}}
    listed = aws.output(
        {
            "Put": {"Type": "Task", "Resource": f"{STATES}aws-sdk:s3:putObject", "Arguments": put, "Next": "Start"},
            "Start": {
                "Type": "Task",
                "Resource": f"{STATES}states:startExecution",
                "Arguments": {"StateMachineArn": child, "Input": {"title": "film"}},
                "Assign": {"child": "{% $states.result.ExecutionArn %}"},
                "Next": "List",
            },
            "List": {
                "Type": "Task",
                "Resource": f"{STATES}aws-sdk:s3:listObjectsV2",
                "Arguments": {"Bucket": bucket},
                "Output": {"listed": "{% $states.result %}", "child": "{% $child %}"},
                "End": True,
            },
        }
    )
    (content,) = listed["listed"]["Contents"]
    assert content["Key"] == "fill.json"
    assert content["LastModified"].endswith("Z")
    assert aws.s3.get_object(Bucket=bucket, Key="fill.json")["Body"].read() == b'{"keys":["v/00/film"]}'
    assert json.loads(aws.ended(listed["child"])["output"]) == {"title": "film"}


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        ("aws-sdk:s3:getObject", {"Bucket": "no-such-bucket", "Key": "k"}, "S3.NoSuchBucketException"),
        ("aws-sdk:sns:getTopicAttributes", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:none"}, "Sns."),
        ("lambda:invoke", {"FunctionName": "none"}, "Lambda.ResourceNotFoundException"),
        ("dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "a"}}}, "DynamoDB.ResourceNotFoundException"),
        ("dynamodb:getItem", {"TableName": "none", "Key": {"id": {"N": 1}}}, "States.Runtime"),
        ("dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "a"}}, "Colour": "red"}, "States.Runtime"),
    ],
)
def test_errors_have_awss_names(aws: Aws, resource: str, arguments: dict[str, Any], error: str) -> None:
    end = aws.run({"Call": {"Type": "Task", "Resource": STATES + resource, "Arguments": arguments, "End": True}})
    assert end["error"].startswith(error), end["cause"]


def test_an_update_returns_the_row(aws: Aws) -> None:
    arguments = {
        "TableName": aws.table(),
        "Key": {"id": {"S": "film"}},
        "UpdateExpression": "SET #state = if_not_exists(live, :new), rungs = :rungs",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {
            ":new": {"S": "PROCESSING"},
            ":rungs": {"L": "{% [$map($states.input.rungs, function($rung) { {'S': $rung} })] %}"},
        },
        "ReturnValues": "ALL_NEW",
    }
    task = {"Type": "Task", "Resource": f"{STATES}dynamodb:updateItem", "Arguments": arguments, "End": True}
    row = aws.output({"Update": task}, {"rungs": ["720p"]})["Attributes"]
    assert row == {"id": {"S": "film"}, "state": {"S": "PROCESSING"}, "rungs": {"L": [{"S": "720p"}]}}


# S3's events


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


# Reading without a signature, as cache nodes do


def test_an_unsigned_read_needs_a_grant(aws: Aws) -> None:
    bucket, body = aws.bucket(), bytes(range(256)) * 16
    for key in ("v/0a/film/a b+ü.cmfv", "private.mp4"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="video/mp4")
    url = f"{aws.url}/{bucket}/v/0a/film/a%20b%2B%C3%BC.cmfv"
    assert requests.get(url, timeout=60).status_code == 403

    arn = f"arn:aws:s3:::{bucket}"
    network = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{arn}/*", "Condition": plain_http},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/v/*", "Condition": network},
    ]
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    whole = requests.get(url, timeout=60)
    assert (whole.status_code, whole.content, whole.headers["Content-Type"]) == (200, body, "video/mp4")
    assert "Access-Control-Allow-Origin" not in whole.headers
    head = requests.head(url, timeout=60)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(body)))
    part = requests.get(url, headers={"Range": "bytes=1000-1999"}, timeout=60)
    assert (part.status_code, part.content) == (206, body[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(body)}"
    assert requests.get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=60).status_code == 304
    assert requests.get(url, headers={"Range": "bytes=9999-"}, timeout=60).status_code == 416
    # S3's own host name instead of the bucket in the path.
    hosted = {"Host": f"{bucket}.s3.{REGION}.amazonaws.com"}
    assert requests.get(url.replace(f"/{bucket}", ""), headers=hosted, timeout=60).content == body

    # moto's own paths are keys of the bucket here, too.
    for path in ("/moto-api/data.json", "/moto-api/", "/latest/meta-data/iam/security-credentials/", "/favicon.ico"):
        assert requests.get(f"{aws.url}{path}", headers=hosted, timeout=60).status_code in (403, 404), path

    for absent in ("private.mp4", "v/0a/film/missing.cmfv"):
        assert requests.get(f"{aws.url}/{bucket}/{absent}", timeout=60).status_code == 403, absent
    assert requests.put(url, data=b"", timeout=60).status_code == 403
    assert aws.s3.get_object(Bucket=bucket, Key="private.mp4")["Body"].read() == body

    statements.append({"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": arn})
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert requests.get(f"{aws.url}/{bucket}/v/0a/film/missing.cmfv", timeout=60).status_code == 404


# Lambda


def test_a_handler_finds_what_it_has_on_aws(aws: Aws) -> None:
    code = (
        "import os, boto3\ndef handle(event, context):\n    left = context.get_remaining_time_in_millis()\n"
        "    names = boto3.client('s3').list_buckets()['Buckets']\n"
        "    return {'event': event, 'name': context.function_name, 'left': left,\n"
        "            'region': os.environ['AWS_REGION'], 'own': os.environ['OWN'],\n"
        "            'profile': 'AWS_PROFILE' in os.environ,\n"
        "            'arn': context.invoked_function_arn, 'buckets': len(names)}\n"
    )
    arn = aws.function(code, Environment={"Variables": {"OWN": "setting"}})
    aws.bucket()
    found, error = aws.invoke(arn, {"a": ["ü"]})
    assert error is None
    assert found["event"] == {"a": ["ü"]}
    assert (found["region"], found["own"], found["profile"], found["arn"]) == (REGION, "setting", False, arn)
    assert found["name"] == arn.rpartition(":")[2]
    assert found["buckets"] >= 1
    assert 10_000 < found["left"] <= 20_000


def test_a_sandbox_is_kept_warm_until_code_or_configuration_change(aws: Aws) -> None:
    arn = aws.function("calls = []\ndef handle(event, context):\n    calls.append(1)\n    return len(calls)\n")
    assert [aws.invoke(arn)[0] for _ in range(3)] == [1, 2, 3]
    aws.functions.update_function_configuration(FunctionName=arn, Environment={"Variables": {"A": "b"}})
    assert aws.invoke(arn)[0] == 1


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (
            "class SourceRefused(Exception): pass\ndef handle(e, c): raise SourceRefused('no sound')",
            "SourceRefused",
            "no sound",
        ),
        ("import time\ndef handle(e, c): time.sleep(30)", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("import os\ndef handle(e, c): os._exit(3)", "Runtime.ExitError", "exit status 3"),
        ("import pydantic\ndef handle(e, c): pass", "Runtime.ImportModuleError", "No module named 'pydantic'"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound", "handle"),
        ("def handle(e, c): return object()", "Runtime.MarshalError", "not JSON serializable"),
    ],
)
def test_a_failure_is_reported_as_lambda_reports_it(aws: Aws, code: str, kind: str, message: str) -> None:
    arn = aws.function(code, Timeout=1 if kind == "Sandbox.Timedout" else 20)
    for _ in range(2):  # and the next invocation gets a working sandbox
        answer, error = aws.invoke(arn)
        assert (answer["errorType"], error) == (kind, "Unhandled"), answer
        assert message in answer["errorMessage"]


def test_what_a_handler_prints_is_logged(aws: Aws) -> None:
    arn = aws.function(
        "import logging, sys\ndef handle(event, context):\n    print('printed')\n    sys.stderr.write('written\\n')\n"
        "    logging.getLogger().warning('warned')\n    raise ValueError('a\\nb')\n"
    )
    tail = aws.functions.invoke(FunctionName=arn, LogType="Tail")["LogResult"]
    name = arn.rpartition(":")[2]
    group = f"/aws/lambda/{name}"
    kept = [event["message"] for event in aws.logs.filter_log_events(logGroupName=group)["events"]]
    file = (aws.run_dir / "logs" / f"lambda-{name}.log").read_text()
    for text in (base64.b64decode(tail).decode(), "\n".join(kept), file):
        for expected in ("START RequestId", "printed", "written", "warned", "[ERROR] ValueError: a", "END RequestId"):
            assert expected in text


def test_sandboxes_have_a_limit(aws: Aws) -> None:
    arns = [aws.function("def handle(event, context):\n    return 1\n") for _ in range(10)]
    assert [aws.invoke(arn)[0] for arn in arns] == [1] * 10
    assert eventually(lambda: len(sandboxes(aws)) <= 8)


# The server


def sandboxes(aws: Aws) -> list[int]:
    """Process ids of the Lambda sandboxes of this server, by its run directory."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, folder = (process / "cmdline").read_text(), str((process / "cwd").readlink())
        except OSError:
            continue
        if "sandbox.py" in command and folder.startswith(str(aws.run_dir)):
            found.append(int(process.name))
    return found


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("stepfunctions", "validate_state_machine_definition", {"definition": "{}"}),
        ("sns", "list_origination_numbers", {}),
        ("ec2", "describe_fpga_images", {}),
        ("outposts", "list_outposts", {}),
    ],
)
def test_what_is_missing_is_refused_and_not_worth_a_retry(
    aws: Aws, service: str, call: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(getattr(aws, service), call)(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_server(tmp_path: Path, number: signal.Signals) -> None:
    server = start(tmp_path)
    try:
        server.invoke(server.function("def handle(event, context):\n    return 1\n"))
        busy = server.function("import time\ndef handle(event, context):\n    time.sleep(60)\n", Timeout=60)
        server.functions.invoke(FunctionName=busy, InvocationType="Event")
        assert eventually(lambda: len(sandboxes(server)) == 2)
        time.sleep(0.5)  # the second is in its handler
        server.process.send_signal(number)
        assert server.process.wait(60) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert eventually(lambda: not sandboxes(server))
    finally:
        server.process.kill()
