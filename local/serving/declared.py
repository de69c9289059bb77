"""Reads the declared resources for the serving tier, and checks that it honours all their properties."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.engine.model import Registration

PROPERTIES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("properties.toml").read_text(encoding="utf-8"))


class NotOnLaptop(ValueError):
    """The program declares things that the laptop cannot do. The message lists them all, one per line."""


def of_type(resources: Iterable[Registration], token: str) -> list[Registration]:
    """The resources of one type token, in the order of their registration."""
    return [resource for resource in resources if resource.type == token]


def unhonoured(resources: Iterable[Registration], service: str) -> list[str]:
    """A complaint for each property of a service's resources (such as "aws:lb/") that the laptop would ignore.

    A property that is unset, empty or false needs nothing, unless properties.toml lists the values of the property.
    """
    ignored = [path for paths in PROPERTIES["no_effect"].values() for path in paths]
    complaints: list[str] = []
    for resource in resources:
        if resource.type.startswith(service) and resource.type in PROPERTIES["honoured"]:
            known = (*PROPERTIES["honoured"][resource.type], *ignored)
            values = PROPERTIES["values"].get(resource.type, {})
            for path, value in leaves(resource.inputs):
                complaint = f"{resource.type} {resource.name!r}: {path} = {value!r} "
                if path in values and value not in values[path]:
                    complaints.append(
                        f"{complaint}is not possible on the laptop. Use one of {', '.join(map(repr, values[path]))}"
                    )
                elif value not in (None, False, "") and not any(f"{path}.".startswith(f"{entry}.") for entry in known):
                    complaints.append(f"{complaint}has no counterpart on the laptop")
    return complaints


def fill(template: str, values: Mapping[str, object]) -> str:
    """The text of a template beside this module, in which each name between at signs is replaced by its value."""
    text = Path(__file__).with_name(template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of each plain value in a resource's inputs. The items of a list have the path of the list."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value
