"""For `headend cost`: what a change of the program or its config adds and removes, in resources and dollars a month.

Base and head are each a directory or a git reference, and a stack. Both programs run here, without AWS.
`pulumi preview` says what a deployment would do to a stack that exists; this command compares two programs.
"""

import json
import pickle
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, cast

from local.engine import Deployment, Registration
from planner.bill import PROJECT, Month, bill, shape, three_digits, together

TOGETHER = "Together"


class ChangeError(Exception):
    """One of the two programs cannot be found, or does not run. The message says which, and why."""


class Change(NamedTuple):
    """How head differs from base."""

    added: Mapping[str, int]
    """Number of resources by type."""
    removed: Mapping[str, int]
    changed: Mapping[str, int]
    """Resources of the same name whose inputs differ."""
    usd: Mapping[str, tuple[float, float]]
    """US dollars a month in base and in head, by line of the bill. The last line is the sum."""


def change(base: Deployment, head: Deployment, month: Month) -> Change:
    """Compare two registered programs. `month` says what is watched, encoded and kept in both.

    Raises:
        ValueError: for a node type whose price is not known.
    """
    before, after = _resources(base), _resources(head)
    bills = [bill(shape(deployment), month) for deployment in (base, head)]
    lines = {name: (bills[0][name], bills[1][name]) for name in bills[0] if not name.startswith("(")}
    return Change(
        added=Counter(after[key].type for key in after.keys() - before.keys()),
        removed=Counter(before[key].type for key in before.keys() - after.keys()),
        changed=Counter(
            after[key].type for key in after.keys() & before.keys() if _inputs(after[key]) != _inputs(before[key])
        ),
        usd={**lines, TOGETHER: (together(bills[0]), together(bills[1]))},
    )


def _resources(deployment: Deployment) -> dict[str, Registration]:
    """Resources by URN without the names of stack and project, so that two stacks can be compared."""
    return {item.urn.split("::", 2)[2]: item for item in deployment.registrations if item.custom}


def _inputs(item: Registration) -> str:
    return json.dumps(item.inputs, sort_keys=True, default=repr)


def report(found: Change) -> Iterator[str]:
    """The lines of the report: types with signs, then dollars that differ, and the sum."""
    kinds = {"+": found.added, "-": found.removed, "~": found.changed}
    counts = [sum(kind.values()) for kind in kinds.values()]
    yield "Resources: {} added, {} removed, {} with other inputs".format(*counts)
    for sign, kind in kinds.items():
        for type_, number in sorted(kind.items()):
            yield f"  {sign}{number:4} {type_}"
    yield f"\n{'US dollars a month':32}{'base':>12}{'head':>12}{'change':>12}"
    for name, (before, after) in found.usd.items():
        if name == TOGETHER or abs(after - before) >= 0.5:
            difference = ("+" if after > before else "") + three_digits(after - before)
            yield f"{name:32}{three_digits(before):>12}{three_digits(after):>12}{difference:>12}"


def registered(source: str, stack: str) -> Deployment:
    """The resources of the program in a directory, or at a git reference of this repository.

    Raises:
        ChangeError: the source is neither, or its program does not run.
    """
    with ExitStack() as stack_:
        folder = Path(source)
        if not (folder / "Pulumi.yaml").is_file():
            folder = Path(stack_.enter_context(tempfile.TemporaryDirectory(prefix="headend-base-")))
            _check_out(source, folder)
        command = [sys.executable, "-m", "planner.registered", str(folder.resolve()), stack]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    if done.returncode:
        raise ChangeError(f"{source}, stack {stack}: {done.stderr.decode().strip()}")
    return cast(Deployment, pickle.loads(done.stdout))  # noqa: S301  # our own child process wrote it


def _check_out(reference: str, folder: Path) -> None:
    """Put the files of a git reference into a folder."""
    # --end-of-options: a reference that begins with a dash must not be read as an option.
    command = ["git", "archive", "--format=tar", f"--output={folder}/head.tar", "--end-of-options", reference]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChangeError(
            f"{reference!r} is neither a directory with a Pulumi.yaml nor a git reference: {done.stderr.strip()}"
        )
    with tarfile.open(folder / "head.tar") as archive:
        archive.extractall(folder, filter="data")
    # The page's npm packages are not in git. The installed copy is used, since it does not change a bill.
    (folder / "player/node_modules").symlink_to(PROJECT / "player/node_modules")
