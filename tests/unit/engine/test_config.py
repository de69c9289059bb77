"""A stack's config: the engine accepts and refuses the same config as the Pulumi CLI."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import ProgramError
from local.engine.config import Config, load_config

KEYS: dict[str, Any] = {
    "aws:region": {"value": "eu-west-1"},
    "fleets": {"type": "integer", "default": 2},
    "demo:countries": {"type": "array", "items": {"type": "string"}, "default": []},
    "place": {"type": "object", "default": {}},
    "loud": {"type": "boolean", "default": False},
}


def load(folder: Path, stack_yaml: str = "config: {}", keys: dict[str, Any] | None = None, **overrides: Any) -> Config:
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "demo", "runtime": "python", "config": keys or KEYS}))
    (folder / "Pulumi.dev.yaml").write_text(stack_yaml)
    return load_config(folder, "dev", overrides)


def test_defaults_and_values_reach_the_program_as_text(tmp_path: Path) -> None:
    config = load(tmp_path, "config:\n  demo:fleets: 04\n  demo:place: {b: 1, a: x}\n  other:key: yes\n")
    assert config.project == "demo"
    assert config.values == {
        "aws:region": "eu-west-1",
        "demo:fleets": "04",  # as written
        "demo:countries": "[]",
        "demo:place": '{"a":"x","b":1}',
        "demo:loud": "false",
        "other:key": "yes",
    }


def test_lists_keep_words_that_pyyaml_would_change(tmp_path: Path) -> None:
    config = load(tmp_path, "config:\n  demo:countries: [NO, 'on', 2024-01-01, 1:30]\n")
    assert config.values["demo:countries"] == '["NO","on","2024-01-01","1:30"]'


def test_an_override_wins_and_none_removes(tmp_path: Path) -> None:
    stack = "config:\n  demo:fleets: 8\n"
    assert load(tmp_path, stack, fleets=16).values["demo:fleets"] == "16"
    assert load(tmp_path, stack, fleets=None).values["demo:fleets"] == "2"


@pytest.mark.parametrize(
    ("key", "value", "type_"),
    [
        ("demo:fleets", "two", "integer"),
        ("demo:fleets", 1.5, "integer"),
        ("demo:fleets", True, "integer"),
        ("demo:loud", "yes", "boolean"),
        ("demo:place", ["a"], "object"),
        ("demo:countries", "NO", "array<string>"),
        ("demo:countries", ["SE", 5], "array<string>"),
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path: Path, key: str, value: Any, type_: str) -> None:
    with pytest.raises(ProgramError, match=f"key '{key}' must be of type '{type_}'"):
        load(tmp_path, **{key: value})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"fleets": {"type": "integer"}}, "Stack 'dev' is missing configuration value 'demo:fleets'"),
        ({"fleets": {"type": "integer", "default": "two"}}, "default value specified for configuration key"),
        ({"fleets": {"default": 1, "value": 2}}, "cannot have both a 'default' and 'value'"),
        ({"list": {"type": "array", "default": []}}, "does not specify the underlying type"),
        ({"aws:region": {"type": "string", "value": "x"}}, "should not define a type"),
        ({"aws:region": {"default": "x"}}, "must provide an attribute 'value'"),
        ({"token": {"type": "string", "secret": True, "default": "x"}}, "must be encrypted as it's secret"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        load(tmp_path, keys=keys)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        load(tmp_path, "config:\n  fleets: 2\n", loud="maybe", place=3)
    assert [problem.message for problem in caught.value.problems] == [
        "could not parse 'fleets' as a configuration key; write demo:fleets",
        "Stack 'dev' with configuration key 'demo:loud' must be of type 'boolean'",
        "Stack 'dev' with configuration key 'demo:place' must be of type 'object'",
    ]


def test_a_secure_value_is_secret_wherever_it_stands(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "config:\n  demo:token: {secure: c1}\n  demo:place: {inner: {secure: c2}}\n",
        {**KEYS, "token": {"type": "string", "secret": True}},
    )
    assert config.secrets == {"demo:token", "demo:place"}
    assert (config.values["demo:token"], config.values["demo:place"]) == ("c1", '{"inner":"c2"}')


def test_an_unknown_stack_names_those_there_are(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(ProgramError, match=r"no stack named 'prdo'.*Stacks: dev"):
        load_config(tmp_path, "prdo", {})


def test_broken_yaml_is_named_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"Pulumi\.dev\.yaml cannot be read"):
        load(tmp_path, "config: [")
