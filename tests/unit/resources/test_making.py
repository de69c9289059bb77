"""Declared resources become AWS calls, and no declared property is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from moto import mock_aws

from local.engine import Deployment, ProgramError, run_program
from local.resources import DECLARED_ONLY, Realiser
from local.resources.making import HANDLERS, IGNORED
from tests.declared import with_standby, zoned


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def deploy(program: Any) -> Deployment:
    return run_program(program, provider=Realiser(None))


def refusal(program: Any) -> str:
    with pytest.raises(ProgramError) as caught:
        deploy(program)
    return str(caught.value)


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def test_a_type_without_a_handler_is_refused_and_says_where_to_write_one() -> None:
    said = refusal(lambda: aws.sqs.RedrivePolicy("x", queue_url="u", redrive_policy="{}"))
    assert "aws:sqs/redrivePolicy:RedrivePolicy 'x': has no handler: write one in local/resources/" in said


def test_a_property_that_no_call_takes_is_refused() -> None:
    said = refusal(lambda: aws.s3.Bucket("x", object_lock_enabled=True))
    assert "aws:s3/bucket:Bucket 'x': loses objectLockEnabled: carry it over in local/resources/s3.py" in said


def test_a_nested_property_that_a_call_does_not_know_is_refused() -> None:
    def program() -> None:
        rule = aws.cloudwatch.EventRule("r", event_pattern="{}")
        queue = "arn:aws:sqs:us-east-1:123456789012:q"
        commands: list[aws.cloudwatch.EventTargetRunCommandTargetArgsDict] = [{"key": "k", "values": ["v"]}]
        aws.cloudwatch.EventTarget("x", rule=rule.name, arn=queue, run_command_targets=commands)

    assert "'x': loses Targets.runCommandTargets: carry it over in local/resources/messaging.py" in refusal(program)


def test_a_property_that_is_ignored_has_a_reason_and_does_no_harm() -> None:
    deploy(lambda: aws.s3.Bucket("x", force_destroy=True))
    assert all(reason for ignored in IGNORED.values() for reason in ignored.values())


def test_what_aws_refuses_is_a_problem_of_its_resource() -> None:
    said = refusal(lambda: aws.iam.RolePolicy("x", role="nobody", policy="{}"))
    assert "test_making.py" in said
    assert "aws:iam/rolePolicy:RolePolicy 'x'" in said
    assert "NoSuchEntity" in said


def test_making_leaves_the_registration_as_it_was() -> None:
    logging: aws.sfn.StateMachineLoggingConfigurationArgsDict = {"level": "ERROR", "log_destination": "arn:x:*"}

    def program() -> None:
        role = aws.iam.Role("r", assume_role_policy="{}")
        definition = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'
        aws.sfn.StateMachine("m", role_arn=role.arn, definition=definition, logging_configuration=logging)

    registered = deploy(program).one("aws:sfn/stateMachine:StateMachine")
    assert registered.inputs["loggingConfiguration"] == {"level": "ERROR", "logDestination": "arn:x:*"}
    made = client("stepfunctions").describe_state_machine(stateMachineArn=registered.id)["loggingConfiguration"]
    assert made == {"level": "ERROR", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "arn:x:*"}}]}


def test_a_declared_only_type_is_answered_by_name_and_calls_nothing() -> None:
    done = deploy(lambda: pulumi.export("arn", aws.kms.Key("k").arn))
    assert done.exports["arn"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    assert client("kms").list_keys()["Keys"] == []


def test_code_is_zipped_the_same_each_time_with_texts_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "vendor" / "inner").mkdir(parents=True)
    (tmp_path / "vendor" / "inner" / "x.py").write_text("x = 1")
    (tmp_path / "one.py").write_text("one = 1")

    def program() -> None:
        role = aws.iam.Role("r", assume_role_policy="{}")
        code = pulumi.AssetArchive(
            {
                "b/two.py": pulumi.StringAsset("two = 2"),
                "a/one.py": pulumi.FileAsset(str(tmp_path / "one.py")),
                "vendor": pulumi.FileArchive(str(tmp_path / "vendor")),
            }
        )
        aws.lambda_.Function("f", role=role.arn, code=code, handler="a.one.h", runtime="python3.13")

    hashes: set[str] = set()
    for _ in range(2):
        deploy(program)
        (function,) = client("lambda").list_functions()["Functions"]
        hashes.add(function["CodeSha256"])
        client("lambda").delete_function(FunctionName=function["FunctionName"])
        client("iam").delete_role(RoleName=function["Role"].rpartition("/")[2])
    assert len(hashes) == 1


def test_code_that_is_not_there_is_refused() -> None:
    code = pulumi.AssetArchive({"vendor": pulumi.FileArchive("no-such-folder")})
    said = refusal(lambda: aws.lambda_.Function("f", role="r", code=code, handler="a.h", runtime="python3.13"))
    assert "no-such-folder is not a folder to take code from" in said


def test_the_real_program_needs_every_handler_and_every_declared_only_type() -> None:
    """prod with a hosted zone and prod with a second home have every type of resource between them."""
    registered = {item.type for done in (zoned(), with_standby()) for item in done.registrations}
    assert sorted({*HANDLERS, *DECLARED_ONLY} - registered) == []
    assert not DECLARED_ONLY.intersection(HANDLERS)


def test_a_fleet_of_several_types_and_a_bounded_role_reach_aws_whole() -> None:
    boundary = "arn:aws:iam::123456789012:policy/workload"

    def program() -> None:
        network = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("s", vpc_id=network.id, cidr_block="10.0.0.0/24", availability_zone_id="use1-az1")
        group = aws.ec2.SecurityGroup("g", vpc_id=network.id, description="nodes")
        template = aws.ec2.LaunchTemplate(
            "t", image_id="ami-12c6146b", instance_type="c7gd.medium", vpc_security_group_ids=[group.id]
        )
        policy: aws.autoscaling.GroupMixedInstancesPolicyArgsDict = {
            "instances_distribution": {"on_demand_allocation_strategy": "prioritized"},
            "launch_template": {
                "launch_template_specification": {"launch_template_id": template.id, "version": "1"},
                "overrides": [{"instance_type": "c7gd.medium"}, {"instance_type": "m7gd.medium"}],
            },
        }
        aws.autoscaling.Group(
            "f", min_size=1, max_size=1, vpc_zone_identifiers=[subnet.id], mixed_instances_policy=policy
        )
        aws.iam.Role("r", assume_role_policy="{}", permissions_boundary=boundary)

    deploy(program)
    [made] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    template = made["MixedInstancesPolicy"]["LaunchTemplate"]
    assert [item["InstanceType"] for item in template["Overrides"]] == ["c7gd.medium", "m7gd.medium"]
    [role] = [item for item in client("iam").list_roles()["Roles"] if item["RoleName"].startswith("r-")]
    kept = client("iam").get_role(RoleName=role["RoleName"])["Role"]["PermissionsBoundary"]
    assert kept["PermissionsBoundaryArn"] == boundary
