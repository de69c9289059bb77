"""The catalogue's table and the encoder's queue."""

from typing import Any

from local.resources.making import Making, makes


@makes("aws:dynamodb/table:Table")
def table(made: Making) -> tuple[str, dict[str, Any]]:
    """A table with its indexes."""
    attributes = [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in made.take("attributes")]
    indexes = [
        {
            "IndexName": item["name"],
            "KeySchema": _keys(item),
            "Projection": {
                "ProjectionType": item["projectionType"],
                **({"NonKeyAttributes": item["nonKeyAttributes"]} if "nonKeyAttributes" in item else {}),
            },
        }
        for item in made.take("globalSecondaryIndexes", [])
    ]
    made.call(
        "dynamodb",
        "create_table",
        TableName=made.name,
        AttributeDefinitions=attributes,
        KeySchema=_keys({key: made.take(key) for key in ("hashKey", "rangeKey") if key in made.inputs}),
        GlobalSecondaryIndexes=indexes or None,
    )
    if recovery := made.take("pointInTimeRecovery"):
        wanted = {"PointInTimeRecoveryEnabled": recovery["enabled"]}
        made.call("dynamodb", "update_continuous_backups", TableName=made.name, PointInTimeRecoverySpecification=wanted)
    return made.name, {}


def _keys(item: dict[str, str]) -> list[dict[str, str]]:
    kinds = {"hashKey": "HASH", "rangeKey": "RANGE"}
    return [{"AttributeName": item[key], "KeyType": kind} for key, kind in kinds.items() if key in item]


@makes("aws:mediaconvert/queue:Queue")
def encoding_queue(made: Making) -> tuple[str, dict[str, Any]]:
    """A queue of encoding jobs."""
    return made.name, {"arn": made.call("mediaconvert", "create_queue", Name=made.name)["Queue"]["Arn"]}
