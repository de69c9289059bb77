"""The Lambda for the forecast. Once a day it reads the plays in the catalogue and writes orders for the cache nodes."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas import clients, plays
from lambdas.forecast import core
from lambdas.names import order_of
from lambdas.refusals import LOG

TABLE, MEDIA_BUCKET = os.environ["TITLES_TABLE"], os.environ["MEDIA_BUCKET"]


def handle(_event: object, _context: object) -> None:
    """Writes an order for each hex digit. A second call on the same day writes the same again."""
    now = datetime.fromtimestamp(time.time(), UTC)
    items = _items()
    found = core.histories(core.rows(items), plays.counted(items), now.date())
    # A title's fill list is written a moment before the title is published.
    orders = core.orders(found, (now - timedelta(hours=1)).isoformat(timespec="seconds"))
    for digit, order in orders.items():
        body = json.dumps(order, separators=(",", ":")).encode()
        clients.client("s3").put_object(Bucket=MEDIA_BUCKET, Key=order_of(digit), Body=body)
    LOG.info("ordered", extra={"titles": len(found), "wanted": sum(len(order["plays"]) for order in orders.values())})


def _items() -> list[dict[str, Any]]:
    """All items of the table, with the needed attributes. It costs a few thousandths of a dollar for 10,000 titles."""
    pages = (
        clients.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=TABLE,
            ProjectionExpression="#id, #plays, #prefix, #published",
            ExpressionAttributeNames={f"#{name}": name for name in ("id", "plays", "prefix", "published")},
        )
    )
    return [item for page in pages for item in page["Items"]]
