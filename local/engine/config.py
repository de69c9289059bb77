"""Read a stack's config as the Pulumi CLI does, and refuse what it refuses, with the same messages.

The rules are those of sdk/go/common/workspace/{project,config}.go. The CLI stops at the first mistake; this module
reports all mistakes. Values reach a program as text, and lists and maps as JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from local.engine.model import Problem, ProgramError


@dataclass(frozen=True)
class Config:
    """The config of one stack. `secrets` are the keys whose values must not be shown."""

    project: str
    values: dict[str, str]
    secrets: frozenset[str] = frozenset()


class _GoYaml(yaml.SafeLoader):
    """YAML that reads scalars as the CLI does. PyYAML would read `NO` (Norway) as false, and `1:30` as ninety."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - add_implicit_resolver copies it


_SCALARS = {"bool": "true|false", "int": r"[-+]?\d+", "float": r"[-+]?\d*\.\d+", "null": "~|null|"}
for _tag, _pattern in _SCALARS.items():
    _GoYaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_pattern})$", re.IGNORECASE), None)


def load_config(project_dir: Path, stack: str, overrides: Mapping[str, Any]) -> Config:
    """The config of a stack from Pulumi.yaml and Pulumi.<stack>.yaml.

    `overrides` replace values of the stack's file before the checks, as `pulumi config set` would; None removes a
    value. Keys without a namespace are the project's. A secure value cannot be decrypted without the stack's secrets
    provider, so the program gets its ciphertext.

    Raises:
        ProgramError: with everything that the CLI would refuse.
    """
    path = project_dir / f"Pulumi.{stack}.yaml"
    if not path.exists():
        known = ", ".join(sorted(item.name.split(".")[1] for item in project_dir.glob("Pulumi.*.yaml"))) or "none"
        raise ProgramError([Problem(f"no stack named {stack!r}: there is no Pulumi.{stack}.yaml. Stacks: {known}")])
    project = _read(project_dir / "Pulumi.yaml", _GoYaml)
    name = str(project.get("name"))
    declared: dict[str, dict[str, Any]] = {
        full_key(name, key): spec if isinstance(spec, dict) else {"default" if _is_own(name, key) else "value": spec}
        for key, spec in (project.get("config") or {}).items()
    }
    # A scalar at the top level of a stack's config is used as the text that was written. Only values inside lists and
    # maps have types.
    typed, written = (_read(path, loader).get("config") or {} for loader in (_GoYaml, yaml.BaseLoader))
    given = {key: typed[key] if isinstance(typed[key], dict | list) else written[key] for key in typed}
    given |= {full_key(name, key): value for key, value in overrides.items()}
    given = {key: value for key, value in given.items() if value is not None}
    mistakes = [
        f"could not parse '{key}' as a configuration key; write {name}:{key}" for key in given if ":" not in key
    ]
    fallbacks = {key: spec.get("value", spec.get("default")) for key, spec in declared.items()}
    values = {key: value for key, value in {**fallbacks, **given}.items() if value is not None}
    for key, spec in declared.items():
        mistakes += [*_declaration_mistakes(name, key, spec)] or _value_mistakes(stack, key, spec, values.get(key))
    if mistakes:
        raise ProgramError([Problem(message) for message in mistakes])
    secrets = frozenset(key for key, value in values.items() if _revealed(value) != value)
    return Config(name, {key: as_text(_revealed(value)) for key, value in values.items()}, secrets)


def full_key(project: str, key: str) -> str:
    """A key with its namespace: the project's, if it has none."""
    return key if ":" in key else f"{project}:{key}"


def as_text(value: Any) -> str:
    """A value as it reaches a program."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)


def _read(path: Path, loader: type[yaml.BaseLoader | yaml.SafeLoader]) -> dict[str, Any]:
    try:
        return yaml.load(path.read_text(), loader) or {}  # noqa: S506 - both loaders make plain data only
    except (OSError, yaml.YAMLError) as error:
        raise ProgramError([Problem(f"{path.name} cannot be read: {error}")]) from error


def _declaration_mistakes(project: str, key: str, spec: dict[str, Any]) -> Iterator[str]:
    type_, default, own = spec.get("type"), spec.get("default"), _is_own(project, key)
    if default is not None and spec.get("value") is not None:
        yield f"project config '{key}' cannot have both a 'default' and 'value' attribute"
    if not own and type_:
        yield f"Configuration key '{key}' is not namespaced by the project and should not define a type"
    if not own and spec.get("value") is None:
        yield f"Configuration key '{key}' is namespaced and must provide an attribute 'value'"
    if own and type_ == "array" and "items" not in spec:
        yield f"The configuration key '{key}' declares an array but does not specify the underlying type via 'items'"
    elif own and type_ and default is not None and not _matches(spec, default):
        yield f"The default value specified for configuration key '{key}' is not of type '{_type_name(spec)}'"


def _value_mistakes(stack: str, key: str, spec: dict[str, Any], value: Any) -> Iterator[str]:
    if value is None:
        yield f"Stack '{stack}' is missing configuration value '{key}'"
    elif "type" in spec and spec.get("secret") and _revealed(value) == value:
        yield f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret"
    elif "type" in spec and not _matches(spec, _revealed(value)):
        yield f"Stack '{stack}' with configuration key '{key}' must be of type '{_type_name(spec)}'"


def _matches(spec: dict[str, Any], value: Any) -> bool:
    match spec["type"]:
        case "string":
            return isinstance(value, str)
        case "integer":
            return not isinstance(value, bool) and re.fullmatch(r"[-+]?\d+", str(value)) is not None
        case "boolean":
            return str(value).lower() in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list) and all(_matches(spec["items"], item) for item in cast(list[Any], value))


def _type_name(spec: dict[str, Any]) -> str:
    return f"array<{_type_name(spec['items'])}>" if "items" in spec else spec["type"]


def _is_own(project: str, key: str) -> bool:
    return ":" not in key or key.startswith(f"{project}:")


def _revealed(value: Any) -> Any:
    """The value with every `{secure: text}` replaced by its text. It equals `value` if there is no secret."""
    if isinstance(value, dict):
        items = cast(dict[str, Any], value)
        return items["secure"] if set(items) == {"secure"} else {key: _revealed(item) for key, item in items.items()}
    return [_revealed(item) for item in cast(list[Any], value)] if isinstance(value, list) else value
