"""What a run of the program registered, as plain data without Pulumi."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STACK = "pulumi:pulumi:Stack"


class Unknown:
    """A value that a preview cannot know yet, such as the id of a resource that is not made."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Asset:
    """A file or a text in an input; exactly one field is set. Relative paths start at the project."""

    path: str | None = None
    text: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class Archive:
    """An archive in an input: files by their path in it, or a folder or an archive file at `path` or `uri`."""

    assets: "Mapping[str, Asset | Archive] | None" = None
    path: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it, with what the provider answered.

    Property names are Pulumi's (`cidrBlock`). Values are plain Python: secrets unwrapped (`secret_inputs` names
    them), whole numbers as int, files as `Asset` and `Archive`, and `UNKNOWN` in a preview.
    """

    urn: str
    type: str
    name: str
    custom: bool
    """False for components and the stack, which exist in the program only."""
    parent: str
    """URN; empty for the stack itself."""
    inputs: dict[str, Any]
    """As AWS would receive them, with the provider's default tags."""
    region: str
    """The region of the resource. For a global service, the region of the provider. Empty for components."""
    provider: str
    """URN of the explicit provider; empty for the default one."""
    dependencies: tuple[str, ...]
    """URNs, sorted, from `depends_on` and from the inputs."""
    property_dependencies: dict[str, tuple[str, ...]]
    """By the name of an input: URNs of the resources that it needs."""
    secret_inputs: frozenset[str]
    source: str
    """`file:line` of the program that made it, relative to the project."""
    options: dict[str, Any]
    """The options that were given, by Pulumi's names: protect, deleteBeforeReplace, ignoreChanges, aliases, …"""
    read: bool
    """True if the program looked it up with `.get()`. Such a resource belongs to another program."""
    id: str
    """Empty for components, and in a preview."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """Inputs and computed values. For a component, the values that it gave to `register_outputs`."""


@dataclass(frozen=True)
class Log:
    """A message of the program: severity is info, warning or error."""

    severity: str
    message: str
    urn: str


@dataclass
class Deployment:
    """What one run registered, in the order of registration (parents and dependencies come first)."""

    project: str
    stack: str
    registrations: list[Registration]
    exports: dict[str, Any]
    logs: list[Log]

    def of_type(self, *types: str) -> list[Registration]:
        """All registrations that have one of these type tokens."""
        return [item for item in self.registrations if item.type in types]

    def one(self, type_: str, name: str | None = None) -> Registration:
        """The only registration of a type, or the one with this name.

        Raises:
            LookupError: if there is none or several. The message names those that there are.
        """
        found = [item for item in self.of_type(type_) if name in (None, item.name)]
        if len(found) != 1:
            raise LookupError(f"expected one {type_}, got {[item.name for item in self.of_type(type_)]}")
        return found[0]


@dataclass(frozen=True)
class Problem:
    """One mistake, and where it is. Fields that do not apply are empty."""

    message: str
    urn: str = ""
    property: str = ""
    source: str = ""

    def __str__(self) -> str:
        *_, types, name = ["", *self.urn.split("::")]
        resource = f"{types.split('$')[-1]} {name!r}" if name else ""
        return ": ".join(part for part in (self.source, resource, self.property, self.message) if part)


class ProgramError(Exception):
    """The program, its config or its resources have mistakes. It holds every problem that one run could find."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))
