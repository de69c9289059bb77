"""The layout of components: each room's docstring names the rooms that it may import, and it imports no other."""

import ast
import re
from pathlib import Path

import pytest

from tests.declared import ROOT

COMPONENTS = ROOT / "components"
ROOMS = sorted(path.parent.name for path in COMPONENTS.glob("*/__init__.py"))


def docstring(room: str) -> str:
    return ast.get_docstring(ast.parse((COMPONENTS / room / "__init__.py").read_text(encoding="utf-8"))) or ""


def allowed(room: str) -> set[str]:
    """The rooms that the room's docstring names."""
    return set(re.findall(r"\w+", docstring(room).partition("May import: ")[2])) & set(ROOMS)


def imported(path: Path) -> set[str]:
    """The rooms whose modules a file imports."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return {module.split(".")[1] for module in modules if module.startswith("components.")}


def test_every_component_is_in_a_room() -> None:
    assert list(COMPONENTS.glob("*.py")) == []
    assert sorted(path.name for path in COMPONENTS.iterdir() if list(path.glob("*.py"))) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_it_says_and_says_what_it_imports(room: str) -> None:
    used = set[str]().union(*(imported(path) for path in (COMPONENTS / room).rglob("*.py")))
    assert docstring(room).count("\n") == 0
    assert used - {room} == allowed(room)


def test_no_two_rooms_import_each_other() -> None:
    order: list[str] = []
    while len(order) < len(ROOMS):
        ready = [room for room in ROOMS if room not in order and allowed(room) <= set(order)]
        assert ready, f"these import each other: {set(ROOMS) - set(order)}"
        order += ready


@pytest.mark.parametrize("room", ROOMS)
def test_the_tests_of_a_room_are_in_a_room_of_the_same_name(room: str) -> None:
    assert list((Path(__file__).parent / room).glob("test_*.py"))
