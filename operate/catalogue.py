"""Reads titles from the catalogue as plain rows."""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambdas import names
from lambdas.ladder import Steps, content_of, steps_of
from lambdas.rows import STATES, Row, plain
from operate.cloud import Cloud
from operate.screen import NOT_SO, Refusal


def row(cloud: Cloud, title: str) -> Row:
    """A title's row. Raises Refusal if there is none."""
    found = read(cloud, title)
    if found is None:
        raise Refusal(f"there is no title {title!r}. `headend titles` lists them all", NOT_SO)
    return found


def read(cloud: Cloud, title: str) -> Row | None:
    """A title's current row, or None."""
    table, key = cloud.name("titles_table"), {"id": {"S": title}}
    found = cloud.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return plain(found["Item"]) if found.get("Item") else None


def newest_first(cloud: Cloud, states: Iterable[str] = STATES) -> Iterator[Row]:
    """Rows in any of these states, the last changed first. Pages are read when they are needed."""
    return heapq.merge(*(_of(cloud, state) for state in states), key=lambda row: str(row["updated"]), reverse=True)


def _of(cloud: Cloud, state: str) -> Iterator[Row]:
    pages = cloud.client("dynamodb").get_paginator("query").paginate(
        TableName=cloud.name("titles_table"),
        IndexName="by-state",
        KeyConditionExpression="#state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": state}},
        ScanIndexForward=False,
    )  # fmt: skip
    for page in pages:
        yield from (plain(item) for item in page["Items"])


def search(rows: Iterable[Row], words: str) -> Iterator[Row]:
    """Rows whose id, name or upload key contains every word."""
    wanted = words.casefold().split()
    for item in rows:
        text = " ".join(str(item.get(field, "")) for field in ("id", "name", "key")).casefold()
        if all(word in text for word in wanted):
            yield item


def page(rows: Iterable[Row], number: int, length: int) -> tuple[list[Row], bool]:
    """(the rows of page `number`, whether there is another page). Numbers begin at 1."""
    start = (number - 1) * length
    found = list(itertools.islice(rows, start, start + length + 1))
    return found[:length], len(found) > length


def folder(title: str) -> str:
    """Prefix of all versions of a title in the media bucket, with a slash at its end."""
    return f"{names.folder(title)}/"


def steps(cloud: Cloud) -> Steps:
    """The stack's ladder. A stack of an older program has the default one, because it had no choice."""
    return steps_of(cloud.outputs.get("ladder", ""))


def surround(cloud: Cloud) -> bool:
    """Does the stack keep 5.1?"""
    return bool(cloud.outputs.get("surround"))


def outdated(item: Mapping[str, Any], steps: Steps, *, surround: bool) -> bool:
    """Was the version that plays made with another ladder than the stack's, or without the 5.1 that it keeps?"""
    return bool(item.get("content")) and content_of(item["etag"], steps, surround=surround) != item["content"]
