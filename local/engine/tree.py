"""Show what a program registers: who owns what, and how much of each type there is."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from local.engine.model import Deployment, Registration


def print_tree(deployment: Deployment, console: Console) -> None:
    """Print the resource tree and the count of each type: drawn on a terminal, plain lines elsewhere."""
    children: dict[str, list[Registration]] = {}
    for item in deployment.registrations:
        children.setdefault(item.parent, []).append(item)
    if console.is_terminal:
        for root in children.get("", []):
            console.print(_drawn(root, children))
    else:
        for line in _indented("", children, 0):
            console.out(line, highlight=False)
    counts = Counter(item.type for item in deployment.registrations if item.custom)
    for type_, count in sorted(counts.items()):
        console.out(f"{count:5} {type_}", highlight=False)
    console.out(f"{counts.total():5} resources of {len(counts)} types", highlight=False)


def _drawn(item: Registration, children: dict[str, list[Registration]]) -> Tree:
    tree = Tree(Text.assemble(f"{item.type} ", (item.name, "bold")))
    for child in children.get(item.urn, []):
        tree.add(_drawn(child, children))
    return tree


def _indented(urn: str, children: dict[str, list[Registration]], depth: int) -> Iterator[str]:
    for item in children.get(urn, []):
        yield f"{'  ' * depth}{item.type} {item.name}"
        yield from _indented(item.urn, children, depth + 1)
