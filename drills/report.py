"""What a drill prints: a row for each fault, and one sentence for all."""

from collections.abc import Sequence

from drills.play import Outcome

HEADINGS = ("fault", "requests", "failed", "wrong", "cut", "stalls", "slowest s", "stood still s", "whole after s")


def row(outcome: Outcome) -> tuple[str, ...]:
    """The cells of one fault."""
    seen, whole = outcome.seen, outcome.recovered
    counts = (seen.requests, seen.failed, seen.wrong, seen.cut, seen.stalls)
    return (
        str(outcome.fault),
        *map(str, counts),
        f"{seen.slowest:.1f}",
        f"{outcome.stood:.1f}",
        "not by itself" if whole is None else f"{whole:.1f}",
    )


def line(outcome: Outcome) -> str:
    """One fault in one line, with what there is to say of it."""
    cells = row(outcome)
    marks = ", ".join(f"{name} {cell}" for name, cell in zip(HEADINGS[1:], cells[1:], strict=True))
    note = f" ({outcome.note})" if outcome.note else ""
    return f"{'ok ' if outcome.good else 'BAD'} {cells[0]}: {marks}{note}"


def table(outcomes: Sequence[Outcome]) -> str:
    """The worst of each kind of fault, as a table of Markdown: sums of counts, greatest times."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if not outcome.note.startswith("skipped"):
            kinds.setdefault(f"{outcome.fault.what}: {outcome.fault.how}", []).append(outcome)
    lines = ["| fault | times | " + " | ".join(HEADINGS[1:]) + " |", "|---|" + "--:|" * len(HEADINGS)]
    for kind, found in sorted(kinds.items()):
        seen = [outcome.seen for outcome in found]
        sums = (sum(getattr(item, name) for item in seen) for name in ("requests", "failed", "wrong", "cut", "stalls"))
        whole = [outcome.recovered for outcome in found]
        slowest = max(item.slowest for item in seen)
        last = "not by itself" if None in whole else f"{max(filter(None, whole), default=0.0):.0f}"
        stood = max(outcome.stood for outcome in found)
        times = (f"{slowest:.1f}", f"{stood:.1f}", f"{last} |")
        lines.append(" | ".join([f"| {kind}", str(len(found)), *map(str, sums), *times]))
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """All of it in a sentence."""
    played = [outcome for outcome in outcomes if not outcome.note.startswith("skipped")]
    seen = [outcome.seen for outcome in played]
    counts = {name: sum(getattr(item, name) for item in seen) for name in ("requests", "failed", "wrong", "cut")}
    hands = sum(outcome.recovered is None for outcome in played)
    return (
        f"{len(played)} faults, {len(outcomes) - len(played)} skipped;"
        f" {counts['requests']} requests, {counts['failed']} failed, {counts['wrong']} with wrong bytes,"
        f" {counts['cut']} connections cut and made again;"
        f" {hands} faults left something that needs a hand"
    )
