"""The answers of a check: what `headend doctor` and `headend preflight` show."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import typer

from operate import screen
from operate.screen import NOT_SO, Column


class Answer(NamedTuple):
    """One answer."""

    tier: str
    """What was asked: a tier of the platform, or a need of a deployment."""
    verdict: Literal["ok", "wrong", "unsure"]
    """unsure: it cannot be checked at the moment, for example because no film is published."""
    says: str


def show(answers: Sequence[Answer], heading: str, as_json: bool) -> None:
    """Print the answers. `heading` is that of their first column. Ends the verb with code 1 if one of them is wrong."""
    if as_json:
        screen.document([answer._asdict() for answer in answers])
    else:
        columns = [Column(heading), Column(""), Column("ANSWER", "fold")]
        screen.table(columns, [[item.tier, screen.coloured(item.verdict), item.says] for item in answers], "")
    if any(answer.verdict == "wrong" for answer in answers):
        raise typer.Exit(NOT_SO)
