"""What a rule is: a function that looks at one resource and yields what is wrong with it.

A resource rule sees a resource's inputs before it is made, so what breaks the rule is never made. A stack rule sees the
outputs of all resources at the end: it is for what no resource says by itself. A value that a preview cannot know yet
passes. The update asks again when it is known, still before the resource is made.
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
    """What it holds; None if it is not set."""
    remedy: str
    """What to do, as an imperative."""


class Stack:
    """All resources, and which refers to which."""

    def __init__(self, resources: Sequence[PolicyResource]) -> None:
        self._resources = resources

    def referring(self, type_: str, property_: str, to: PolicyResource) -> list[PolicyResource]:
        """The resources of a type whose property comes from an output of `to`.

        It looks at dependencies and not at values: a preview does not know names, and Pulumi orders two resources by a
        reference. A bucket's name may also come from its policy, where it must not be used before that is in force.
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
    """Make a function a rule for resources of the types."""

    def policy(check: ResourceCheck) -> ResourceValidationPolicy:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if args.resource_type in types:
                _report(args.name, check(args), lambda message: report(message, None))

        return ResourceValidationPolicy(name, description, validate)

    return policy


def stack_rule(name: str, description: str, *types: str) -> Callable[[StackCheck], StackValidationPolicy]:
    """Make a function a rule for resources of the types (of every type, if none is named) among all others."""

    def policy(check: StackCheck) -> StackValidationPolicy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            stack = Stack(args.resources)
            for item in args.resources:
                if not types or item.resource_type in types:
                    _report(item.name, check(item, stack), lambda message, urn=item.urn: report(message, urn))

        return StackValidationPolicy(name, description, validate)

    return policy


def plain(value: Any) -> Any:
    """A property as plain lists and maps. The SDK's own are proxies that raise when an unknown value is read."""
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
