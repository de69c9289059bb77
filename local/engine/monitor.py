"""What answers the program in place of the Pulumi engine: it checks, records and asks the provider."""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from local.engine import schema
from local.engine.config import Config
from local.engine.model import STACK, Log, Problem, Provider, Registration
from local.engine.recording import describe
from local.engine.wire import SECRET, decode_all, encode

_AWS_PROVIDER = "pulumi:providers:aws"


class Engine:
    """Keeps the program's log messages; the SDK's own debugging is dropped."""

    def __init__(self) -> None:
        self.logs: list[Log] = []

    def Log(self, request: Any) -> empty_pb2.Empty:
        """Receive one message."""
        if request.severity != engine_pb2.DEBUG:
            self.logs.append(Log(engine_pb2.LogSeverity.Name(request.severity).lower(), request.message, request.urn))
        return empty_pb2.Empty()


@dataclass(frozen=True)
class _AwsProvider:
    """What a provider adds to its resources."""

    region: str
    default_tags: dict[str, str] = field(default_factory=dict[str, str])


class Monitor(mocks.MockMonitor):
    """Sees whole requests, which `pulumi.runtime.Mocks` does not: parents, dependencies, options, source lines.

    A resource with a problem is answered as failed, so that what depends on it is unknown, is still checked, and
    every problem of a program is found in one run. In an update every output that the provider did not give is
    unknown as well: were it None, `Output.format("{}/*", x.arn)` would quietly be "None/*".
    """

    def __init__(self, provider: Provider, config: Config, stack: str, root: Path, *, preview: bool) -> None:
        super().__init__(cast(mocks.Mocks, None))  # the methods that would use it are all overridden
        self.provider, self.config, self.stack, self.root, self.preview = provider, config, stack, root, preview
        self.registrations: dict[str, Registration] = {}
        self.exports: dict[str, Any] = {}
        self.unknown_exports: set[str] = set()
        self.problems: list[Problem] = []
        self.causes: list[Exception] = []
        self.failed: set[str] = set()
        tags = json.loads(config.values.get("aws:defaultTags", "{}")).get("tags", {})
        self._aws = {"": _AwsProvider(config.values.get("aws:region", ""), tags)}
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's URN: it holds the types of all the parents, the stack's excepted."""
        parents = parent.split("::")[2] if parent else STACK
        qualified = type_ if parents == STACK else f"{parents}${type_}"
        return f"urn:pulumi:{self.stack}::{self.config.project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        """Make a resource, or record a component."""
        urn, made, answer = self._register(request, request.object, read_id="")
        result, id_ = (resource_pb2.SUCCESS, made.id) if made else (resource_pb2.FAIL, "")
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=id_, object=answer, result=result, unknown=not self.preview
        )

    def ReadResource(self, request: Any) -> resource_pb2.ReadResourceResponse:
        """Look up a resource that someone else made (`.get()`): it is described from its id alone."""
        urn, made, answer = self._register(request, request.properties, read_id=request.id)
        result = resource_pb2.SUCCESS if made else resource_pb2.FAIL
        return resource_pb2.ReadResourceResponse(
            urn=urn, id=request.id, properties=answer, result=result, unknown=not self.preview
        )

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:  # noqa: ARG002 - the SDK's signature
        """Refuse, as for a transform of one resource: a transform that is not run changes what is deployed."""
        self.problems.append(Problem("transforms are not run here; change the resource where it is made"))
        return empty_pb2.Empty()

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:
        """Keep a component's outputs, or the stack's: those are the exports."""
        unknowns: set[str] = set()
        outputs = decode_all(request.outputs, set(), unknowns)
        with self._lock:
            if self.registrations[request.urn].type == STACK:
                self.exports, self.unknown_exports = outputs, unknowns
            else:
                self.registrations[request.urn].outputs.update(outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> resource_pb2.ResourceInvokeResponse:
        """Answer a data source."""
        args = decode_all(request.args, set(), set())
        aws = self._aws_provider(request.provider)
        try:
            answer = self.provider.invoke(request.tok, args, args.get("region") or aws.region)
        except Exception as error:
            self._refuse(Problem(f"{request.tok}: {error}"), error)
            failure = provider_pb2.CheckFailure(reason=str(error))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        struct = struct_pb2.Struct()
        struct.update(answer)
        return resource_pb2.ResourceInvokeResponse(**cast(Any, {"return": struct}))

    def _register(
        self, request: Any, wire: struct_pb2.Struct, read_id: str
    ) -> tuple[str, Registration | None, struct_pb2.Struct]:
        """Check, make and record one resource: its URN, itself if it could be made, and its properties."""
        urn = self.make_urn(request.parent, request.type, request.name)
        secrets: set[str] = set()
        unknowns: set[str] = set()
        inputs = decode_all(wire, secrets, unknowns)
        custom = bool(read_id or request.custom)
        provider = self._aws_provider(request.provider)
        if custom and not read_id and "tags" not in unknowns and schema.takes_tags(request.type):
            inputs["tags"] = {**provider.default_tags, **inputs.get("tags", {})}
        registration = Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=custom,
            parent=request.parent,
            inputs=inputs,
            region=inputs.get("region", provider.region) if custom else "",
            provider=request.provider.rpartition("::")[0],
            dependencies=tuple(sorted(request.dependencies)),
            secret_inputs=frozenset(secrets),
            source="" if request.type == STACK else self._source(request.sourcePosition),
            read=bool(read_id),
            id=read_id,
            **({} if read_id else _options(request)),
        )
        with self._lock:
            if urn in self.registrations:
                self.problems.append(_problem(registration, "", f"is registered twice; give it another name ({urn})"))
                return urn, None, struct_pb2.Struct()
            self.registrations[urn] = registration
        if not custom:
            return urn, registration, wire
        mistakes = [] if read_id else [*self._mistakes(registration, request)]
        mistakes += [] if self.preview else self._uncomputed(registration, unknowns)
        self.problems += mistakes
        made = None if mistakes or (unknowns and not self.preview) else self._make(registration)
        if not made:
            self.failed.add(urn)
            return urn, None, struct_pb2.Struct()
        self.registrations[urn] = made
        return urn, made, _answer(made, wire, request.additionalSecretOutputs)

    def _mistakes(self, registration: Registration, request: Any) -> Iterator[Problem]:
        """What the program got wrong about one resource."""
        if request.transforms:
            yield _problem(registration, "", "transforms are not run here; change the resource where it is made")
        if registration.type.startswith("pulumi:providers:"):
            if registration.type == _AWS_PROVIDER and not isinstance(registration.inputs.get("region"), str):
                yield _problem(registration, "region", "must be given: an explicit provider does not read aws:region")
            return
        for path, message in schema.check(registration.type, registration.inputs):
            secret = re.split(r"[.[]", path)[0] in registration.secret_inputs
            yield _problem(registration, path, "does not fit its type" if secret else message)
        if not registration.region:
            yield _problem(registration, "region", "is not set: give it, its provider or aws:region one")

    def _uncomputed(self, registration: Registration, unknowns: set[str]) -> Iterator[Problem]:
        """What an update cannot know because no provider said it, and not because something else failed."""
        for key in sorted(unknowns):
            causes = registration.property_dependencies.get(key, registration.dependencies)
            if not self.failed.intersection(causes):
                yield _problem(registration, key, self.uncomputed(causes))

    def uncomputed(self, urns: Iterable[str]) -> str:
        """Say which outputs of some resources nothing computed."""
        gaps: list[str] = []
        for item in (self.registrations[urn] for urn in sorted(urns)):
            always = [key for key, (_, is_set) in schema.output_types(item.type).items() if is_set]
            if absent := sorted(set(always) - set(item.outputs)):
                gaps.append(f"{item.type} {item.name!r} has no {', '.join(absent)}")
        return f"needs an output that nothing computed: {'; '.join(gaps)}"

    def _make(self, item: Registration) -> Registration | None:
        """The registration with its id and outputs; None, and a problem, if the provider refuses."""
        id_, computed = item.id, dict[str, Any]()
        try:
            if item.type.startswith("pulumi:providers:"):
                id_ = item.name
                self._aws[item.urn] = _AwsProvider(item.inputs.get("region", ""), _tags(item.inputs))
            elif item.read:
                computed = describe(item.type, item.name, item.inputs, item.region, item.id)
            elif not self.preview:
                id_, computed = self.provider.create(item.type, item.name, item.inputs, item.region)
        except Exception as error:
            self._refuse(_problem(item, "", str(error) or repr(error)), error)
            return None
        outputs = {**item.inputs, **{key: value for key, value in computed.items() if value is not None}}
        known = schema.output_types(item.type)
        if "region" in known:
            outputs["region"] = item.region
        if "tagsAll" in known and "tags" in item.inputs:
            outputs["tagsAll"] = item.inputs["tags"]
        return replace(item, id=id_, outputs=outputs)

    def _aws_provider(self, reference: str) -> _AwsProvider:
        return self._aws.get(reference.rpartition("::")[0], self._aws[""])

    def _refuse(self, problem: Problem, cause: Exception) -> None:
        self.problems.append(problem)
        self.causes.append(cause)

    def _source(self, position: Any) -> str:
        path = Path(unquote(urlparse(position.uri).path))
        return f"{path.relative_to(self.root) if path.is_relative_to(self.root) else path}:{position.line}"


def _problem(item: Registration, property_: str, message: str) -> Problem:
    return Problem(message, item.urn, property_, item.source)


def _options(request: Any) -> dict[str, Any]:
    aliases = (
        [alias.urn, *(str(value) for _, value in alias.spec.ListFields() if value != "")] for alias in request.aliases
    )
    return {
        "property_dependencies": {
            key: tuple(sorted(value.urns)) for key, value in request.propertyDependencies.items()
        },
        "protect": request.protect,
        "retain_on_delete": request.retainOnDelete,
        "delete_before_replace": request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        "ignore_changes": tuple(request.ignoreChanges),
        "replace_on_changes": tuple(request.replaceOnChanges),
        "aliases": tuple(":".join(part for part in parts if part) for parts in aliases),
        "deleted_with": request.deletedWith,
    }


def _tags(provider_inputs: dict[str, Any]) -> dict[str, str]:
    """An explicit provider's default tags: its inputs that are not text travel as JSON."""
    text = provider_inputs.get("defaultTags", "{}")
    return json.loads(text).get("tags", {}) if isinstance(text, str) else {}


def _answer(item: Registration, wire: struct_pb2.Struct, secret_outputs: Iterable[str]) -> struct_pb2.Struct:
    """The properties of a made resource: what was sent, so that files and secrets stay what they are, and the rest."""
    answer = struct_pb2.Struct()
    answer.CopyFrom(wire)
    types = schema.output_types(item.type)
    for key, value in item.outputs.items():
        if isinstance(value, dict | list) and types.get(key, (None, True))[0] is str:
            answer[key] = json.dumps(value)  # a policy given as a map comes back as a document
        elif key not in item.secret_inputs and (key not in item.inputs or key == "tags" or value != item.inputs[key]):
            answer[key] = encode(value)
        if key in secret_outputs:
            answer[key] = {**SECRET, "value": answer[key]}
    return answer
