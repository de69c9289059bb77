"""Input and output of all verbs: tables or JSON, errors in one line, questions before data is lost, and exit codes."""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lambdas.identify.core import JOINERS

NOT_SO = 1
"""The verb was done, but something is wrong: a film failed, an alarm rings, a check failed."""
MISUSED = 2
"""A value or an option is impossible. Nothing was done. Typer uses the same code for its own errors."""
UNREACHABLE = 3
"""The cloud did not answer, or refused. Reasons: credentials, permissions, the network."""
DECLINED = 4
"""The person answered the question with no. Nothing was done."""

Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", envvar="HEADEND_STACK", help="Pulumi stack; local is the demo. Default: the demo."),
]
Title = Annotated[str, typer.Argument(help="Its id, as `headend titles` shows it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Refusal(Exception):
    """A verb cannot go on. The message names the value, what is allowed, and what to do next."""

    def __init__(self, sentence: str, code: int = MISUSED) -> None:
        super().__init__(sentence)
        self.code = code


class Column(NamedTuple):
    """One column of a table."""

    heading: str
    fit: Literal["whole", "cut", "fold"] = "whole"
    """How a long cell looks on a narrow terminal. whole: the column is as wide as its longest cell. cut: it ends with
    an ellipsis. fold: it takes several lines."""
    right: bool = False


class Results(Console):
    """If the reader of a pipe has gone, Rich ends with 1. For a verb that means no, so `main` ends it with 0."""

    def on_broken_pipe(self) -> None:
        """Rich calls this in the handler of the error."""
        raise BrokenPipeError


def out() -> Console:
    """The console for results. If it is not a terminal, lines are never cut, so that a script reads whole names."""
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 500
    return Results(width=wide, highlight=False, soft_wrap=False)


def err() -> Console:
    """The console for progress, questions and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def visible(text: str, kept: str = "") -> str:
    """The text with control characters and direction marks as Python writes them (`\\x1b`, `\\u202e`).

    An upload's name may have characters that clear a terminal, or that make `exe.mp4` look like `4pm.exe`. `kept` are
    characters that stay as they are.
    """
    return "".join(
        c if c in kept + JOINERS or unicodedata.category(c) not in ("Cc", "Cf") else c.encode("unicode_escape").decode()
        for c in text
    )


def say(text: str, style: str = "") -> None:
    """Print one line of the result. The text is never markup, since a film's name may have brackets."""
    out().print(Text(visible(text, "\n"), style=style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """Print one line that is not part of the result."""
    err().print(Text(visible(text, "\n"), style=style))


def document(value: Any) -> None:
    """Print the JSON document of a verb with --json."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_written) + "\n")


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], nothing: str) -> None:
    """Print rows in columns that fit the terminal, or the sentence `nothing` if there are no rows."""
    if not rows:
        say(nothing)
        return
    console = out()
    cells = [[cell if isinstance(cell, Text) else Text(visible(cell)) for cell in row] for row in rows]
    needs = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
    needs = [max(need, len(column.heading)) for need, column in zip(needs, columns, strict=True)]
    if not fits(columns, needs, console.width):
        for row in cells:
            facts({column.heading: cell for column, cell in zip(columns, row, strict=True)})
            say("")
        return
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths(columns, needs, console.width), strict=True):
        overflow, justify = (
            ("fold", "left") if column.fit == "fold" else ("ellipsis", "right" if column.right else "left")
        )
        made.add_column(column.heading, justify=justify, no_wrap=column.fit != "fold", overflow=overflow, width=width)
    for row in cells:
        made.add_row(*row)
    console.print(made)


GAP = 2
"""Spaces between two columns."""
LEAST = 10
"""Characters of a column that is cut which must be seen at least."""


def fits(columns: Sequence[Column], needs: Sequence[int], room: int) -> bool:
    """Is there room for every column, with something to read in those that are cut?"""
    least = [need if column.fit == "whole" else min(need, LEAST) for need, column in zip(needs, columns, strict=True)]
    return sum(least) + GAP * len(columns) <= room


def widths(columns: Sequence[Column], needs: Sequence[int], room: int) -> list[int]:
    """The width of each column, in characters. All of them together fit into `room`.

    `needs` are the widths of the longest cells. `whole` columns get this width. The others share the rest, and small
    ones get theirs first.
    """
    found = list(needs)
    left = (
        room
        - GAP * len(columns)
        - sum(need for need, column in zip(needs, columns, strict=True) if column.fit == "whole")
    )
    flexible = sorted((need, index) for index, need in enumerate(needs) if columns[index].fit != "whole")
    for waiting, (need, index) in zip(range(len(flexible), 0, -1), flexible, strict=True):
        found[index] = max(4, min(need, left // waiting))
        left -= found[index]
    return found


def facts(pairs: Mapping[str, str | Text]) -> None:
    """Print names and values, one pair per line. A long value goes on below itself."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs.items():
        if value:
            made.add_row(name, value if isinstance(value, Text) else Text(visible(value)))
    out().print(made)


def ask(question: str, yes: bool) -> None:
    """Ask a question, unless `yes`. Raises Refusal if the answer is not yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refusal(f"{question} There is no terminal for the answer. Use --yes to agree")
    if not typer.confirm(question, err=True):
        raise Refusal("nothing was done", DECLINED)


def fail(sentence: str, code: int) -> NoReturn:
    """End a verb that failed, with a sentence and an exit code."""
    note(sentence, "red")
    raise typer.Exit(code)


STYLES = {
    "PUBLISHED": "green", "FAILED": "red", "REJECTED": "yellow", "PROCESSING": "cyan",
    "ok": "green", "wrong": "red", "unsure": "yellow",
    "ALARM": "red", "OK": "green", "INSUFFICIENT_DATA": "yellow",
}  # fmt: skip


def coloured(word: str) -> Text:
    """A state as a word in its colour."""
    return Text(word, style=STYLES.get(word, ""))


def size(count: float) -> str:
    """A number of bytes for people: `1.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def length(seconds: float | None) -> str:
    """A film's length for people: `1:32:05`, `0:20`. "" for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ago(moment: datetime | str, now: datetime | None = None) -> str:
    """How long ago a moment was: `3 min`, `2 d`. A text is read as ISO 8601."""
    then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for unit, least in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= least:
            return f"{seconds // least:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def compact(value: Any) -> str:
    """JSON without spaces, for machines."""
    return json.dumps(value, separators=(",", ":"))
