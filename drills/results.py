"""Keeps results of drills as lines of JSON in a file, so that many short drills give one summary."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drills.play import Outcome
from drills.schedule import Fault
from drills.viewers import Seen
from local.cloud import PROJECT


@dataclass(frozen=True)
class Result:
    """The result of one fault, with its seed and the commit that was played ("" if git does not say)."""

    seed: int
    commit: str
    outcome: Outcome


def commit() -> str:
    """The commit that is played. It ends in a plus sign if files differ from the commit. "" without git."""
    answers = [
        subprocess.run(["git", "-C", str(PROJECT), *words], capture_output=True, text=True, check=False).stdout.strip()
        for words in (["rev-parse", "--short=9", "HEAD"], ["status", "--porcelain"])
    ]
    return answers[0] + ("+" if answers[1] else "")


def keep(path: Path, results: Iterable[Result]) -> None:
    """Append the results to the file."""
    with path.open("a", encoding="utf-8") as file:
        for result in results:
            file.write(json.dumps(asdict(result)) + "\n")


def kept(path: Path) -> list[Result]:
    """All results in the file. Raises ValueError for a line that is not a result, and OSError if there is no file."""
    results: list[Result] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            results.append(_result(json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number} is not the result of a drill: {error}") from None
    return results


def _result(found: dict[str, Any]) -> Result:
    outcome = dict(found["outcome"])
    fault, seen = Fault(**outcome.pop("fault")), Seen(**outcome.pop("seen"))
    return Result(found["seed"], found["commit"], Outcome(fault, seen, **outcome))


def origin(results: Sequence[Result]) -> str:
    """The seeds and commits of the results, in words."""
    seeds = sorted({result.seed for result in results})
    commits = Counter(result.commit or "unknown" for result in results)
    named = ", ".join(f"{name} ({count} faults)" for name, count in commits.items())
    return f"Seeds {_ranges(seeds)}, played by commit {named}"


def _ranges(numbers: Sequence[int]) -> str:
    """Sorted numbers as text, with ranges: 1-3, 7."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    return ", ".join(f"{row[0]}-{row[-1]}" if len(row) > 1 else str(row[0]) for row in rows)
