"""`python -m planner.registered DIRECTORY STACK`: writes a program's resources to standard output, as a pickle.

Each program runs in its own process, which imports only the engine from this project. In one process the second program
would get the modules of the first, since both have the same names.
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
    """Run the program. Its mistakes go to standard error, and the exit code is then 1."""
    directory, stack = sys.argv[1:]
    # Text that a program prints must not come between the pickled bytes.
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        deployment = run_program(Path(directory), stack=stack)
    except ProgramError as error:
        sys.exit(str(error))
    items = [replace(item, inputs=_by_content(item.inputs)) for item in deployment.registrations]
    output.buffer.write(pickle.dumps(replace(deployment, registrations=items)))


def _by_content(value: Any) -> Any:
    """The value, with a digest for each file's content, since two directories have different paths for one file."""
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
