"""The laptop's Step Functions: a workflow of functions, tables, jobs and messages runs as AWS's would."""

import json
import time
from typing import Any

import pytest

from tests.integration.aws_bench import INVOKE, STATES, Aws, unique
from tests.waiting import eventually

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
