"""The catalogue's table and the encoder's queue."""

from typing import Any

from local.resources.making import Making, makes


@makes("aws:dynamodb/table:Table")
def table(made: Making) -> tuple[str, dict[str, Any]]:
    """A table with its indexes."""
    attributes = [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in made.take("attributes")]
    indexes = [
        {
            "IndexName": item.pop("name"),
            "KeySchema": [
                {"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in item.pop("keySchemas")
            ],
            "Projection": {key: item.pop(key) for key in ("projectionType", "nonKeyAttributes") if key in item},
            **item,
        }
        for item in made.take("globalSecondaryIndexes", [])
    ]
    keys = [{"AttributeName": made.take("hashKey"), "KeyType": "HASH"}]
    parts = {"KeySchema": keys, "AttributeDefinitions": attributes, "GlobalSecondaryIndexes": indexes or None}
    made.call("dynamodb", "create_table", TableName=made.name, **parts)
    if kept := made.take("pointInTimeRecovery"):
        kept = {"pointInTimeRecoveryEnabled": kept.pop("enabled"), **kept}
        made.call("dynamodb", "update_continuous_backups", TableName=made.name, PointInTimeRecoverySpecification=kept)
    if ttl := made.take("ttl"):
        made.call("dynamodb", "update_time_to_live", TableName=made.name, TimeToLiveSpecification=ttl)
    return made.name, {}


@makes("aws:mediaconvert/queue:Queue")
def encoding_queue(made: Making) -> tuple[str, dict[str, Any]]:
    """A queue of encoding jobs."""
    return made.name, {"arn": made.call("mediaconvert", "create_queue", Name=made.name)["Queue"]["Arn"]}
