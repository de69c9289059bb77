"""The texts that a drill prints: a line for each fault, a table row for each kind of fault, and a summary. Pure."""

import statistics
from collections.abc import Sequence

from drills.play import Outcome

COUNTS = ("requests", "failed", "wrong", "cut", "stalls")
HEADINGS = ("fault", "times", *COUNTS, "slowest s", "stood still s", "whole after s", "worst s")
BY_HAND = "not by itself"


def line(outcome: Outcome) -> str:
    """The line of one fault."""
    seen, whole = outcome.seen, outcome.recovered
    marks = [f"{name} {getattr(seen, name)}" for name in COUNTS]
    marks += [f"slowest s {seen.slowest:.1f}"]
    marks += [] if outcome.stood is None else [f"stood still s {outcome.stood:.1f}"]
    marks += [f"whole after s {BY_HAND if whole is None else format(whole, '.1f')}"]
    note = f" ({outcome.note})" if outcome.note else ""
    return f"{'ok ' if outcome.good else 'BAD'} {outcome.fault}: {', '.join(marks)}{note}"


def table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table with a row for each kind of fault.

    It has sums of counts, the longest times, and the median and the worst time of recovery. A dash stands for times of
    a player that did not run.
    """
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if not outcome.skipped:
            kinds.setdefault(f"{outcome.fault.what}: {outcome.fault.how}", []).append(outcome)
    lines = [" | ".join(HEADINGS), "|".join(["---", *["--:"] * (len(HEADINGS) - 1)])]
    lines += [" | ".join((kind, *_cells(found))) for kind, found in sorted(kinds.items())]
    return "\n".join(f"| {text} |" if "---" not in text else f"|{text}|" for text in lines)


def _cells(found: Sequence[Outcome]) -> list[str]:
    seen = [outcome.seen for outcome in found]
    sums = [str(sum(getattr(item, name) for item in seen)) for name in COUNTS]
    stood = [outcome.stood for outcome in found if outcome.stood is not None]
    whole = [outcome.recovered for outcome in found if outcome.recovered is not None]
    return [
        str(len(found)),
        *sums,
        f"{max(item.slowest for item in seen):.1f}",
        f"{max(stood):.1f}" if stood else "-",
        f"{statistics.median(whole):.0f}" if whole else BY_HAND,
        f"{max(whole):.0f}" if len(whole) == len(found) else BY_HAND,
    ]


def summary(outcomes: Sequence[Outcome]) -> str:
    """All results in a sentence."""
    played = [outcome for outcome in outcomes if not outcome.skipped]
    counts = {name: sum(getattr(outcome.seen, name) for outcome in played) for name in COUNTS}
    hands = sum(outcome.recovered is None for outcome in played)
    return (
        f"{len(played)} faults, {len(outcomes) - len(played)} skipped;"
        f" {counts['requests']} requests, {counts['failed']} failed, {counts['wrong']} with wrong bytes,"
        f" {counts['cut']} connections cut and made again;"
        f" {hands} faults after which the stack did not recover by itself"
    )
