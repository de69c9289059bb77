"""`headend keys rotate` knows which step is next, and makes only calls that AWS's models know."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from operate import config, keys
from operate.cloud import Cloud
from operate.rotation import ARRIVES, LIVES, following, following_step
from operate.screen import Refusal
from settings import SigningKey
from tests.stubs import KEYS

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
OLD, NEW = NOON - timedelta(days=300), NOON - timedelta(days=3)
BOTH = {"key-1": OLD, "key-2": NEW}


@pytest.mark.parametrize(
    ("written", "made", "ago", "does", "key"),
    [
        (["key-1"], {"key-1": OLD}, None, (1, "make"), "key-2"),
        (["key-1"], BOTH, None, (1, "show"), "key-2"),
        (["key-1", "key-2"], BOTH, ARRIVES - timedelta(seconds=1), (2, "wait"), "key-2"),
        (["key-1", "key-2"], BOTH, ARRIVES, (2, "swap"), "key-2"),
        (["key-2", "key-1"], BOTH, LIVES - timedelta(seconds=1), (3, "wait"), "key-1"),
        (["key-2", "key-1"], BOTH, LIVES, (3, "remove"), "key-1"),
        (["key-2"], BOTH, None, (4, "delete"), "key-1"),
        (["key-2"], {"key-2": NEW}, None, (1, "make"), "key-3"),
    ],
)
def test_each_state_has_its_next_step(
    written: list[str], made: dict[str, datetime], ago: timedelta | None, does: tuple[int, str], key: str
) -> None:
    changed = NOON - (ago or timedelta())
    step = following_step(
        config=written, deployed=written, made=made, group_changed=changed, signer_changed=changed, now=NOON
    )
    assert (step.number, step.does, step.key) == (*does, key)
    assert (step.until is not None) == (step.does == "wait")


def test_a_config_that_is_not_deployed_comes_first() -> None:
    for written in (["key-2", "key-1"], ["key-1"]):
        step = following_step(
            config=written, deployed=["key-1", "key-2"], made=BOTH, group_changed=OLD, signer_changed=OLD, now=NOON
        )
        assert (step.number, step.does) == (0, "deploy")


@pytest.mark.parametrize(("name", "next_one"), [("key-1", "key-2"), ("key-9", "key-10"), ("winter", "winter-2")])
def test_the_next_key_has_the_next_name(name: str, next_one: str) -> None:
    assert following(name) == next_one


class Stack:
    """A stack with signed playback, and a stand-in for AWS with given answers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, written: list[str]) -> None:
        lines = "".join(f"    - {{name: {name}, publicKey: x}}\n" for name in written)
        (folder / "Pulumi.dev.yaml").write_text(f"config:\n  headend:signing:\n{lines}")
        signing = {"keys": written, "folder": "/headend/dev/signing/", "group": "g", "function": "f"}
        self.stubs = {
            name: Stubber(boto3.client(name, region_name="us-east-1", **KEYS))
            for name in ("ssm", "cloudfront", "lambda")
        }
        monkeypatch.setattr(config, "PROJECT", folder)
        outputs = {"region": "us-east-1", "signing": signing}
        monkeypatch.setattr(keys, "find", lambda stack: Cloud(stack, outputs, "", None))  # pyright: ignore[reportUnknownLambdaType]
        monkeypatch.setattr(Cloud, "client", lambda _, service: self.stubs[service].client)  # pyright: ignore[reportUnknownLambdaType]
        for stub in self.stubs.values():
            stub.activate()

    def answer(self, service: str, call: str, answer: Any, asked: Any) -> None:
        self.stubs[service].add_response(call, answer, asked)

    def stands(self, made: dict[str, datetime]) -> None:
        listed = [{"Name": f"/headend/dev/signing/{name}", "LastModifiedDate": when} for name, when in made.items()]
        filters = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/headend/dev/signing/"]}]
        self.answer("ssm", "describe_parameters", {"Parameters": listed}, {"ParameterFilters": filters})
        group = {"Id": "g", "LastModifiedTime": OLD, "KeyGroupConfig": {"Name": "n", "Items": ["k"]}}
        self.answer("cloudfront", "get_key_group", {"KeyGroup": group}, {"Id": "g"})
        changed = {"LastModified": "2026-10-01T00:00:00.000+0000"}
        self.answer("lambda", "get_function_configuration", changed, {"FunctionName": "f"})


def test_a_new_key_is_made_and_its_public_half_shown_as_the_config_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path, monkeypatch, ["key-1"])
    stack.stands({"key-1": OLD})
    asked = {"Name": "/headend/dev/signing/key-2", "Type": "SecureString", "Value": ANY}
    stack.answer("ssm", "put_parameter", {}, asked)
    keys.rotate("dev", yes=True, as_json=False)
    shown = capsys.readouterr().out
    assert "PRIVATE" not in shown
    lines = [line.strip() for line in shown.partition("publicKey: |")[2].splitlines() if line.strip()]
    assert SigningKey.model_validate({"name": "key-2", "publicKey": "\n".join(lines)}).name == "key-2"


def test_a_key_that_was_made_is_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path, monkeypatch, ["key-1"])
    stack.stands(BOTH)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    text = private.private_bytes(*form, serialization.NoEncryption()).decode()
    asked = {"Name": "/headend/dev/signing/key-2", "WithDecryption": True}
    stack.answer("ssm", "get_parameter", {"Parameter": {"Value": text}}, asked)
    keys.rotate("dev", yes=True, as_json=False)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert public.decode().splitlines()[1] in capsys.readouterr().out


def test_the_old_private_half_is_deleted_last_and_only_if_somebody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path, monkeypatch, ["key-2"])
    stack.stands(BOTH)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Refusal, match=r"delete the private half of key-1, /headend/dev/signing/key-1, for good\?"):
        keys.rotate("dev", yes=False, as_json=False)
    stack.stands(BOTH)
    stack.answer("ssm", "delete_parameter", {}, {"Name": "/headend/dev/signing/key-1"})
    keys.rotate("dev", yes=True, as_json=False)
    assert "key-1 is deleted. The rotation is complete." in capsys.readouterr().out
