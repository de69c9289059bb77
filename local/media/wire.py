"""The API's shapes: requests are checked and answers written by botocore's own model of MediaConvert. Touches nothing.

The SDK checks types and required members, and passes `Type: "NOPE"`; the service also checks enumerations, patterns and
ranges, so the model is walked for those here. Paths in messages are the service's: `/settings/inputs/0/fileInput`.
"""

import re
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

MODEL = ServiceModel(Loader().load_service_model("mediaconvert", "service-2"), "mediaconvert")

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "timestamp": (int, float),
}


class ApiError(Exception):
    """An answer other than success. `code` is one of the model's exceptions, and fixes the HTTP status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = int(MODEL.shape_for(code).metadata["error"]["httpStatusCode"])


def read_request(operation: OperationModel, wire: dict[str, Any]) -> dict[str, Any]:
    """The request's members by the SDK's names. Raises BadRequestException naming the path and value of every fault."""
    if operation.input_shape is None:
        return {}
    problems: list[str] = []
    arguments = _read(operation.input_shape, wire, "", problems)
    if problems:
        raise ApiError("BadRequestException", "; ".join(problems))
    return arguments


def _read(shape: Shape, value: Any, path: str, problems: list[str]) -> Any:
    mistyped = isinstance(value, bool) and shape.type_name != "boolean"
    if mistyped or not isinstance(value, JSON_TYPES[shape.type_name]):
        problems.append(f"{path or '/'}: Should be a {shape.type_name}, not {value!r}")
        return value
    if isinstance(shape, StructureShape):
        members = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        present = {wire: item for wire, item in value.items() if item is not None}
        problems += [f"{path}/{wire}: Unknown member" for wire in present.keys() - members.keys()]
        required = [wire for wire, name in members.items() if name in shape.required_members]
        problems += [f"{path}/{wire}: Is required" for wire in required if wire not in present]
        known = [(wire, members[wire], item) for wire, item in present.items() if wire in members]
        return {name: _read(shape.members[name], item, f"{path}/{wire}", problems) for wire, name, item in known}
    if isinstance(shape, MapShape):
        return {key: _read(shape.value, item, f"{path}/{key}", problems) for key, item in value.items()}
    if isinstance(shape, ListShape):
        return [_read(shape.member, item, f"{path}/{index}", problems) for index, item in enumerate(value)]
    problems += [f"{path}: {rule}, not {value!r}" for rule in _broken_rules(shape, value)]
    return value


def _broken_rules(shape: Shape, value: Any) -> list[str]:
    rules = dict(shape.metadata)
    if shape.type_name == "double":
        # The model drops the limits of doubles, and keeps them in their names: __doubleMinNegative8Max0.
        for bound, sign, digits in re.findall(r"(Min|Max)(Negative)?(\d+)", shape.name):
            rules[bound.lower()] = int(digits) * (-1 if sign else 1)
    size, unit = (len(value), " characters") if isinstance(value, str) else (value, "")
    broken: list[str] = []
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        broken.append(f"Should be one of {', '.join(shape.enum)}")
    if "pattern" in rules and not re.search(rules["pattern"], value):
        broken.append(f"Should match {rules['pattern']}")
    if "min" in rules and size < rules["min"]:
        broken.append(f"Should be at least {rules['min']}{unit}")
    if "max" in rules and size > rules["max"]:
        broken.append(f"Should be at most {rules['max']}{unit}")
    return broken


def write_answer(shape: Shape | None, value: Any) -> Any:
    """The answer's members by their names on the wire; absent ones (None) are left out, as the service does."""
    if isinstance(shape, StructureShape):
        present = [(shape.members[name], name, item) for name, item in value.items() if item is not None]
        return {member.serialization.get("name", name): write_answer(member, item) for member, name, item in present}
    if isinstance(shape, ListShape):
        return [write_answer(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: write_answer(shape.value, item) for key, item in value.items()}
    return value or {} if shape is None else value
