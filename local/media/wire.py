"""The API's shapes: checks requests and writes answers by botocore's own model of MediaConvert. Touches nothing.

The SDK checks types and required members, but it accepts `Type: "NOPE"`. The service also checks enumerations, patterns
and ranges, so this module checks those by the model. `subset.toml` says what the laptop does with each member, so that
none is dropped silently. Paths in messages are the service's: `/settings/inputs/0/fileInput`.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

Json = dict[str, Any]

MODEL: Any = ServiceModel(Loader().load_service_model("mediaconvert", "service-2"), "mediaconvert")
SUBSET: Json = tomllib.loads(Path(__file__).with_name("subset.toml").read_text("utf-8"))

# JSON types by the model's types. All other types of the model are whole numbers, or Unix times.
TYPES: Json = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "double": (int, float)}


def _flat(table: Json, path: str = "") -> Json:
    """The rules of subset.toml by full path: "CreateJob.Settings.Inputs[].FileInput" -> "honoured"."""
    flat: Json = {}
    for key, rule in table.items():
        flat |= _flat(rule, f"{path}{key}.") if isinstance(rule, dict) else {path + key: rule}
    return flat


RULES = _flat(SUBSET)


CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "enum": lambda value, limit: value in limit,
    "pattern": lambda value, limit: bool(re.search(limit, value, re.ASCII)),
    "min": lambda value, limit: _size(value) >= limit,
    "max": lambda value, limit: _size(value) <= limit,
}


class ApiError(Exception):
    """An answer other than success. `code` is one of the model's exceptions, which has an HTTP status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, int(MODEL.shape_for(code).metadata["error"]["httpStatusCode"])


def read_request(operation: Any, wire: Json) -> Json:
    """The request's members by the SDK's names. Raises BadRequestException, with the path of every fault."""
    problems = [] if operation.name in SUBSET else [f"The laptop's MediaConvert has no {operation.name}"]
    request = _read(operation.input_shape, wire, "", operation.name, problems)
    if problems:
        raise ApiError("BadRequestException", "; ".join(problems))
    return request


def _read(shape: Any, value: Any, path: str, rule: str, problems: list[str]) -> Any:
    kind = TYPES.get(shape.type_name, int)
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        problems.append(f"{path or '/'}: Should be a {shape.type_name}, not {value!r}")
    elif shape.type_name == "structure":
        wires: dict[str, str] = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
        present = [(name, value[wire]) for name, wire in wires.items() if value.get(wire) is not None]
        needed = {name for name in wires if name in shape.required_members or RULES.get(f"{rule}.{name}") == "needed"}
        problems += [f"{path}/{wires[name]}: Is required" for name in needed - {name for name, _ in present}]
        problems += [f"{path}/{wire}: Is no member" for wire in value.keys() - wires.values()]
        problems += [f"{path}: Should have members, or be left out"] if path and not value else []
        at = {name: (f"{path}/{wires[name]}", f"{rule}.{name}", problems) for name in wires}
        return {name: _read(shape.members[name], item, *at[name]) for name, item in present}
    elif shape.type_name == "map":
        return {key: _read(shape.value, item, f"{path}/{key}", f"{rule}.*", problems) for key, item in value.items()}
    elif shape.type_name == "list":
        return [_read(shape.member, item, f"{path}/{at}", f"{rule}[]", problems) for at, item in enumerate(value)]
    else:
        problems += [f"{path}: {broken}, not {value!r}" for broken in _broken(shape, value, RULES.get(rule))]
    return value


def _size(value: Any) -> float:
    return len(value) if isinstance(value, str) else value


def _broken(shape: Any, value: Any, rule: str | list[Any] | None) -> Iterator[str]:
    for name, limit in shape.metadata.items():
        if name in CHECKS and not CHECKS[name](value, limit):
            yield f"Should keep to the {name} {limit}"
    if rule is None:
        yield "Should be left out: the laptop's encoder has no such setting (subset.toml lists those it has)"
    elif isinstance(rule, list) and value not in rule:
        yield f"Should be one of {rule}, since the laptop's encoder does no other"
    elif rule[0] == "^" and not re.fullmatch(str(rule), value, re.ASCII):
        yield f"Should match {rule}"


def write_answer(shape: Any, value: Any) -> Any:
    """The answer's members by their names in JSON. Members that are None, or not in the model, are left out."""
    if shape and shape.type_name == "structure":
        present = {name: value[name] for name in shape.members if value.get(name) is not None}
        wires = {name: shape.members[name].serialization.get("name", name) for name in present}
        return {wires[name]: write_answer(shape.members[name], item) for name, item in present.items()}
    if shape and shape.type_name == "map":
        return {key: write_answer(shape.value, item) for key, item in value.items()}
    return [write_answer(shape.member, item) for item in value] if shape and shape.type_name == "list" else value
