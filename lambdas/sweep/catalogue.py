"""Reads and writes the catalogue for the sweep. Each part also stores there where its next run continues."""

import json
import os
from typing import Any

from lambdas import clients
from lambdas.refusals import error_code
from lambdas.rows import NOTES, Row, plain

TABLE = os.environ["TITLES_TABLE"]


def get(id_: str) -> Row | None:
    """A row, read consistently."""
    found = _dynamodb().get_item(TableName=TABLE, Key={"id": {"S": id_}}, ConsistentRead=True)
    return plain(found["Item"]) if found.get("Item") else None


def place(part: str) -> Any:
    """Where the last run ended; None for the beginning."""
    return json.loads((get(f"sweep{NOTES}{part}") or {}).get("place", "null"))


def keep_place(part: str, where: Any) -> None:
    """The next run goes on from here."""
    _dynamodb().update_item(
        TableName=TABLE,
        Key={"id": {"S": f"sweep{NOTES}{part}"}},
        UpdateExpression="SET #place = :place",
        ExpressionAttributeNames={"#place": "place"},
        ExpressionAttributeValues={":place": {"S": json.dumps(where)}},
    )


def page(start: Any, **request: Any) -> tuple[list[Row], Any]:
    """(a page of a query from `start` on, the start of the next page or None)."""
    begin = {"ExclusiveStartKey": start} if start else {}
    found = _dynamodb().query(TableName=TABLE, **begin, **request)
    return [plain(item) for item in found["Items"]], found.get("LastEvaluatedKey")


def write(row: Row, expression: str, values: dict[str, Any], condition: str = "attribute_exists(outcome)") -> bool:
    """Change a row if its last execution is still the same and `condition` holds. Returns whether it did."""
    names = {"ExpressionAttributeNames": {"#state": "state"}} if "#state" in expression else {}
    try:
        _dynamodb().update_item(
            TableName=TABLE,
            Key={"id": {"S": row["id"]}},
            UpdateExpression=expression,
            ConditionExpression=f"execution = :execution AND {condition}",
            ExpressionAttributeValues={":execution": {"S": row["execution"]}, **values},
            **names,
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _dynamodb() -> Any:
    return clients.client("dynamodb")
