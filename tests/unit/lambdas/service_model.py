"""Checks a request against botocore's model of the service, including enums, patterns, minima and maxima.

botocore itself only checks types and required members: it would send `Type: "NOPE"`.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator


@cache
def service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def faults(service_name: str, operation: str, request: dict[str, Any]) -> list[str]:
    """Everything in the request that the service's model forbids, with one line for each fault. Empty if it is
    right."""
    shape = service(service_name).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    return [report.generate_report()] if report.has_errors() else list(_walk(request, shape, operation))


def _walk(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for key, member in value.items():
            yield from _walk(member, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from _walk(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from _walk(member, shape.value, f"{path}.{key}")
    else:
        yield from _scalar(value, shape, path)


def _scalar(value: Any, shape: Any, path: str) -> Iterator[str]:
    rules: dict[str, Any] = shape.metadata
    if rules.get("enum") and value not in rules["enum"]:
        yield f"{path}: {value!r} is not one of {rules['enum']}"
    if rules.get("pattern") and not re.search(rules["pattern"], value):
        yield f"{path}: {value!r} does not match {rules['pattern']}"
    size = len(value) if isinstance(value, str) else value
    if ("min" in rules and size < rules["min"]) or ("max" in rules and size > rules["max"]):
        yield f"{path}: {value!r} is outside {rules.get('min')}..{rules.get('max')}"
