"""`make ami` changes the ids of the images in a stack's config, and nothing else of it."""

from pathlib import Path

import boto3
import pytest
import typer
from botocore.stub import Stubber
from typer.testing import CliRunner

from scripts import ami
from scripts.ami import PARAMETER, AmiError, newest, pins, repin

ROOT = Path(__file__).parents[2]
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
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
IMAGES = {"us-east-1": "ami-0aaaaaaaaaaaaaaaa", "eu-west-1": "ami-0bbbbbbbbbbbbbbbb"}


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(ami.main)
    result = CliRunner().invoke(app, ["--directory", str(folder), *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_only_the_ids_change_whatever_the_yaml_looks_like() -> None:
    assert repin(FLOW, IMAGES) == WANTED


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_the_projects_own_stacks_can_be_pinned(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    images = {region: f"ami-{index:017x}" for index, region in enumerate(pins(text), start=1)}
    pinned = repin(text, images)
    assert {region: node.value for region, node in pins(pinned).items()} == images
    assert len(pinned.splitlines()) == len(text.splitlines())
    assert repin(pinned, {region: node.value for region, node in pins(text).items()}) == text


def test_the_image_is_amazons_own_for_arm64() -> None:
    ssm = boto3.client("ssm", region_name="us-east-1", **KEYS)
    with Stubber(ssm) as stub:
        stub.add_response("get_parameter", {"Parameter": {"Value": "ami-0123456789abcdef0"}}, {"Name": PARAMETER})
        assert newest("us-east-1", ssm) == "ami-0123456789abcdef0"
        stub.add_client_error("get_parameter", "ExpiredTokenException", "The security token is expired\nreally")
        with pytest.raises(AmiError) as refused:
            newest("us-east-1", ssm)
    assert str(refused.value).startswith("us-east-1: ")
    assert "security token is expired really" in str(refused.value)


def test_old_and_new_are_shown_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(FLOW)
    monkeypatch.setattr(ami, "newest", IMAGES.__getitem__)
    code, shown, _ = run(tmp_path)
    assert code == 0
    assert "us-east-1       ami-00000000000000000 -> ami-0aaaaaaaaaaaaaaaa" in shown
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == WANTED
    assert "is the newest" in run(tmp_path)[1]


def test_without_credentials_one_line_says_so_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # A session that another test made would remember that test's credentials.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    (tmp_path / "Pulumi.dev.yaml").write_text(FLOW)
    code, _, complaint = run(tmp_path)
    assert code == 1
    assert complaint.count("\n") == 1
    assert complaint.startswith("Pulumi.dev.yaml: us-east-1: Unable to locate credentials")
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == FLOW


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no such file; STACK names the stack"),
        ("config: {aws:region: us-east-1}", "has no regions with an ami each"),
        ("config: {headend:regions: {us-east-1: {cidr: 10.0.0.0/16}}}", "has no regions with an ami each"),
        ("config: [", "has no regions with an ami each"),
        ("", "has no regions with an ami each"),
    ],
)
def test_a_config_without_images_is_refused_in_one_line(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "Pulumi.odd.yaml").write_text(text)
    code, _, complaint = run(tmp_path, "--stack", "odd")
    assert code == 1
    assert complaint.startswith("Pulumi.odd.yaml: ")
    assert says in complaint
    assert complaint.count("\n") == 1
