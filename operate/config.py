"""A stack's config file as text: what a verb changes in it, and no other character.

Node images are pinned in it because one that is looked up anew would change previews by itself, and keep an instance
refresh from rolling back.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operate.cloud import DEMO, PROJECT
from operate.screen import Refusal


def path_of(stack: str | None) -> Path:
    """Where the config of a stack on AWS is. Raises Refusal where there is none."""
    if stack in (None, DEMO):
        raise Refusal(
            "name a stack on AWS with --stack: this verb changes its config, and the demo is not deployed again"
        )
    path = PROJECT / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        names = sorted(file.name.split(".")[1] for file in PROJECT.glob("Pulumi.*.yaml"))
        known = ", ".join(name for name in names if name != DEMO)
        raise Refusal(f"--stack {stack}: there is no {path.name}; there are {known}")
    return path


def home(text: str) -> str:
    """The home region of a config; "" where it names none."""
    return str(yaml.safe_load(text)["config"].get("aws:region", ""))


def regions(text: str) -> dict[str, yaml.MappingNode]:
    """Where each region stands in a config. Raises Refusal for a config that has none."""
    try:
        tree = yaml.compose(text, yaml.SafeLoader)
        config = _entries(_entries(tree)["config"])
        return _entries(next(value for key, value in config.items() if key.endswith(":regions")))
    except (KeyError, StopIteration, AttributeError, yaml.YAMLError):
        raise Refusal("the config has no regions; README.md shows the form") from None


def _entries(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value}


def images(text: str) -> dict[str, str]:
    """The node image of each region. Raises Refusal for a config that does not name them all."""
    return {region: node.value for region, node in _pins(text).items()}


def _pins(text: str) -> dict[str, yaml.ScalarNode]:
    try:
        return {region: _entries(place)["ami"] for region, place in regions(text).items()}
    except (KeyError, AttributeError, TypeError):
        raise Refusal("the config has no regions with an ami each; README.md shows the form") from None


def with_images(text: str, new: Mapping[str, str]) -> str:
    """The text with the image of each region replaced by `new[region]`."""
    # From the end, so that a longer or shorter id does not move the places that are still to come.
    for region, node in sorted(_pins(text).items(), key=lambda pin: pin[1].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + new[region] + text[node.end_mark.index :]
    return text


def with_value(text: str, key: str, value: str) -> str:
    """The text with one of the project's own plain values as said, in a line before the regions if it is new."""
    tree = yaml.compose(text, yaml.SafeLoader)
    regions(text)  # refuses what is no config
    entries = _entries(_entries(tree)["config"])
    if (node := next((node for name, node in entries.items() if name.endswith(f":{key}")), None)) is not None:
        return text[: node.start_mark.index] + value + text[node.end_mark.index :]
    config: Any = _entries(tree)["config"]
    place = next(name for name, _ in config.value if name.value.endswith(":regions"))
    line = f"{place.value.partition(':')[0]}:{key}: {value}\n" + " " * place.start_mark.column
    return text[: place.start_mark.index] + line + text[place.start_mark.index :]


def with_serving(text: str, region: str, serving: bool) -> str:
    """The text with `serving` of one region as said. Raises Refusal for a region that it does not have."""
    places = regions(text)
    if region not in places:
        raise Refusal(f"{region}: is no region of this stack; it has {', '.join(places)}")
    place, word = places[region], str(serving).lower()
    if (value := _entries(place).get("serving")) is not None:
        return text[: value.start_mark.index] + word + text[value.end_mark.index :]
    # Before the first entry, written as that one is: behind a comma, or on a line of its own.
    first: Any = place.value[0][0]
    gap = ", " if place.flow_style else "\n" + " " * first.start_mark.column
    return f"{text[: first.start_mark.index]}serving: {word}{gap}{text[first.start_mark.index :]}"
