"""`python -m local.engine`: check the program and print what it would make, with no cloud at all."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from local.engine.model import Deployment, ProgramError
from local.engine.program import run_program

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    stack: Annotated[str, typer.Option(help="Whose config to use: Pulumi.<stack>.yaml.")] = "dev",
    preview: Annotated[bool, typer.Option(help="Do not make up what AWS computes, as `pulumi preview` does.")] = False,
    directory: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
) -> None:
    """Check every resource of the program against the SDK's types, and print the resource tree."""
    try:
        deployment = run_program(directory, stack=stack, preview=preview)
    except ProgramError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    print_tree(deployment, Console(soft_wrap=True, highlight=False))
    for log in deployment.logs:
        typer.echo(f"{log.severity}: {log.message}", err=True)


def print_tree(deployment: Deployment, console: Console) -> None:
    """Print each resource below its parent, and how many there are of each type. Bold only on a terminal."""

    def below(urn: str, indent: str) -> None:
        for item in deployment.registrations:
            if item.parent == urn:
                console.print(Text.assemble(indent, item.type, " ", (item.name, "bold")))
                below(item.urn, f"{indent}  ")

    below("", "")
    counts = Counter(item.type for item in deployment.registrations if item.custom)
    for type_, count in sorted(counts.items()):
        console.print(f"{count:5} {type_}")
    console.print(f"{counts.total():5} resources of {len(counts)} types")


if __name__ == "__main__":
    app()
