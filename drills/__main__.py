"""`python -m drills`: what `make drill` runs. SEED, or a first and a last one as 1-20, names the faults."""

import contextlib
import os
import re
import signal
import sys
from typing import NoReturn

import typer

from drills.play import Outcome, drilled, play
from drills.player import watching
from drills.report import line, summary, table
from drills.schedule import draw

FAULTS = 4
"""Faults of one seed."""


def main(
    *,
    faults: int = typer.Option(FAULTS, min=1, max=100, help="how many faults each seed draws"),
    viewers: int = typer.Option(6, min=1, max=50, help="viewers who compare every byte"),
    player: bool = typer.Option(False, "--player", help="let Chromium play a film meanwhile, and count its stalls"),
) -> None:
    """Play the faults of a seed against the laptop cloud; exit 1 if a viewer got an error, or anything needs a hand."""
    signal.signal(signal.SIGTERM, _end)
    seeds = _seeds(os.environ.get("SEED") or "1")
    outcomes: list[Outcome] = []
    played = 0
    # Whoever interrupts a long drill is told what it has seen so far.
    with (
        contextlib.suppress(KeyboardInterrupt),
        drilled(seeds[0], viewers=viewers) as (stage, crowd),
        watching(stage, enabled=player) as stalled,
    ):
        for seed in seeds:
            print(f"seed {seed}", flush=True)
            play(stage, crowd, draw(seed, faults), outcomes, _say, stalled)
            played += 1
    print(f"\n{table(outcomes)}\n\n{played} of {len(seeds)} seeds: {summary(outcomes)}")
    sys.exit(0 if all(outcome.good for outcome in outcomes) else 1)


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        print(f"SEED={text}: must be a whole number, or a first and a last one such as 1-20", file=sys.stderr)
        sys.exit(2)
    return range(first, last + 1)


def _say(outcome: Outcome) -> None:
    print(line(outcome), flush=True)


def _end(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
