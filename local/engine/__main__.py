"""`python -m local.engine`: check the program and print what it would make, with no cloud at all."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.engine.model import ProgramError
from local.engine.program import run_program
from local.engine.tree import print_tree


def main(
    stack: Annotated[str, typer.Option(help="Whose config to use: Pulumi.<stack>.yaml.")] = "dev",
    preview: Annotated[bool, typer.Option(help="Leave unknown what AWS computes, as `pulumi preview` does.")] = False,
    directory: Annotated[Path, typer.Option(help="The project.")] = Path(),
) -> None:
    """Check every resource of the program against the SDK's types, and print the resource tree."""
    try:
        deployment = run_program(directory, stack=stack, preview=preview)
    except ProgramError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    print_tree(deployment, Console())
    for log in deployment.logs:
        typer.echo(f"{log.severity}: {log.message}", err=True)


if __name__ == "__main__":
    typer.run(main)
