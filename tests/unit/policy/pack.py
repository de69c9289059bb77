"""The policy pack, called over gRPC as by the Pulumi engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from local.engine import Archive, Asset
from local.engine.wire import encode

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Item:
    """A resource, as the engine describes it to a pack: with its inputs or, for the stack rules, with its outputs."""

    type: str
    props: Mapping[str, Any]
    name: str
    urn: str
    protect: bool = False
    refers: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """By property: URNs of the resources from which it comes."""


@dataclass(frozen=True)
class Violation:
    """What the pack reports."""

    rule: str
    level: str
    message: str
    """The rule's description, and on the next line the mistake."""
    urn: str
    """URN of the resource, if a stack rule reports it."""


@dataclass(frozen=True)
class Pack:
    """The running pack."""

    stub: analyzer_pb2_grpc.AnalyzerStub

    def levels(self) -> dict[str, str]:
        """Enforcement level by rule."""
        info = self.stub.GetAnalyzerInfo(empty_pb2.Empty())
        return {policy.name: _level(policy.enforcementLevel) for policy in info.policies}

    def analyze(self, item: Item) -> list[Violation]:
        """Call the resource rules, as the engine does before it makes a resource."""
        props, options = _struct(item.props), proto.AnalyzerResourceOptions(protect=item.protect)
        request = proto.AnalyzeRequest(type=item.type, name=item.name, urn=item.urn, properties=props, options=options)
        return _violations(self.stub.Analyze(request))

    def analyze_stack(self, items: Sequence[Item]) -> list[Violation]:
        """Call the stack rules, as the engine does at the end of a preview or an update."""
        resources = [
            proto.AnalyzerResource(
                type=item.type,
                name=item.name,
                urn=item.urn,
                properties=_struct(item.props),
                options=proto.AnalyzerResourceOptions(protect=item.protect),
                propertyDependencies={
                    key: proto.AnalyzerPropertyDependencies(urns=urns) for key, urns in item.refers.items()
                },
            )
            for item in items
        ]
        return _violations(self.stub.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources)))


def _struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties in the wire format. Code and files of the page are left out, since no rule reads them."""
    struct = struct_pb2.Struct()
    struct.update({key: encode(value) for key, value in props.items() if not isinstance(value, Asset | Archive)})
    return struct


def _violations(response: proto.AnalyzeResponse) -> list[Violation]:
    return [
        Violation(item.policyName, _level(item.enforcementLevel), item.message, item.urn)
        for item in response.diagnostics
    ]


def _level(number: proto.EnforcementLevel.ValueType) -> str:
    return proto.EnforcementLevel.Name(number)
