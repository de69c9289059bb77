"""The unmodified program, deployed to the laptop's AWS: the records that the rest of the laptop cloud needs."""

import base64
import hashlib
import io
import ipaddress
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.edge.player_site import site_files
from local.clients import client
from local.engine import Deployment, run_program
from local.processes import free_port
from local.resources import Realiser
from local.resources.functions import zipped

PROJECT = Path(__file__).parents[2]
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@dataclass(frozen=True)
class Deployed:
    """The stack `local`, and the AWS that it is in."""

    endpoint: str
    deployment: Deployment

    def client(self, service: str) -> Any:
        """A boto3 client of that AWS."""
        return client(service, "us-east-1", self.endpoint)

    def id(self, type_: str, name: str | None = None) -> str:
        """The id of the only resource of a type, or of the one with this name."""
        return self.deployment.one(type_, name).id


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    run_dir, port = tmp_path_factory.mktemp("aws"), free_port()
    command = [sys.executable, "-m", "local.aws", "--port", str(port), "--run-dir", str(run_dir)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            endpoint = f"http://127.0.0.1:{port}"
            # The laptop cloud needs one thread. Four show that threads can share handlers and clients safely.
            deployment = run_program(PROJECT, stack="local", provider=Realiser(endpoint), workers=4)
            yield Deployed(endpoint, deployment)
        finally:
            process.terminate()


def test_uploads_are_versioned_private_and_encrypted(deployed: Deployed) -> None:
    s3, bucket = deployed.client("s3"), deployed.id("aws:s3/bucket:Bucket", "content-uploads-bucket")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"] for rule in rules} == {"clear-away", "cool-mezzanines"}
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags == {"project": "headend", "stack": "local"}


def test_the_page_is_in_its_bucket_as_it_was_made(deployed: Deployed) -> None:
    for key, file in site_files().items():
        kept = deployed.client("s3").get_object(Bucket=deployed.id("aws:s3/bucket:Bucket", "site-bucket"), Key=key)
        assert kept["Body"].read() == file.path.read_bytes()
        assert (kept["ContentType"], kept["CacheControl"]) == (file.content_type, file.cache_control)


def test_each_function_has_its_code_and_its_settings(deployed: Deployed) -> None:
    functions = deployed.deployment.of_type("aws:lambda/function:Function")
    for registered in functions:
        made = deployed.client("lambda").get_function(FunctionName=registered.id)
        assert made["Configuration"]["Handler"] == registered.inputs["handler"]
        assert made["Configuration"]["Timeout"] == registered.inputs["timeout"]
        variables = made["Configuration"].get("Environment", {}).get("Variables", {})
        assert variables == registered.inputs["environment"]["variables"]
        code = zipped(registered.inputs["code"])
        assert made["Configuration"]["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
        module = registered.inputs["handler"].rpartition(".")[0].replace(".", "/")
        assert f"{module}.py" in zipfile.ZipFile(io.BytesIO(code)).namelist()
    handlers = {path.parent.name for path in (PROJECT / "lambdas").glob("*/handler.py")}
    assert {registered.inputs["handler"].split(".")[1] for registered in functions} == handlers


def test_an_upload_starts_the_workflow(deployed: Deployed) -> None:
    rule = deployed.id("aws:cloudwatch/eventRule:EventRule", "pipeline-trigger-rule")
    events, machine = deployed.client("events"), deployed.id("aws:sfn/stateMachine:StateMachine", "pipeline-workflow")
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    assert (target["Arn"], target["RetryPolicy"]["MaximumRetryAttempts"]) == (machine, 185)
    assert target["DeadLetterConfig"]["Arn"] == deployed.deployment.one("aws:sqs/queue:Queue").outputs["arn"]
    uploads = deployed.id("aws:s3/bucket:Bucket", "content-uploads-bucket")
    deployed.client("s3").put_object(Bucket=uploads, Key="film.mp4", Body=b"not a film")
    states, deadline = deployed.client("stepfunctions"), time.monotonic() + 30
    while not (started := states.list_executions(stateMachineArn=machine)["executions"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    input_ = json.loads(states.describe_execution(executionArn=started[0]["executionArn"])["input"])
    assert (input_["detail"]["bucket"]["name"], input_["detail"]["object"]["key"]) == (uploads, "film.mp4")


def test_the_canary_is_asked_every_five_minutes(deployed: Deployed) -> None:
    rule = deployed.id("aws:cloudwatch/eventRule:EventRule", "canary-us-east-1-rule")
    events = deployed.client("events")
    assert events.describe_rule(Name=rule)["ScheduleExpression"] == "rate(5 minutes)"
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    function = deployed.deployment.one("aws:lambda/function:Function", "canary-us-east-1-function")
    assert target["Arn"] == function.outputs["arn"]


def test_the_catalogue_can_be_asked_by_state(deployed: Deployed) -> None:
    table = deployed.client("dynamodb").describe_table(TableName=deployed.id("aws:dynamodb/table:Table"))["Table"]
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    (index,) = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("by-state", {"ProjectionType": "ALL"})
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["state", "updated"]


def test_a_fleet_starts_its_nodes_from_the_template_and_registers_them(deployed: Deployed) -> None:
    ec2, balancing = deployed.client("ec2"), deployed.client("elbv2")
    for group in deployed.deployment.of_type("aws:autoscaling/group:Group"):
        (made,) = deployed.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])[
            "AutoScalingGroups"
        ]
        assert len(made["Instances"]) == group.inputs["minSize"] == 2
        policy = group.inputs["mixedInstancesPolicy"]
        template = policy["launchTemplate"]["launchTemplateSpecification"]["launchTemplateId"]
        (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
        templates = {item.id: item.inputs for item in deployed.deployment.of_type(TEMPLATE)}
        assert version["LaunchTemplateData"]["UserData"] == templates[template]["userData"]
        (target_group,) = group.inputs["targetGroupArns"]
        health = balancing.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        nodes = {item["InstanceId"] for item in made["Instances"]}
        assert {item["Target"]["Id"] for item in health} == nodes


def test_the_balancer_sends_each_first_digit_to_a_fleet_and_the_api_to_its_function(deployed: Deployed) -> None:
    balancing, listener = deployed.client("elbv2"), deployed.id("aws:lb/listener:Listener")
    rules = balancing.describe_rules(ListenerArn=listener)["Rules"]
    routes = {
        rule["Conditions"][0]["PathPatternConfig"]["Values"][0]: rule["Actions"][0]["TargetGroupArn"]
        for rule in rules
        if rule["Conditions"]
    }
    assert set(routes) == {"/api/events", "/api/*", *(f"/v/{digit}*" for digit in "0123456789abcdef")}
    groups = {group["TargetGroupArn"]: group for group in balancing.describe_target_groups()["TargetGroups"]}
    assert groups[routes["/api/*"]]["TargetType"] == "lambda"
    attributes = balancing.describe_target_group_attributes(TargetGroupArn=routes["/api/*"])["Attributes"]
    assert {"Key": "lambda.multi_value_headers.enabled", "Value": "true"} in attributes
    shard = groups[routes["/v/0*"]]
    assert (shard["HealthCheckPath"], shard["HealthCheckIntervalSeconds"], shard["Port"]) == ("/healthz", 5, 8080)
    fixed = next(rule["Actions"][0] for rule in rules if rule["IsDefault"])["FixedResponseConfig"]
    assert fixed["StatusCode"] == "400"


def test_the_balancer_takes_one_port_from_cloudfront_and_its_group_lets_out_to_the_nodes_only(
    deployed: Deployed,
) -> None:
    (balancer,) = deployed.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    groups = deployed.client("ec2").describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]
    incoming = groups[0]["IpPermissions"]
    assert [(rule["FromPort"], rule["ToPort"], rule["IpRanges"]) for rule in incoming] == [(80, 80, [])]
    assert [item["PrefixListId"] for item in incoming[0]["PrefixListIds"]] == ["pl-3b927c52"]
    assert [(rule["FromPort"], rule["IpRanges"]) for rule in groups[0]["IpPermissionsEgress"]] == [(8080, [])]


def test_subnets_have_ipv6_of_the_networks_own_block(deployed: Deployed) -> None:
    ec2 = deployed.client("ec2")
    (network,) = ec2.describe_vpcs(VpcIds=[deployed.id("aws:ec2/vpc:Vpc")])["Vpcs"]
    block = _ipv6_block(network)
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [network["VpcId"]]}])["Subnets"]
    assert {item["AvailabilityZoneId"] for item in subnets} == {"use1-az1", "use1-az2"}
    assert all(_ipv6_block(item).subnet_of(block) for item in subnets)


def _ipv6_block(described: dict[str, Any]) -> ipaddress.IPv6Network:
    return ipaddress.IPv6Network(described["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])


def test_the_dead_letter_queue_is_there(deployed: Deployed) -> None:
    url = deployed.id("aws:sqs/queue:Queue")
    attributes = deployed.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert "sqs:SendMessage" in attributes["Policy"]
    assert attributes["QueueArn"] == deployed.deployment.one("aws:sqs/queue:Queue").outputs["arn"]
