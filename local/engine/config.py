"""Read a stack's config as the Pulumi CLI does, and refuse what it refuses, in its words.

The rules are those of sdk/go/common/workspace/{project,config}.go: the CLI stops at the first mistake, this reports
all of them. Values reach a program as text; lists and maps as JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from local.engine.model import Problem, ProgramError

_TYPES = ("string", "integer", "boolean", "array", "object")
_ATTRIBUTES = {"type", "description", "items", "default", "value", "secret"}


@dataclass(frozen=True)
class Config:
    """The config of one stack. `secrets` are the keys whose values must not be shown."""

    project: str
    values: dict[str, str]
    secrets: frozenset[str] = frozenset()


class _GoYaml(yaml.SafeLoader):
    """YAML with the scalars of the CLI's reader: PyYAML's own would turn `no`, `1:30` and dates into other values."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - add_implicit_resolver copies it


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?[0-9]*\.[0-9]+", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _GoYaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^({_pattern})$"), list(_first))


def load_config(project_dir: Path, stack: str, overrides: Mapping[str, Any] | None = None) -> Config:
    """The config of a stack from Pulumi.yaml and Pulumi.<stack>.yaml.

    `overrides` replace values of the stack's file before anything is checked, as `pulumi config set` would; None
    removes one. Keys without a namespace are the project's. Secure values cannot be decrypted without the stack's
    secrets provider, so their ciphertext stands in for them.

    Raises:
        ProgramError: with everything that the CLI would refuse.
    """
    path = project_dir / f"Pulumi.{stack}.yaml"
    if not path.exists():
        known = ", ".join(sorted(item.name.split(".")[1] for item in project_dir.glob("Pulumi.*.yaml"))) or "none"
        raise ProgramError([Problem(f"no stack named {stack!r}: there is no {path.name}. Stacks: {known}")])
    project = _read(project_dir / "Pulumi.yaml", _GoYaml)
    name = str(project["name"])
    declared: dict[str, dict[str, Any]] = {
        key: spec if isinstance(spec, dict) else {"default" if _is_own(name, key) else "value": spec}
        for key, spec in (project.get("config") or {}).items()
    }
    # A scalar of a stack's file is its text as written; only lists and maps have typed values inside.
    typed = _read(path, _GoYaml).get("config") or {}
    written = _read(path, yaml.BaseLoader).get("config") or {}
    given: dict[str, Any] = {key: typed[key] if isinstance(typed[key], dict | list) else written[key] for key in typed}
    problems = [
        Problem(f"could not parse {key!r} as a configuration key; write {name}:{key}", source=path.name)
        for key in given
        if ":" not in key
    ]
    given |= {_full(name, key): value for key, value in (overrides or {}).items()}
    given = {key: value for key, value in given.items() if value is not None}
    problems += [Problem(message, source="Pulumi.yaml") for message in _project_mistakes(name, declared)]
    problems += [Problem(message, source=path.name) for message in _stack_mistakes(stack, name, declared, given)]
    if problems:
        raise ProgramError(problems)
    for key, spec in declared.items():
        given.setdefault(_full(name, key), spec.get("value", spec.get("default")))
    values = {key: _text(_revealed(value)) for key, value in given.items()}
    return Config(name, values, frozenset(key for key, value in given.items() if _revealed(value) != value))


def callable_config(overrides: Mapping[str, Any] | None) -> Config:
    """The config for a program that is a function and has no files: us-east-1, and what the caller gives."""
    given = {"aws:region": "us-east-1", **{_full("headend", key): value for key, value in (overrides or {}).items()}}
    return Config("headend", {key: _text(value) for key, value in given.items()})


def _read(path: Path, loader: type[yaml.BaseLoader | yaml.SafeLoader]) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(), loader)  # noqa: S506 - both loaders make plain data only
    except (OSError, yaml.YAMLError) as error:
        raise ProgramError([Problem(f"cannot be read: {error}", source=path.name)]) from error
    if not isinstance(content, dict | None):
        raise ProgramError([Problem("must be a map of keys", source=path.name)])
    return cast(dict[str, Any], content or {})


def _project_mistakes(project: str, declared: dict[str, dict[str, Any]]) -> Iterator[str]:
    for key, spec in declared.items():
        type_, default = spec.get("type"), spec.get("default")
        if unknown := sorted(set(spec) - _ATTRIBUTES):
            yield f"config key '{key}': {', '.join(unknown)} not allowed; allowed are {', '.join(sorted(_ATTRIBUTES))}"
        if default is not None and spec.get("value") is not None:
            yield f"project config '{key}' cannot have both a 'default' and 'value' attribute"
        if not _is_own(project, key):
            if type_ is not None:
                yield f"Configuration key '{key}' is not namespaced by the project and should not define a type"
            if default is not None:
                yield (
                    f"Configuration key '{key}' is not namespaced by the project and should not define a default "
                    "value. Did you mean to use the 'value' attribute instead of 'default'?"
                )
            elif spec.get("value") is None:
                yield f"Configuration key '{key}' is namespaced and must provide an attribute 'value'"
        elif type_ is not None and type_ not in _TYPES:
            yield f"config key '{key}': type must be one of {', '.join(_TYPES)}, not {type_!r}"
        elif type_ == "array" and "items" not in spec:
            yield (
                f"The configuration key '{key}' declares an array but does not specify the underlying type via the "
                "'items' attribute"
            )
        elif type_ and default is not None and not _matches(spec, default):
            yield (
                f"The default value specified for configuration key '{key}' is not of the expected type "
                f"'{_type_name(spec)}'"
            )


def _stack_mistakes(
    stack: str, project: str, declared: dict[str, dict[str, Any]], given: dict[str, Any]
) -> Iterator[str]:
    for key, spec in declared.items():
        fallback = spec.get("value", spec.get("default"))
        value = given.get(_full(project, key), fallback)
        if value is None:
            if _is_own(project, key):
                yield f"Stack '{stack}' is missing configuration value '{key}'"
        elif spec.get("type") and spec.get("secret") and _revealed(value) == value:
            yield f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret"
        elif spec.get("type") and not _matches(spec, _revealed(value)):
            yield f"Stack '{stack}' with configuration key '{key}' must be of type '{_type_name(spec)}'"


def _matches(spec: dict[str, Any], value: Any) -> bool:
    match spec["type"]:
        case "string":
            return isinstance(value, str)
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole or (isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value) is not None)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list) and all(_matches(spec["items"], item) for item in cast(list[Any], value))


def _type_name(spec: dict[str, Any]) -> str:
    return f"array<{_type_name(spec['items'])}>" if "items" in spec else spec["type"]


def _is_own(project: str, key: str) -> bool:
    return ":" not in key or key.startswith(f"{project}:")


def _full(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _revealed(value: Any) -> Any:
    """The value with every `{secure: text}` replaced by its text; unchanged if there is none."""
    if isinstance(value, dict):
        items = cast(dict[str, Any], value)
        if set(items) == {"secure"} and isinstance(items["secure"], str):
            return items["secure"]
        return {key: _revealed(item) for key, item in items.items()}
    return [_revealed(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
