"""Restore: the catalogue as it was at a moment, as another table that the stack then uses."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from operate import config, screen
from operate.cloud import find
from operate.screen import Json, Refusal, Stack, Yes

POLL_SECONDS = 15
"""A restore takes AWS some minutes to some hours."""


def restore(
    at: Annotated[
        str, typer.Option(help="The moment, such as 2026-11-28T21:30Z. Default: the latest that AWS offers.")
    ] = "",
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Restore the catalogue as it was at a moment, to a new table that the next `pulumi up` takes."""
    path = config.path_of(stack)
    cloud = find(stack)
    source, dynamodb = cloud.name("titles_table"), cloud.client("dynamodb")
    moment = within(at, *window(dynamodb, source))
    target = f"{source}-at-{moment:%Y%m%dT%H%M%SZ}"
    text = path.read_text(encoding="utf-8")
    new = config.with_value(text, "catalogueTable", target)
    screen.ask(
        f"Make the table {target} from {source}, and name it in {path.name}? Nothing uses it before pulumi up.", yes
    )
    # The latest moment will be another one then.
    screen.note(f"After Ctrl-C, go on with --at {moment:%Y-%m-%dT%H:%M:%SZ}")
    with screen.err().status("AWS is making the table: minutes to hours"):
        make(dynamodb, source, target, moment)
        while not ready(dynamodb, target):
            time.sleep(POLL_SECONDS)
        keep(dynamodb, source, target)
    path.write_text(new, encoding="utf-8")
    if as_json:
        screen.document({"source": source, "table": target, "at": moment, "config": path.name})
        return
    screen.note(f"{path.name} names it. Look at pulumi preview, then run pulumi up: the old table stays as it is.")
    screen.note("Uploads since then: see docs/operating.md, Restore the catalogue.")


def window(dynamodb: Any, table: str) -> tuple[datetime, datetime]:
    """The first and the last moment to which a table can be restored. Raises Refusal if it cannot be restored."""
    told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = told.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise Refusal(f"{table}: has no point-in-time recovery, so there is nothing to restore it from")
    return recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]


def within(at: str, first: datetime, last: datetime) -> datetime:
    """The moment that was named, in whole seconds; the last one for an empty text. Raises Refusal."""
    if not at:
        return last.astimezone(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Refusal(f"--at {at}: is no moment; write it as 2026-11-28T21:30Z") from None
    if moment.tzinfo is None:
        raise Refusal(f"--at {at}: in which time zone? Write Z behind it for UTC")
    if not first <= moment <= last:
        raise Refusal(f"--at {at}: AWS offers {first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}")
    return moment.astimezone(UTC).replace(microsecond=0)


def make(dynamodb: Any, source: str, target: str, moment: datetime) -> None:
    """Have AWS begin, unless it has already."""
    try:
        dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, RestoreDateTime=moment)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TableAlreadyExistsException", "TableInUseException"):
            raise


def ready(dynamodb: Any, table: str) -> bool:
    """Can it be used, its index too?"""
    told = dynamodb.describe_table(TableName=table)["Table"]
    states = [told["TableStatus"], *(index.get("IndexStatus") for index in told.get("GlobalSecondaryIndexes", ()))]
    return all(state in ("ACTIVE", None) for state in states)


def keep(dynamodb: Any, source: str, target: str) -> None:
    """Give the new table what AWS does not restore: recovery of its own, expiry of rows, protection and tags."""
    told = dynamodb.describe_table(TableName=source)["Table"]
    dynamodb.update_continuous_backups(
        TableName=target, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    expiry = dynamodb.describe_time_to_live(TableName=source)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] == "ENABLED" and not _expires(dynamodb, target):
        wanted = {"AttributeName": expiry["AttributeName"], "Enabled": True}
        dynamodb.update_time_to_live(TableName=target, TimeToLiveSpecification=wanted)
    if told.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)
    tags = dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"]).get("Tags", [])
    if tags:
        arn = dynamodb.describe_table(TableName=target)["Table"]["TableArn"]
        dynamodb.tag_resource(ResourceArn=arn, Tags=tags)


def _expires(dynamodb: Any, table: str) -> bool:
    told = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return told["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
