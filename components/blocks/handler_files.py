"""Which files of this project a handler needs, so that its zip changes only if one of these does. Pure."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]


def handler_files(handler: str) -> list[str]:
    """Paths from the project's root: the handler's own file, and those of all modules that it imports, directly or not.

    Imports are read, not run. They must be absolute (`from lambdas.x import y`). The zip lists files and not a folder,
    which would bring `__pycache__` along and differ on every preview.

    Raises:
        ValueError: there is no such handler.
    """
    entry = f"lambdas/{handler}/handler.py"
    if not (ROOT / entry).is_file():
        held = ", ".join(sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py")))
        raise ValueError(f"handler must be a folder of lambdas/ that holds a handler.py ({held}), got {handler!r}")
    found, todo = set[str](), [entry]
    while todo:
        if (file := todo.pop()) not in found:
            found.add(file)
            todo += _imported(file)
    return sorted(found)


@functools.cache  # most handlers import the same modules
def _imported(file: str) -> list[str]:
    """The files of this project that a file imports; `from lambdas import x` may name a module too."""
    names: list[str] = []
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [path for name in names if (ROOT / (path := f"{name.replace('.', '/')}.py")).is_file()]
