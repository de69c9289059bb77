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
    """Everything in the request that the service's model forbids, one line for each fault. Empty if it is right."""
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
        yield from scalar_faults(value, shape, path)


def scalar_faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Everything in one text or number that its shape forbids. `path` begins each message."""
    rules: dict[str, Any] = shape.metadata
    if rules.get("enum") and value not in rules["enum"]:
        yield f"{path}: {value!r} is not one of {', '.join(rules['enum'])}"
    if isinstance(value, str) and (pattern := _pattern(rules.get("pattern", ""))) and not pattern.search(value):
        yield f"{path}: {value!r} does not match {rules['pattern']}"
    size = len(value) if isinstance(value, str) else value
    if isinstance(size, int | float) and not rules.get("min", size) <= size <= rules.get("max", size):
        yield f"{path}: {value!r} is outside of {rules.get('min')} to {rules.get('max')}"


@cache
def _pattern(java: str) -> re.Pattern[str] | None:
    """The pattern for Python, roughly, since Python has no \\p{L}. None if Python cannot use it."""
    try:
        return re.compile(re.sub(r"\\p\{\w+\}", r"\\w\\s", java))
    except re.error:
        return None
