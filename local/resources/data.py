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
    stream = {"streamEnabled": made.take("streamEnabled"), "streamViewType": made.take("streamViewType")}
    stream = stream if stream["streamEnabled"] else None
    made.call("dynamodb", "create_table", TableName=made.name, StreamSpecification=stream, **parts)
    if kept := made.take("pointInTimeRecovery"):
        kept = {"pointInTimeRecoveryEnabled": kept.pop("enabled"), **kept}
        made.call("dynamodb", "update_continuous_backups", TableName=made.name, PointInTimeRecoverySpecification=kept)
    if ttl := made.take("ttl"):
        made.call("dynamodb", "update_time_to_live", TableName=made.name, TimeToLiveSpecification=ttl)
    return made.name, {}


@makes(
    "aws:dynamodb/tableReplica:TableReplica",
    dict.fromkeys(
        ("deletionProtectionEnabled", "pointInTimeRecovery", "tags"), "the laptop's copy is the table itself"
    ),
)
def table_replica(made: Making) -> tuple[str, dict[str, Any]]:
    """A table's copy in another region, which has its name."""
    arn = made.take("globalTableArn")
    home, name = arn.split(":")[3], arn.rpartition("/")[2]
    there, made.region = made.region, home
    copy = [{"Create": {"RegionName": there}}]
    made.call("dynamodb", "update_table", TableName=name, ReplicaUpdates=copy, DeletionProtectionEnabled=None)
    return f"{name}:{home}", {}


@makes("aws:mediaconvert/queue:Queue")
def encoding_queue(made: Making) -> tuple[str, dict[str, Any]]:
    """A queue of encoding jobs."""
    return made.name, {"arn": made.call("mediaconvert", "create_queue", Name=made.name)["Queue"]["Arn"]}
