"""Edits a stack's config file as text. Only the wanted value changes, and no other character.

The file pins the node images. If the newest image were looked up each time, previews would change by themselves, and an
instance refresh could not roll back.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operate.cloud import DEMO, PROJECT
from operate.screen import Refusal


def path_of(stack: str | None) -> Path:
    """Path of the config of a stack on AWS. Raises Refusal if there is none."""
    if stack in (None, DEMO):
        raise Refusal(
            "name a stack on AWS with --stack. This verb changes a stack's config, which the demo would never deploy"
        )
    path = PROJECT / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        names = sorted(file.name.split(".")[1] for file in PROJECT.glob("Pulumi.*.yaml"))
        known = ", ".join(name for name in names if name != DEMO)
        raise Refusal(f"--stack {stack}: there is no file {path.name}. The stacks with a config are {known}")
    return path


def home(text: str) -> str:
    """The home region of a config. "" if it names none."""
    return str(yaml.safe_load(text)["config"].get("aws:region", ""))


def regions(text: str) -> dict[str, yaml.MappingNode]:
    """Each region's node in the YAML tree of a config. Raises Refusal if it has no regions."""
    try:
        tree = yaml.compose(text, yaml.SafeLoader)
        config = _entries(_entries(tree)["config"])
        return _entries(next(value for key, value in config.items() if key.endswith(":regions")))
    except (KeyError, StopIteration, AttributeError, yaml.YAMLError):
        raise Refusal("the config has no regions. README.md shows how to write them") from None


def _entries(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value}


def images(text: str) -> dict[str, str]:
    """The node image of each region. Raises Refusal if a region has none."""
    return {region: node.value for region, node in _pins(text).items()}


def _pins(text: str) -> dict[str, yaml.ScalarNode]:
    try:
        return {region: _entries(place)["ami"] for region, place in regions(text).items()}
    except (KeyError, AttributeError, TypeError):
        raise Refusal("the config has no regions with an ami each. README.md shows how to write them") from None


def with_images(text: str, new: Mapping[str, str]) -> str:
    """The text with the image of each region replaced by `new[region]`."""
    # From the end to the beginning, since an id of another length moves everything after it.
    for region, node in sorted(_pins(text).items(), key=lambda pin: pin[1].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + new[region] + text[node.end_mark.index :]
    return text


def with_value(text: str, key: str, value: str) -> str:
    """The text with one of the project's plain values changed. A new key gets a line before the regions."""
    tree = yaml.compose(text, yaml.SafeLoader)
    regions(text)  # raises Refusal if the text is not a config
    entries = _entries(_entries(tree)["config"])
    if (node := next((node for name, node in entries.items() if name.endswith(f":{key}")), None)) is not None:
        return text[: node.start_mark.index] + value + text[node.end_mark.index :]
    config: Any = _entries(tree)["config"]
    place = next(name for name, _ in config.value if name.value.endswith(":regions"))
    line = f"{place.value.partition(':')[0]}:{key}: {value}\n" + " " * place.start_mark.column
    return text[: place.start_mark.index] + line + text[place.start_mark.index :]


def with_serving(text: str, region: str, serving: bool) -> str:
    """The text with another value of `serving` for one region. Raises Refusal if the region is not in it."""
    places = regions(text)
    if region not in places:
        raise Refusal(f"{region} is not a region of this stack. Its regions are {', '.join(places)}")
    place, word = places[region], str(serving).lower()
    if (value := _entries(place).get("serving")) is not None:
        return text[: value.start_mark.index] + word + text[value.end_mark.index :]
    # It goes before the first entry, in the same style: with a comma, or on its own line.
    first: Any = place.value[0][0]
    gap = ", " if place.flow_style else "\n" + " " * first.start_mark.column
    return f"{text[: first.start_mark.index]}serving: {word}{gap}{text[first.start_mark.index :]}"
