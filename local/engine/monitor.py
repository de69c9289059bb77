"""Answers the program in place of the Pulumi engine: it checks and records resources, and asks the provider."""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from local.engine import schema
from local.engine.config import Config
from local.engine.model import STACK, Log, Problem, Registration
from local.engine.recording import RecordingProvider
from local.engine.wire import SECRET, decode_all, encode

_PROVIDERS = "pulumi:providers:"
_OPTIONS = (
    "protect", "retainOnDelete", "deleteBeforeReplace", "ignoreChanges", "replaceOnChanges", "aliases", "deletedWith",
    "importId", "customTimeouts",
)  # fmt: skip


class Engine:
    """Keeps the program's log messages, without the SDK's own debugging."""

    def __init__(self) -> None:
        self.logs: list[Log] = []

    def Log(self, request: Any) -> empty_pb2.Empty:
        """Receive one message."""
        if request.severity != engine_pb2.DEBUG:
            self.logs.append(Log(engine_pb2.LogSeverity.Name(request.severity).lower(), request.message, request.urn))
        return empty_pb2.Empty()


class Monitor(mocks.MockMonitor):
    """Sees whole requests: parents, dependencies, options, source lines. `pulumi.runtime.Mocks` does not see these.

    A resource with a problem is answered as failed. Values that depend on it are then unknown, but resources that use
    them are still checked, so one run finds every problem of a program. In an update, an output that the provider did
    not give is unknown too. If it were None, `Output.format("{0}/*", x.arn)` would silently become "None/*".
    """

    def __init__(self, provider: RecordingProvider, config: Config, stack: str, root: Path, *, preview: bool) -> None:
        super().__init__(cast(mocks.Mocks, None))  # the methods that would use it are all overridden
        self.provider, self.config, self.stack, self.root, self.preview = provider, config, stack, root, preview
        self.registrations: dict[str, Registration] = {}
        self.exports: dict[str, Any] = {}
        self.unknown_exports: set[str] = set()
        self.problems: list[Problem] = []
        self.causes: list[Exception] = []
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        # Region and default tags by the URN of an explicit provider; "" is the default one.
        self._providers = {"": (config.values.get("aws:region", ""), _tags(config.values.get("aws:defaultTags")))}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's URN. It holds the types of all parents but the stack."""
        parents = parent.split("::")[2] if parent else STACK
        qualified = type_ if parents == STACK else f"{parents}${type_}"
        return f"urn:pulumi:{self.stack}::{self.config.project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        """Make a resource, or record a component."""
        return resource_pb2.RegisterResourceResponse(**self._register(request, "object", ""))

    def ReadResource(self, request: Any) -> resource_pb2.ReadResourceResponse:
        """Look up a resource that another program made (`.get()`). Only its id describes it."""
        return resource_pb2.ReadResourceResponse(**self._register(request, "properties", request.id))

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:
        """Keep the outputs of a component or of the stack. The stack's outputs are the exports."""
        unknowns: set[str] = set()
        outputs = decode_all(request.outputs, set(), unknowns)
        if self.registrations[request.urn].type == STACK:
            self.exports, self.unknown_exports = outputs, unknowns
        self.registrations[request.urn].outputs.update(outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> resource_pb2.ResourceInvokeResponse:
        """Answer a data source."""
        args, answer = decode_all(request.args, set(), set()), struct_pb2.Struct()
        region, _ = self._provider(request.provider)
        try:
            answer.update(self.provider.invoke(request.tok, args, args.get("region") or region))
        except Exception as error:
            self._refuse(Problem(f"{request.tok} {error}"), error)
            return resource_pb2.ResourceInvokeResponse(failures=[provider_pb2.CheckFailure(reason=str(error))])
        return resource_pb2.ResourceInvokeResponse(**cast(Any, {"return": answer}))

    def uncomputed(self, urns: Iterable[str]) -> str:
        """A message that names the outputs of these resources that the provider did not compute."""
        gaps: list[str] = []
        for item in (self.registrations[urn] for urn in sorted(urns)):
            always = [key for key, (_, is_set) in schema.output_types(item.type).items() if is_set]
            if absent := sorted(set(always) - set(item.outputs)):
                gaps.append(f"{item.type} {item.name!r} has no {', '.join(absent)}")
        return f"needs an output that nothing computed: {'; '.join(gaps)}"

    def _register(self, request: Any, field: str, read_id: str) -> dict[str, Any]:
        """Check, make and record one resource. Returns the fields of the response; the properties are in `field`."""
        sent, unknowns = getattr(request, field), set[str]()
        item = self._registration(request, sent, read_id, unknowns)
        with self._lock:
            twice = item.urn in self.registrations
            self.registrations.setdefault(item.urn, item)
        mistakes = [f"is registered twice; give it another name ({item.urn})"] if twice else []
        problems = [_problem(item, "", mistake) for mistake in mistakes] or [*self._mistakes(item, request, unknowns)]
        self.problems += problems
        lacking = item.custom and unknowns and not self.preview
        made = None if problems or lacking else self._make(item)
        if made:
            self.registrations[item.urn] = made
            answer = _answer(made, sent, request.additionalSecretOutputs)
        else:
            self._failed.add(item.urn)
            answer = struct_pb2.Struct()
        result = resource_pb2.SUCCESS if made else resource_pb2.FAIL
        id_ = made.id if made else read_id
        return {"urn": item.urn, "id": id_, "result": result, "unknown": not self.preview, field: answer}

    def _registration(self, request: Any, sent: Any, read_id: str, unknowns: set[str]) -> Registration:
        secrets = set[str]()
        inputs = decode_all(sent, secrets, unknowns)
        region, default_tags = self._provider(request.provider)
        custom = bool(read_id or request.custom)
        if default_tags and custom and not read_id and "tags" not in unknowns and schema.takes_tags(request.type):
            inputs["tags"] = {**default_tags, **inputs.get("tags", {})}
        needs = {} if read_id else request.propertyDependencies
        path = Path(unquote(urlparse(request.sourcePosition.uri).path))
        place = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return Registration(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            custom=custom,
            parent=request.parent,
            inputs=inputs,
            region=inputs.get("region", region) if custom else "",
            provider=request.provider.rpartition("::")[0],
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={key: tuple(sorted(value.urns)) for key, value in needs.items()},
            secret_inputs=frozenset(secrets),
            source=f"{place}:{request.sourcePosition.line}",
            options={} if read_id else _options(request),
            read=bool(read_id),
            id=read_id,
        )

    def _mistakes(self, item: Registration, request: Any, unknowns: set[str]) -> Iterator[Problem]:
        """The program's mistakes about one resource."""
        if not item.read and request.transforms:
            yield _problem(item, "", "transforms are not run here; change the resource where it is made")
        if item.type.startswith(_PROVIDERS):
            if not isinstance(item.inputs.get("region"), str):
                yield _problem(item, "region", "must be given: an explicit provider does not read aws:region")
        elif item.custom and not item.read:
            for path, message in schema.check(item.type, item.inputs):
                secret = re.split(r"[.[]", path)[0] in item.secret_inputs
                yield _problem(item, path, "does not fit its type" if secret else message)
            if not item.region:
                yield _problem(item, "region", "is not set: give it, its provider or aws:region one")
        for key in sorted(unknowns) if item.custom and not self.preview else []:
            needed = item.property_dependencies.get(key, item.dependencies)
            if not self._failed.intersection(
                needed
            ):  # otherwise another problem makes it unknown, which is reported already
                yield _problem(item, key, self.uncomputed(needed))

    def _make(self, item: Registration) -> Registration | None:
        """The registration with its id and outputs. If the provider refuses, None, and a problem is recorded."""
        id_, computed = item.id, dict[str, Any]()
        if not item.custom:
            return item
        try:
            if item.type.startswith(_PROVIDERS):
                id_ = item.name
                self._providers[item.urn] = (item.inputs["region"], _tags(item.inputs.get("defaultTags")))
            elif item.read:
                computed = RecordingProvider().read(item.type, item.name, item.inputs, item.region, item.id)
            elif not self.preview:
                id_, computed = self.provider.create(item.type, item.name, item.inputs, item.region)
        except Exception as error:
            self._refuse(_problem(item, "", str(error) or repr(error)), error)
            return None
        known = schema.output_types(item.type)
        computed["region"], computed["tagsAll"] = item.region, item.inputs.get("tags", {})
        outputs = {key: value for key, value in computed.items() if key in known and value is not None}
        return replace(item, id=id_, outputs={**item.inputs, **outputs})

    def _provider(self, reference: str) -> tuple[str, dict[str, str]]:
        return self._providers.get(reference.rpartition("::")[0], self._providers[""])

    def _refuse(self, problem: Problem, cause: Exception) -> None:
        self.problems.append(problem)
        self.causes.append(cause)


def _problem(item: Registration, property_: str, message: str) -> Problem:
    return Problem(message, item.urn, property_, item.source)


def _tags(default_tags: Any) -> dict[str, str]:
    """A provider's default tags, which arrive as JSON. They may be unknown or absent."""
    return json.loads(default_tags).get("tags", {}) if isinstance(default_tags, str) else {}


def _options(request: Any) -> dict[str, Any]:
    given = {field.name: value for field, value in request.ListFields() if field.name in _OPTIONS}
    said = json_format.MessageToDict(resource_pb2.RegisterResourceRequest(**given))
    if request.deleteBeforeReplaceDefined:
        said["deleteBeforeReplace"] = request.deleteBeforeReplace  # the conversion leaves out False
    return said


def _answer(item: Registration, sent: struct_pb2.Struct, secret_outputs: Iterable[str]) -> struct_pb2.Struct:
    """The properties of a made resource: those that were sent, unchanged, so that files and secrets stay what they are,
    and the outputs."""
    answer = struct_pb2.Struct()
    answer.CopyFrom(sent)
    types = schema.output_types(item.type)
    for key, value in item.outputs.items():
        if isinstance(value, dict | list) and types.get(key, (None, True))[0] is str:
            answer[key] = json.dumps(value)  # a policy given as a map comes back as a document
        elif key not in item.secret_inputs and (key not in item.inputs or key == "tags" or value != item.inputs[key]):
            answer[key] = encode(value)
        if key in secret_outputs:
            answer[key] = {**SECRET, "value": answer[key]}
    return answer
