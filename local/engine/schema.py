"""Check a program's resources against the types in the SDK.

The SDK does not check dictionaries: it silently accepts a misspelt nested key or `cidr_block=5`. Enums are open, as in
pulumi-aws: a value that is not in the enum is accepted, and AWS decides about it.
"""

import enum
import functools
import importlib
import inspect
import sys
import typing
from collections import abc
from typing import Any, cast

import pulumi
from pulumi import _types
from pulumi.runtime import rpc

from local.engine.model import UNKNOWN, Archive, Asset

Errors = list[tuple[str, str]]
_SCALARS: dict[Any, tuple[Any, str]] = {
    bool: (bool, "true or false"), int: (int, "a whole number"), float: ((int, float), "a number"), str: (str, "text"),
    pulumi.Asset: (Asset, "a file"), pulumi.Archive: (Archive, "an archive"),
}  # fmt: skip


def check(token: str, inputs: dict[str, Any]) -> Errors:
    """The mistakes in the inputs of one registration, as (path of the property, message)."""
    cls = _args_class(token)
    return _check_object(inputs, cls, "") if cls else [("", "is not a type of a package that the program imports")]


def takes_tags(token: str) -> bool:
    """Whether default tags reach the type. They do not reach an Auto Scaling group: its `tags` have another shape."""
    cls = _args_class(token)
    return cls is not None and typing.get_origin(_input_types(cls).get("tags")) in (dict, abc.Mapping)


@functools.cache
def output_types(token: str) -> dict[str, tuple[Any, bool]]:
    """The outputs of a type by Pulumi's name: (type, whether AWS always sets it). Empty for unknown types."""
    cls = _resource_class(token)
    if cls is None:
        return {}
    hints = _types._raw_return_hints(cls)
    always = {name for name, hint in hints.items() if type(None) not in typing.get_args(typing.get_args(hint)[0])}
    return {name: (type_, name in always) for name, type_ in _types.resource_types(cls).items()}


def _resource_class(token: str) -> type[pulumi.Resource] | None:
    for module in rpc._RESOURCE_MODULES.get(token.rpartition(":")[0], []):
        info = cast(Any, module).mod_info
        return getattr(importlib.import_module(info["fqn"]), info["classes"][token])
    return None


@functools.cache
def _args_class(token: str) -> type | None:
    cls = _resource_class(token)
    if cls is None:
        return None
    module = sys.modules[cls.__module__]
    # Where a nested type has the usual name, the SDK gives the arguments this other name.
    return getattr(module, f"{cls.__name__}InitArgs", None) or getattr(module, f"{cls.__name__}Args")


_input_types = functools.cache(_types.input_type_types)


@functools.cache
def _required(cls: type) -> list[str]:
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [names.get(item.name, item.name) for item in parameters if item.default is inspect.Parameter.empty]


def _check_object(value: dict[str, Any], cls: type, path: str) -> Errors:
    types = _input_types(cls)
    errors = [(f"{path}{key}", "is missing") for key in _required(cls) if key not in value]
    for key, item in value.items():
        if key in types:
            errors += _check_union(item, types[key], f"{path}{key}")
        else:
            errors.append((f"{path}{key}", f"is not a property of {cls.__name__}; it has {', '.join(sorted(types))}"))
    return errors


def _check_union(value: Any, type_: Any, path: str) -> Errors:
    """The errors for the member of the union that fits best. A value that is not known yet fits all."""
    if value is UNKNOWN:
        return []
    return min((_check_member(value, member, path) for member in _members(type_)), key=len, default=[])


@functools.cache
def _members(type_: Any) -> list[Any]:
    if not _types._is_union_type(type_):
        return [type_]
    members = [item for item in typing.get_args(type_) if item is not type(None) and not _types._is_plumbing_arg(item)]
    return [inner for member in members for inner in _members(member)]


def _check_member(value: Any, type_: Any, path: str) -> Errors:
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin in (list, abc.Sequence) and isinstance(value, list):
        items = enumerate(cast(list[Any], value))
        return [error for index, item in items for error in _check_union(item, arguments[0], f"{path}[{index}]")]
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if origin in (dict, abc.Mapping):
            return [
                error for key, item in entries.items() for error in _check_union(item, arguments[1], f"{path}.{key}")
            ]
        if inspect.isclass(type_) and _types.is_input_type(type_):
            return _check_object(entries, type_, f"{path}.")
    if inspect.isclass(type_) and issubclass(type_, enum.Enum):
        type_ = type(next(iter(type_)).value)
    python, said = _expected(type_)
    fits = isinstance(value, python) and (not isinstance(value, bool) or python in (bool, object))
    return [] if fits else [(path, f"must be {said}, not {value!r}")]


def _expected(type_: Any) -> tuple[Any, str]:
    """The Python type of a value, and the words for it in a message. `object` if the SDK accepts any type."""
    origin = typing.get_origin(type_) or type_
    if origin in (list, abc.Sequence):
        return list, "a list"
    if origin in (dict, abc.Mapping) or (inspect.isclass(type_) and _types.is_input_type(type_)):
        return dict, "a map"
    return _SCALARS.get(type_, (object, ""))
