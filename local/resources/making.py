"""Turns a registration's inputs into AWS calls, by botocore's shapes.

A handler names the operations. A property becomes the parameter of the same name, converted to the parameter's type.
No property is lost: one that no call took must be on the handler's list of ignored properties, with a reason.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from local.clients import client

Handler = Callable[["Making"], tuple[str, dict[str, Any]]]
HANDLERS: dict[str, Handler] = {}
IGNORED: dict[str, Mapping[str, str]] = {}


def makes(type_: str, ignores: Mapping[str, str] | None = None) -> Callable[[Handler], Handler]:
    """Register a handler for a type token. A handler returns the id, and the outputs that do not follow from the id.

    `ignores` has a reason for each property that the laptop does not carry over; a nested one is `outer.inner`.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[type_], IGNORED[type_] = handler, ignores or {}
        return handler

    return register


@dataclass
class Making:
    """One resource that is being made. A handler works with it."""

    endpoint_url: str | None
    """URL of AWS; see `local.clients.client`."""
    name: str
    """The physical name."""
    inputs: dict[str, Any]
    """Properties that no call has taken yet."""
    region: str
    dropped: list[str] = field(default_factory=list[str])
    """Paths of nested properties for which a call had no parameter."""

    def take(self, key: str, default: Any = None) -> Any:
        """Take one property, which the handler passes on itself."""
        return self.inputs.pop(key, default)

    def take_all(self) -> dict[str, Any]:
        """Take all properties that are left, for a call with one parameter for all of them."""
        rest = dict(self.inputs)
        self.inputs.clear()
        return rest

    def tag_specification(self, resource_type: str) -> list[dict[str, Any]]:
        """The tags in EC2's form."""
        tags = self.take("tags")
        return [{"ResourceType": resource_type, "Tags": tags}] if tags else []

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        """Call an operation with the `given` parameters, and with all remaining properties for which it has parameters.

        Parameters that are None are left out.
        """
        aws = client(service, self.region, self.endpoint_url)
        api_name = aws.meta.method_to_api_mapping[operation]
        members: dict[str, Any] = aws.meta.service_model.operation_model(api_name).input_shape.members
        by_name = {_plain_name(member): member for member in members if member not in given}
        for key in list(self.inputs):
            if member := _member_for(key, by_name):
                given[member] = self.inputs.pop(key)
        fitted = {key: self._fit(value, members[key], key) for key, value in given.items() if value is not None}
        return getattr(aws, operation)(**fitted)

    def _fit(self, value: Any, shape: Any, path: str) -> Any:
        """The value in botocore's form: tag maps and single blocks become lists, numbers and documents become text."""
        match shape.type_name:
            case "structure" if not isinstance(value, dict):
                raise TypeError(f"{path} must be a map, not {value!r}")
            case "structure":
                return self._fit_structure(value, shape, path)
            case "list":
                if isinstance(value, dict) and {"key", "value"} <= {name.lower() for name in _members(shape.member)}:
                    value = [{"key": key, "value": item} for key, item in cast(dict[str, Any], value).items()]
                items = value if isinstance(value, list) else [value]
                return [self._fit(item, shape.member, path) for item in items]
            case "map":
                return {key: self._fit(item, shape.value, f"{path}.{key}") for key, item in value.items()}
            case scalar:
                return _SCALARS.get(scalar, lambda same: same)(value)

    def _fit_structure(self, value: dict[str, Any], shape: Any, path: str) -> dict[str, Any]:
        by_name = {_plain_name(member): member for member in shape.members}
        fitted: dict[str, Any] = {}
        for key, item in value.items():
            if member := _member_for(key, by_name):
                fitted[member] = self._fit(item, shape.members[member], f"{path}.{key}")
            else:
                self.dropped.append(f"{path}.{key}")
        return fitted


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda value: value in (True, "true"),
}


def _members(shape: Any) -> list[str]:
    return list(getattr(shape, "members", ()))


def _plain_name(name: str) -> str:
    return name.replace("_", "").lower()


def _member_for(key: str, by_name: Mapping[str, str]) -> str | None:
    """AWS's name for a property. Pulumi's name differs from it only in case, and in singular or plural."""
    name = _plain_name(key)
    return by_name.get(name) or by_name.get(f"{name}s") or by_name.get(name.removesuffix("s"))
