"""`python -m drills`, which `make drill` runs. SEED chooses the faults. It is one number, or a range such as 1-20."""

import contextlib
import os
import re
import signal
import sys
import textwrap
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from drills.play import Outcome, drilled, play
from drills.player import watching
from drills.report import line, summary, table
from drills.results import Result, commit, keep, kept, origin
from drills.schedule import draw

FAULTS = 4
"""Number of faults of one seed."""


def main(
    *,
    faults: Annotated[int, typer.Option(min=1, max=100, help="Number of faults of each seed.")] = FAULTS,
    viewers: Annotated[int, typer.Option(min=1, max=50, help="Number of viewers who compare every byte.")] = 6,
    player: Annotated[bool, typer.Option("--player", help="Let Chromium play a film, and count its stalls.")] = False,
    results: Annotated[Path | None, typer.Option(help="Append the results to this file, one line per fault.")] = None,
    told: Annotated[Path | None, typer.Option("--summary", help="Play nothing. Print such a file.")] = None,
) -> None:
    """Play the faults of a seed against the laptop cloud.

    The exit code is 1 if a viewer got an error, or if the cloud did not recover by itself.
    """
    if told:
        _tell(told)
    signal.signal(signal.SIGTERM, _end)
    seeds, played = _seeds(os.environ.get("SEED") or "1"), list[Outcome]()
    ended, of = 0, commit()
    # If a person interrupts a long drill, it prints the results so far.
    with (
        contextlib.suppress(KeyboardInterrupt),
        drilled(seeds[0], viewers=viewers) as (stage, crowd),
        watching(stage, enabled=player) as stalled,
    ):
        for seed in seeds:
            print(f"seed {seed}", flush=True)
            for outcome in play(stage, crowd, draw(seed, faults), stalled):
                print(line(outcome), flush=True)
                played.append(outcome)
                if results:
                    keep(results, [Result(seed, of, outcome)])
            ended += 1
    print(f"\n{table(played)}\n\n{ended} of {len(seeds)} seeds: {summary(played)}")
    sys.exit(0 if all(outcome.good for outcome in played) else 1)


def _tell(path: Path) -> NoReturn:
    try:
        found = kept(path)
    except (OSError, ValueError) as error:
        print(f"--summary {path}: {error}", file=sys.stderr)
        sys.exit(2)
    outcomes = [result.outcome for result in found]
    sentence = textwrap.fill(f"{origin(found)}: {summary(outcomes)}.", 120)
    print(f"{sentence}\n\n{table(outcomes)}")
    sys.exit(0 if all(outcome.good for outcome in outcomes) else 1)


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first or first < 1:
        print(f"SEED={text}: it must be a whole number from 1 on, or a range such as 1-20", file=sys.stderr)
        sys.exit(2)
    return range(first, last + 1)


def _end(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
