"""Films that are there: encode them anew."""

from typing import Annotated

import typer

from lambdas.cost import usd
from lambdas.ladder import Steps, ladder
from lambdas.rows import Row
from operate import catalogue, screen
from operate.cloud import Cloud, find
from operate.screen import Column, Json, Refusal, Stack, Yes

Titles = Annotated[list[str] | None, typer.Argument(help="Ids of titles, as `headend titles` shows them.")]
FRAME_RATE = 24.0
"""The row does not say a film's own. It decides on bit rates, and not on the number of rungs that are paid for."""


def encode_again(
    titles: Titles = None,
    older: Annotated[bool, typer.Option("--older-ladder", help="Every title that an older ladder made.")] = False,
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Encode titles anew from their uploads, after the sum in dollars was shown. They play on meanwhile."""
    if bool(titles) == older:
        raise Refusal("name titles, or say --older-ladder")
    cloud = find(stack)
    steps = catalogue.steps(cloud)
    rows = [catalogue.row(cloud, title) for title in titles or ()]
    if older:
        rows = [row for row in catalogue.newest_first(cloud, ["PUBLISHED"]) if catalogue.outdated(row, steps)]
    costs = [dollars(row, steps) for row in rows]
    if not as_json:
        columns = [
            Column("TITLE", "cut"),
            Column("LENGTH", right=True),
            Column("US DOLLARS", right=True),
            Column("", "cut"),
        ]
        lines = [
            [row["id"], screen.length(row.get("duration")), _money(cost), _warning(row, steps)]
            for row, cost in zip(rows, costs, strict=True)
        ]
        screen.table(columns, lines, "no title is of an older ladder")
    if rows:
        known = [cost for cost in costs if cost is not None]
        rest = f", and {len(rows) - len(known)} of unknown length" if len(known) < len(rows) else ""
        screen.ask(f"Encode {len(rows)} anew, for {_money(sum(known))} US dollars by list prices{rest}?", yes)
    for row in rows:
        _copy_onto_itself(cloud, row)
    if as_json:
        screen.document([{"title": row["id"], "usd": cost} for row, cost in zip(rows, costs, strict=True)])
    for row in rows if not as_json else ():
        screen.say(f"{row['id']}: on its way. See headend follow {row['id']}")


def dollars(row: Row, steps: Steps) -> float | None:
    """What MediaConvert takes for a title; None where nothing of it was ever made, so its size is not known."""
    if "width" not in row or not row.get("duration"):
        return None
    rungs = ladder(row["width"], row["height"], FRAME_RATE, steps)
    return usd((min(rung.width, rung.height) for rung in rungs), row["duration"])


def _money(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _warning(row: Row, steps: Steps) -> str:
    return (
        ""
        if catalogue.outdated(row, steps) or not row.get("content")
        else "of this ladder already: nothing will be made"
    )


def _copy_onto_itself(cloud: Cloud, row: Row) -> None:
    """S3 tells of the copy as of a new upload. In parts where it must be: one call copies at most 5 GB."""
    bucket, s3 = cloud.name("uploads_bucket"), cloud.client("s3")
    source = {"Bucket": bucket, "Key": row["key"]}
    kept = s3.head_object(**source)
    # S3 refuses a copy that changes nothing.
    extra = {"MetadataDirective": "REPLACE", "ContentType": kept["ContentType"], "Metadata": kept["Metadata"]}
    s3.copy(CopySource=source, **source, ExtraArgs=extra)
