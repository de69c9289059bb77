"""`headend ami` and `headend drain` change only their value in a stack's config, and no other character."""

from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from operate import config, machines
from operate.config import images, with_images, with_serving, with_value
from operate.screen import Refusal
from tests.stubs import KEYS

ROOT = Path(__file__).parents[3]
FLOW = """\
# A comment: ami-11111111111111111 is not ours to change.
config:
  aws:region: us-east-1
  headend:regions:
    us-east-1: { cidr: 10.0.0.0/16,  zones: [use1-az1, use1-az2], ami: ami-00000000000000000 }  # here
    "eu-west-1":
      ami:   ami-00000000   # and here
      cidr: 10.1.0.0/16
  headend:logDays: 7
"""
WANTED = """\
# A comment: ami-11111111111111111 is not ours to change.
config:
  aws:region: us-east-1
  headend:regions:
    us-east-1: { cidr: 10.0.0.0/16,  zones: [use1-az1, use1-az2], ami: ami-0aaaaaaaaaaaaaaaa }  # here
    "eu-west-1":
      ami:   ami-0bbbbbbbbbbbbbbbb   # and here
      cidr: 10.1.0.0/16
  headend:logDays: 7
"""
IMAGES = {"us-east-1": "ami-0aaaaaaaaaaaaaaaa", "eu-west-1": "ami-0bbbbbbbbbbbbbbbb"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "PROJECT", tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(FLOW)
    return tmp_path


def test_only_the_ids_change_whatever_the_yaml_looks_like() -> None:
    assert with_images(FLOW, IMAGES) == WANTED


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_the_projects_own_stacks_can_be_pinned(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    new = {region: f"ami-{index:017x}" for index, region in enumerate(images(text), start=1)}
    pinned = with_images(text, new)
    assert images(pinned) == new
    assert with_images(pinned, images(text)) == text


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_a_region_stops_serving_and_serves_again(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    for region in images(text):
        before, drained = yaml.safe_load(text), yaml.safe_load(with_serving(text, region, False))
        places: Any = next(value for key, value in drained["config"].items() if key.endswith(":regions"))
        assert places[region].pop("serving") is False
        assert drained == before
        assert with_serving(with_serving(text, region, False), region, True) == with_serving(text, region, True)


def test_both_forms_of_a_region_keep_their_form() -> None:
    assert "us-east-1: { serving: false, cidr: 10.0.0.0/16,  zones" in with_serving(FLOW, "us-east-1", False)
    assert '"eu-west-1":\n      serving: false\n      ami:   ami-0000' in with_serving(FLOW, "eu-west-1", False)
    with pytest.raises(Refusal, match=r"eu-west-9 is not a region of this stack. Its regions are us-east-1, eu-"):
        with_serving(FLOW, "eu-west-9", False)


def test_old_and_new_are_shown_and_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ssm: dict[str, Any] = {}

    def account(stack: str) -> Any:
        assert stack == "dev"
        return client

    def client(service: str, region: str) -> Any:
        made = boto3.client(service, region_name=region, **KEYS)
        ssm[region] = Stubber(made)
        answer = {"Parameter": {"Value": IMAGES[region]}}
        asked = {"Name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"}
        ssm[region].add_response("get_parameter", answer, asked)
        ssm[region].activate()
        return made

    monkeypatch.setattr(machines, "account", account)
    machines.ami("dev", False)
    told = capsys.readouterr()
    assert (project / "Pulumi.dev.yaml").read_text() == WANTED
    assert "ami-00000000000000000  ami-0aaaaaaaaaaaaaaaa" in told.out
    assert "headend roll --stack dev" in told.err
    machines.ami("dev", True)
    assert '"was": "ami-0aaaaaaaaaaaaaaaa"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "config: {aws:region: us-east-1}",
        "config: {headend:regions: {us-east-1: {cidr: 10.0.0.0/16}}}",
        "config: {headend:regions: [us-east-1]}",
        "config: [",
        "",
    ],
)
def test_a_config_without_images_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="the config has no regions"):
        images(text)


def test_only_a_stack_on_aws_has_a_config_to_change(project: Path) -> None:
    with pytest.raises(
        Refusal, match=r"--stack pord: there is no file Pulumi.pord.yaml. The stacks with a config are dev$"
    ):
        config.path_of("pord")
    for stack in (None, "local"):
        with pytest.raises(Refusal, match="name a stack on AWS with --stack"):
            config.path_of(stack)
    assert config.path_of("dev") == project / "Pulumi.dev.yaml"


def test_a_value_is_added_before_the_regions_or_changed_where_it_stands() -> None:
    new = with_value(FLOW, "catalogueTable", "titles-at-noon")
    assert new == FLOW.replace("  headend:regions:", "  headend:catalogueTable: titles-at-noon\n  headend:regions:")
    assert with_value(new, "catalogueTable", "other") == new.replace("titles-at-noon", "other")
    assert with_value(FLOW, "logDays", "14") == FLOW.replace("logDays: 7", "logDays: 14")


def test_a_file_that_is_not_a_config_is_refused() -> None:
    with pytest.raises(Refusal, match="the config has no regions"):
        with_value("config: {}", "catalogueTable", "x")
