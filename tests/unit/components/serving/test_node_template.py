"""A node's machine: nobody can log in, and its user data configures it at boot."""

from typing import Any

import pulumi
import pytest

from components.serving.node_template import NodeTemplate
from local.engine import Deployment
from local.serving.nodes import written_files
from tests.declared import REGION, made
from tests.node_config import node_config

ARGS: dict[str, Any] = {
    "region": REGION,
    "config": node_config(bucket="media", region=REGION, fleet="dev-pop-0"),
    "instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/node",
    "security_group_id": "sg-1",
    "ami": "ami-0123456789abcdef0",
    "instance_type": "c7gd.medium",
    "tags": {"stack": "dev"},
}


@pytest.fixture(scope="module")
def done() -> Deployment:
    def template(name: str, args: Any) -> NodeTemplate:
        args["config"] = pulumi.Output.from_input(args["config"])
        return NodeTemplate(name, args)

    return made(template, "pop-0", {**ARGS})


@pytest.fixture(scope="module")
def template(done: Deployment) -> dict[str, Any]:
    return done.one("aws:ec2/launchTemplate:LaunchTemplate").inputs


def test_nobody_logs_in_with_a_key_and_no_address_is_public(template: dict[str, Any]) -> None:
    assert "keyName" not in template
    assert "networkInterfaces" not in template
    assert template["vpcSecurityGroupIds"] == ["sg-1"]


def test_its_volume_goes_with_it(template: dict[str, Any]) -> None:
    assert [device["ebs"]["deleteOnTermination"] for device in template["blockDeviceMappings"]] == ["true"]


def test_a_node_that_powers_itself_off_is_gone(template: dict[str, Any]) -> None:
    assert template["instanceInitiatedShutdownBehavior"] == "terminate"


def test_it_boots_as_a_node_of_its_fleet_and_its_bucket(template: dict[str, Any]) -> None:
    files = written_files(template["userData"])
    for line in ("BUCKET=media", "FLEET=dev-pop-0", f"REGION={REGION}", "PORT=8080"):
        assert line in files["/etc/headend/node.env"].splitlines()


def test_everything_that_is_billed_is_tagged(template: dict[str, Any]) -> None:
    tagged = {item["resourceType"]: item["tags"] for item in template["tagSpecifications"]}
    assert tagged == {kind: {"stack": "dev"} for kind in ("instance", "volume", "network-interface")}
