"""The shape of a component's file: it has one component, the component's name, and few enough lines to read at once."""

import ast
from pathlib import Path

import pytest

from tests.declared import ROOT


def components(path: Path) -> list[ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and "pulumi.ComponentResource" in map(ast.unparse, node.bases)
    ]


FILES = {path.stem: path for path in sorted((ROOT / "components").glob("*/*.py")) if components(path)}

TOKENS = {"logs": "edge_logs", "policies": "edge_policies", "lambda_function": "function"}
"""Files that were renamed, with their old names. A live stack has the old type token; another one would replace it."""


def test_there_are_components() -> None:
    assert len(FILES) > 25


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_one_component_and_can_be_read_at_once(file: str) -> None:
    assert len(components(FILES[file])) == 1
    assert len(FILES[file].read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("file", FILES)
def test_its_token_says_where_it_is_and_its_outputs_are_registered(file: str) -> None:
    [component] = components(FILES[file])
    body = ast.unparse(component)
    assert f"'headend:{TOKENS.get(file, file)}:{component.name}'" in body
    assert "self.register_outputs(" in body


@pytest.mark.parametrize("file", FILES)
def test_it_explains_itself_and_each_file_of_it_is_tested(file: str) -> None:
    [component] = components(FILES[file])
    assert ast.get_docstring(component)
    assert ast.get_docstring(ast.parse(FILES[file].read_text(encoding="utf-8")))
    assert (Path(__file__).parent / FILES[file].parent.name / f"test_{file}.py").is_file()


@pytest.mark.parametrize("file", FILES)
def test_nothing_but_settings_reads_the_stacks_config(file: str) -> None:
    names = {ast.unparse(node) for node in ast.walk(ast.parse(FILES[file].read_text(encoding="utf-8")))}
    assert not {"pulumi.Config", "os.environ", "boto3"} & names


@pytest.mark.parametrize("file", FILES)
def test_what_a_component_is_given_stays_out_of_its_own_state(file: str) -> None:
    """Otherwise it and its children wait for all outputs among its arguments, and a preview shows each change twice."""
    calls = [node for node in ast.walk(components(FILES[file])[0]) if isinstance(node, ast.Call)]
    [made] = [call for call in calls if ast.unparse(call.func) == "super().__init__"]
    assert ast.unparse(made.args[2]) == "None"


def test_components_take_values_and_not_the_config_and_the_config_knows_no_component() -> None:
    def imported(path: Path) -> set[str]:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        return {module.split(".")[0] for module in modules}

    readers = [path.name for path in (ROOT / "components").rglob("*.py") if "settings" in imported(path)]
    assert readers == []
    assert "components" not in imported(ROOT / "settings.py")
