"""What the serving tier reads of the declared platform, and the check that it read all of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol


class Declared(Protocol):
    """One registered resource: its type token, logical name, inputs as declared, and what realising it gave."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


class NotOnLaptop(ValueError):
    """The platform declares something that the laptop cannot do; the message lists all of it."""


def of_type(resources: Iterable[Declared], token: str) -> list[Declared]:
    """The resources of one type token, in the order of their registration."""
    return [resource for resource in resources if resource.type == token]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _leaves(item, path)
    else:
        yield path, value


def unknown_properties(
    resource: Declared, *, honoured: Iterable[str], no_effect: Mapping[str, str] | None = None
) -> list[str]:
    """Complaints about properties that are neither honoured nor on the list of those without effect on the laptop.

    A listed path covers everything below it. What is unset, empty or false asks for nothing, and is never a complaint.
    """
    known = [*honoured, *(no_effect or {})]
    return [
        f"{resource.type} {resource.name!r}: {path} = {value!r} has no counterpart on the laptop"
        for path, value in _leaves(resource.inputs)
        if value not in (None, False, "") and not any(path == entry or path.startswith(f"{entry}.") for entry in known)
    ]
