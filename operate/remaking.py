"""The verb that encodes existing films again."""

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
"""Assumed frames a second, since the row does not have a film's own rate. The rate changes the bitrates, and not the
number of rungs, on which the price depends."""


def encode_again(
    titles: Titles = None,
    older: Annotated[bool, typer.Option("--older-ladder", help="Every title that an older ladder made.")] = False,
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Encode titles again from their uploads, after it shows the price. They play meanwhile."""
    if bool(titles) == older:
        raise Refusal("name titles, or use --older-ladder, but not both")
    cloud = find(stack)
    steps, surround = catalogue.steps(cloud), catalogue.surround(cloud)
    rows = [catalogue.row(cloud, title) for title in titles or ()]
    if older:
        published = catalogue.newest_first(cloud, ["PUBLISHED"])
        rows = [row for row in published if catalogue.outdated(row, steps, surround=surround)]
    costs = [dollars(row, steps, surround=surround) for row in rows]
    if not as_json:
        columns = [
            Column("TITLE", "cut"),
            Column("LENGTH", right=True),
            Column("US DOLLARS", right=True),
            Column("", "cut"),
        ]
        lines = [
            [
                row["id"],
                screen.length(row.get("duration")),
                _money(cost),
                "made with this ladder already" if _made(row, steps, surround=surround) else "",
            ]
            for row, cost in zip(rows, costs, strict=True)
        ]
        screen.table(columns, lines, "no title was made with an older ladder")
    if rows:
        known = [cost for cost in costs if cost is not None]
        rest = f", and {len(rows) - len(known)} of unknown length" if len(known) < len(rows) else ""
        screen.ask(f"Encode {len(rows)} again, for {_money(sum(known))} US dollars by list prices{rest}?", yes)
    for row in rows:
        _copy_onto_itself(cloud, row)
    if as_json:
        screen.document([{"title": row["id"], "usd": cost} for row, cost in zip(rows, costs, strict=True)])
    for row in rows if not as_json else ():
        screen.say(f"{row['id']}: the encode begins. See headend follow {row['id']}")


def dollars(row: Row, steps: Steps, *, surround: bool = False) -> float | None:
    """US dollars that MediaConvert charges for a title; 0 if this ladder made it already. None if it was never encoded:
    its size is not known then."""
    if _made(row, steps, surround=surround):
        return 0.0
    if "width" not in row or not row.get("duration"):
        return None
    rungs = ladder(row["width"], row["height"], FRAME_RATE, steps)
    return usd((min(rung.width, rung.height) for rung in rungs), row["duration"])


def _money(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _made(row: Row, steps: Steps, *, surround: bool) -> bool:
    """Has this ladder made the title already? Then nothing is encoded, unless its files are gone."""
    return bool(row.get("content")) and not catalogue.outdated(row, steps, surround=surround)


def _copy_onto_itself(cloud: Cloud, row: Row) -> None:
    """Copy an upload onto itself. For S3 that is a new upload. `copy` uses several parts for files above 5 GB."""
    bucket, s3 = cloud.name("uploads_bucket"), cloud.client("s3")
    source = {"Bucket": bucket, "Key": row["key"]}
    kept = s3.head_object(**source)
    # S3 refuses a copy that changes nothing.
    extra = {"MetadataDirective": "REPLACE", "ContentType": kept["ContentType"], "Metadata": kept["Metadata"]}
    s3.copy(CopySource=source, **source, ExtraArgs=extra)
