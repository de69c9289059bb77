"""A rule is a function that looks at one resource and yields its violations.

A resource rule sees a resource's inputs before it is made, so a resource that breaks the rule is never made. A stack
rule sees the outputs of all resources at the end. It checks what no single resource shows. A value that a preview does
not know yet passes. The update checks it again when it is known, before the resource is made.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from pulumi_policy import (
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError


class Found(NamedTuple):
    """One violation."""

    path: str
    """The property, or a part of it."""
    value: object
    """The property's value; None if it is not set."""
    remedy: str
    """What to do, as an imperative such as "set it to true"."""


class Stack:
    """All resources, and which resource refers to which."""

    def __init__(self, resources: Sequence[PolicyResource]) -> None:
        self._resources = resources

    def referring(self, type_: str, property_: str, to: PolicyResource) -> list[PolicyResource]:
        """The resources of a type whose property comes from an output of `to`.

        It looks at dependencies and not at values, since a preview does not know names, and a reference makes a
        dependency. A bucket's name may also come from its policy, if it must not be used before the policy is in force.
        """
        return [
            item
            for item in self._resources
            if item.resource_type == type_
            for source in item.property_dependencies.get(property_, [])
            if source is to
            or (source.resource_type == BUCKET_POLICY and to in source.property_dependencies.get("bucket", []))
        ]


BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ResourceCheck: TypeAlias = Callable[[ResourceValidationArgs], Iterable[Found]]
StackCheck: TypeAlias = Callable[[PolicyResource, Stack], Iterable[Found]]


def resource_rule(name: str, description: str, *types: str) -> Callable[[ResourceCheck], ResourceValidationPolicy]:
    """Make a function a rule for resources of these types."""

    def policy(check: ResourceCheck) -> ResourceValidationPolicy:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if args.resource_type in types:
                _report(args.name, check(args), lambda message: report(message, None))

        return ResourceValidationPolicy(name, description, validate)

    return policy


def stack_rule(name: str, description: str, *types: str) -> Callable[[StackCheck], StackValidationPolicy]:
    """Make a function a rule for resources of these types, or of all types if none is named. It sees all resources."""

    def policy(check: StackCheck) -> StackValidationPolicy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            stack = Stack(args.resources)
            for item in args.resources:
                if not types or item.resource_type in types:
                    _report(item.name, check(item, stack), lambda message, urn=item.urn: report(message, urn))

        return StackValidationPolicy(name, description, validate)

    return policy


def plain(value: Any) -> Any:
    """A property as plain lists and maps. The SDK's own lists and maps raise when an unknown value is read."""
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return (
        int(value) if isinstance(value, float) and value.is_integer() else value
    )  # the engine sends whole numbers as floats


def _report(name: str, found: Iterable[Found], report: Callable[[str], None]) -> None:
    with suppress(UnknownValueError):
        for path, value, remedy in found:
            shown = "not set" if value is None else json.dumps(plain(value))
            report(f"{name}: {path} is {shown}; {remedy}.")
