"""How every verb speaks: a table or JSON, an error in one line, a question before anything is lost, and exit codes."""

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
"""It was done, and the answer is no: a film failed, an alarm rings, something is not as it must be."""
MISUSED = 2
"""A value or an option that cannot be; nothing was done. Typer's own for its own errors."""
UNREACHABLE = 3
"""The cloud did not answer, or refused: credentials, rights, a line that is down."""
DECLINED = 4
"""The question was answered with no; nothing was done."""

Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", envvar="HEADEND_STACK", help="Pulumi stack; local is the demo. Default: the demo."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Refusal(Exception):
    """A verb that cannot go on. The message says which value, what is allowed, and what to do next."""

    def __init__(self, sentence: str, code: int = MISUSED) -> None:
        super().__init__(sentence)
        self.code = code


class Column(NamedTuple):
    """One column of a table."""

    heading: str
    fit: Literal["whole", "cut", "fold"] = "whole"
    """On a narrow terminal: as wide as its longest cell, cut off with an ellipsis, or on several lines."""
    right: bool = False


def out() -> Console:
    """Where results go. What is not a terminal gets whole lines: a script must not read half a name."""
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 500
    return Console(width=wide, highlight=False, soft_wrap=False)


def err() -> Console:
    """Where progress, questions and errors go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def visible(text: str, kept: str = "") -> str:
    """The same with control characters, and marks that turn the line, as Python writes them (`\\x1b`, `\\u202e`).

    An upload's name may hold what clears a terminal, or what makes `exe.mp4` look like `4pm.exe`.
    """
    return "".join(
        c if c in kept + JOINERS or unicodedata.category(c) not in ("Cc", "Cf") else c.encode("unicode_escape").decode()
        for c in text
    )


def say(text: str, style: str = "") -> None:
    """One line of result. The text is no markup: a film's name may hold brackets."""
    out().print(Text(visible(text, "\n"), style=style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """One line beside the result."""
    err().print(Text(visible(text, "\n"), style=style))


def document(value: Any) -> None:
    """The one JSON document of a verb that was asked for JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def table(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], nothing: str) -> None:
    """Rows in columns that fit the terminal; the sentence `nothing` where there are no rows."""
    if not rows:
        say(nothing)
        return
    console = out()
    cells = [[cell if isinstance(cell, Text) else Text(visible(cell)) for cell in row] for row in rows]
    needs = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
    needs = [max(need, len(column.heading)) for need, column in zip(needs, columns, strict=True)]
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
"""Blanks between columns."""


def widths(columns: Sequence[Column], needs: Sequence[int], room: int) -> list[int]:
    """How wide each column is in `room`: whole ones as they need, the others share what is left, the smallest first."""
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
    """Names and what they are, one a line; long values go on below themselves."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs.items():
        if value:
            made.add_row(name, value if isinstance(value, Text) else Text(visible(value)))
    out().print(made)


def ask(question: str, yes: bool) -> None:
    """Go on only if a person says yes, or `--yes` did. Raises Refusal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refusal(f"{question} There is no terminal to ask at: say --yes")
    if not typer.confirm(question, err=True):
        raise Refusal("nothing was done", DECLINED)


def fail(sentence: str, code: int) -> NoReturn:
    """The end of a verb that did not do what it was asked."""
    note(sentence, "red")
    raise typer.Exit(code)


STYLES = {
    "PUBLISHED": "green", "FAILED": "red", "REJECTED": "yellow", "PROCESSING": "cyan",
    "ok": "green", "wrong": "red", "unsure": "yellow",
    "ALARM": "red", "OK": "green", "INSUFFICIENT_DATA": "yellow",
}  # fmt: skip


def coloured(word: str) -> Text:
    """A state in its colour."""
    return Text(word, style=STYLES.get(word, ""))


def size(count: float) -> str:
    """Bytes as people read them: `1.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def length(seconds: float | None) -> str:
    """A film's length: `1:32:05`, `0:20`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ago(moment: datetime | str, now: datetime | None = None) -> str:
    """How long ago: `3 min`, `2 d`. A text is read as ISO 8601."""
    then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for unit, least in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= least:
            return f"{seconds // least:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def compact(value: Any) -> str:
    """JSON for a machine."""
    return json.dumps(value, separators=(",", ":"))
