"""`python -m planner.registered DIRECTORY STACK`: what a program registers, pickled to standard output.

A process of its own for each program, which imports nothing of the project but the engine: a second program would
otherwise get the first one's modules, since both have the same names.
"""

import hashlib
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from local.engine import ProgramError, run_program
from local.engine.model import Archive, Asset


def main() -> None:
    """Run the program; its mistakes go to standard error, with exit code 1."""
    directory, stack = sys.argv[1:]
    # What a program prints must not stand among the pickled bytes.
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        deployment = run_program(Path(directory), stack=stack)
    except ProgramError as error:
        sys.exit(str(error))
    items = [replace(item, inputs=_by_content(item.inputs)) for item in deployment.registrations]
    output.buffer.write(pickle.dumps(replace(deployment, registrations=items)))


def _by_content(value: Any) -> Any:
    """Each file as a digest of what is in it: the same file has another path in another directory."""
    match value:
        case Asset(path=str(path)) | Archive(path=str(path)):
            return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"
        case Archive(assets=assets) if assets is not None:
            return Archive({name: _by_content(each) for name, each in assets.items()})
        case dict():
            return {name: _by_content(each) for name, each in cast(dict[str, Any], value).items()}
        case list():
            return [_by_content(each) for each in cast(list[Any], value)]
        case _:
            return value


if __name__ == "__main__":
    main()
