"""For tests of the laptop's AWS: a running server, with clients, and what most tests make in it."""

import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

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
