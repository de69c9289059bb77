"""The laptop cloud is a test bench and not a second product: each part of it has a budget in lines of code."""

import ast
import tokenize
from pathlib import Path

import pytest

LOCAL = Path(__file__).parents[2] / "local"


def lines_of_code(path: Path) -> int:
    """Lines that hold code, of Python, JavaScript or TOML: neither blank, nor comment, nor docstring."""
    if path.suffix != ".py":
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        return sum(not line.startswith("//" if path.suffix == ".js" else "#") for line in lines if line)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    text = path.read_text(encoding="utf-8")
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        body = node.body if isinstance(node, documented) else []
        for item in body:
            # Strings that are statements: docstrings, and the text below a field.
            if (
                isinstance(item, ast.Expr)
                and isinstance(item.value, ast.Constant)
                and isinstance(item.value.value, str)
            ):
                prose |= set(range(item.lineno, (item.end_lineno or item.lineno) + 1))
    with path.open("rb") as file:
        skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}
        code = {
            line
            for token in tokenize.tokenize(file.readline)
            if token.type not in skipped | {tokenize.INDENT, tokenize.DEDENT}
            for line in range(token.start[0], token.end[0] + 1)
        }
    return len(code - prose)


def test_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    lines = ['"""Prose,', 'of two lines."""', "", "# A comment.", "x = [", "    1,  # one", "]", "def f():"]
    path.write_text("\n".join([*lines, '    """More."""', "    return x", ""]))
    assert lines_of_code(path) == 5
    for name, text in (("a.js", "// No.\n\nf(); // one\n"), ("a.toml", "# No.\n\na = [ # one\n    1,\n]\n")):
        (tmp_path / name).write_text(text)
    assert (lines_of_code(tmp_path / "a.js"), lines_of_code(tmp_path / "a.toml")) == (1, 3)


@pytest.mark.parametrize(
    ("part", "budget"),
    [
        ("engine", 785),
        ("resources", 583),
        ("aws", 810),
        ("media", 1050),
        ("serving", 1295),
        (".", 715),
    ],
)
def test_a_part_keeps_to_its_budget(part: str, budget: int) -> None:
    files = [path for path in sorted((LOCAL / part).iterdir()) if path.suffix in (".py", ".js", ".toml")]
    assert files
    count = sum(lines_of_code(path) for path in files)
    assert count <= budget, f"local/{part} has {count} lines of code; its budget is {budget}"
