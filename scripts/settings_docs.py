"""`make docs`: writes the descriptions of config keys in README.md and Pulumi.yaml, from the fields of settings.py.

README.md gets the rows of its table of keys. Pulumi.yaml gets its `config`. The Pulumi CLI refuses keys of the project
that are not declared there, and shows the descriptions.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from settings import Settings

HEAD = "| Key | Default | Meaning |\n|---|---|---|\n"
# Keys without a usable default: no region is right for everybody. Settings still has a default for them, so that it can
# report all mistakes of a config without regions.
NEEDED = {"regions"}
SCHEMA = Settings.model_json_schema()
# The home region is not a key of the project: it is aws:region.
KEYS: dict[str, Any] = {key: spec for key, spec in SCHEMA["properties"].items() if key != "home"}


def readme(text: str) -> str:
    """README.md with a row for each key. A key that is an object also has a row for each of its own keys."""
    table = HEAD + "".join(f"| `{key}` | {default} | {meaning} |\n" for key, default, meaning in _rows())
    return re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table, text, count=1)


def pulumi_yaml(text: str) -> str:
    """Pulumi.yaml with a declaration of each key: its type, default and description."""
    config = {key: _declaration(key, spec) for key, spec in KEYS.items()}
    written = yaml.safe_dump({"config": config}, sort_keys=False, width=120, allow_unicode=True)
    return text.partition("config:\n")[0] + written


def _rows() -> Iterator[tuple[str, str, str]]:
    for key, spec in KEYS.items():
        # Pulumi.yaml writes an absent object as an empty one.
        default = "*(needed)*" if key in NEEDED else _shown(spec["default"] if spec["default"] is not None else {})
        yield key, default, _meaning(key, spec)
        part, path = _part(spec), f"{key}.*" if {"items", "additionalProperties"} & set(spec) else key
        for inner, its in part.get("properties", {}).items():
            needed = inner in part.get("required", [])
            yield f"{path}.{inner}", "*(needed)*" if needed else _shown(its["default"]), _meaning(inner, its)


def _declaration(key: str, spec: dict[str, Any]) -> dict[str, Any]:
    declared: dict[str, Any] = {"type": spec.get("type", "object")}
    if "items" in spec:
        declared["items"] = {"type": spec["items"].get("type", "object")}
    if key not in NEEDED:
        declared["default"] = {} if spec["default"] is None else spec["default"]
    keys = ", ".join(_part(spec).get("properties", {}))
    return {**declared, "description": _meaning(key, spec).replace("`", "") + (f" Its keys: {keys}." if keys else "")}


def _meaning(key: str, spec: dict[str, Any]) -> str:
    """The docstring of the key, or of the objects that it holds, on one line, with the allowed values."""
    said = (_part(spec) | spec).get("description")
    if not said:
        raise SystemExit(f"settings.py: the field of {key!r} has no docstring; write what the key means below it")
    choices = ", ".join(f"`{choice}`" for choice in spec.get("enum", []))
    return " ".join(said.split()) + (f" One of {choices}." if choices else "")


def _part(spec: dict[str, Any]) -> dict[str, Any]:
    """The schema of the object that a key is, or of the objects that it holds. Empty for a plain value."""
    [name] = re.findall(r"#/\$defs/(\w+)", json.dumps(spec)) or [""]
    return SCHEMA["$defs"].get(name, {})


def _shown(default: Any) -> str:
    text = yaml.safe_dump(default, sort_keys=False, default_flow_style=True)
    return "*(none)*" if default is None else f"`{text.splitlines()[0]}`"


WRITERS = {"README.md": readme, "Pulumi.yaml": pulumi_yaml}

if __name__ == "__main__":
    for name, write in WRITERS.items():
        path = Path(name)
        path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
