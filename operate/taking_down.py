"""The verb that takes a title down: its row, its files in every region, and the copies of them in caches."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lambdas import names
from lambdas.rows import Row, taken_down
from operate import catalogue, executions, screen
from operate.cloud import Cloud, find
from operate.screen import NOT_SO, Json, Refusal, Stack, Title, Yes

NODES_SECONDS = 45
"""Nodes look for lists of deleted files every 15 s (cache-node-fill.service), and act on each list twice."""
REPLICAS_SECONDS = 900
"""S3 replicates most objects within seconds. Its paid service (Replication Time Control) promises 15 minutes."""


def take_down(
    title: Title,
    source: Annotated[bool, typer.Option("--source", help="Also delete the upload.")] = False,
    caches: Annotated[bool, typer.Option("--caches/--no-caches", help="Empty its caches.")] = True,
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete a title: its row, its renditions, the copies in caches, and with --source its upload.

    Deleted objects can be restored while the stack keeps old versions of them (noncurrentDays). If a run is
    interrupted, the next run finishes it.
    """
    cloud = find(stack)
    row, place = catalogue.read(cloud, title) or {}, catalogue.folder(title)
    bucket = cloud.name("media_bucket")
    # Fill lists are deleted first, because a node that reads one would fetch the files again.
    keys = [*_keys(cloud, f"{names.FILL_LISTS}{place.removeprefix('v/')}"), *_keys(cloud, place)]
    told = _keys(cloud, _gone(place))
    if not row and not keys and not told:
        catalogue.row(cloud, title)
    edge = f"/{place}*" if caches and cloud.endpoint is None else ""
    going = {
        "its row in the catalogue": title,
        "its renditions": f"{len(keys)} objects below {place} in {bucket}, and their replicas",
        "its upload": f"{row['key']} in {cloud.name('uploads_bucket')}" if source and "key" in row else "",
        "caches of nodes": f"its files, in {', '.join(_regions(cloud))}" if caches and cloud.output("fleets") else "",
        "caches of the edge": edge,
    }
    if not as_json:
        screen.facts(going)
    screen.ask(f"Take {title} down?", yes)
    # The note comes first. Without it the sweeper would start the upload, or the stopped execution, again.
    _note(cloud, title, row)
    _stop(cloud, row)
    # The row goes before the files and the files before the caches, so that no cache can fetch a file again.
    cloud.client("dynamodb").delete_item(TableName=cloud.name("titles_table"), Key={"id": {"S": title}})
    if going["its upload"]:
        _delete(cloud, cloud.name("uploads_bucket"), [row["key"]])
    # The list is written before the files are deleted, so that a later run still knows their names.
    paths = [f"/{key}" for key in keys if key.startswith(place)] or _paths(cloud, told)
    list_key = _tell(cloud, place, paths) if going["caches of nodes"] else ""
    _delete(cloud, bucket, keys)
    if list_key:
        _empty_nodes(cloud, place, paths, list_key)
    invalidation = _invalidate(cloud, place) if edge else ""
    if as_json:
        screen.document({"title": title, "objects": len(keys), "nodes": list_key, "invalidation": invalidation})
        return
    screen.say(f"{title} is down: {len(keys)} objects deleted")
    if caches and cloud.endpoint:
        screen.note("The demo's edge keeps its copies until the demo ends.", "dim")
    if invalidation:
        screen.note(f"The edge removes its copies within minutes (invalidation {invalidation})")


def _regions(cloud: Cloud) -> list[str]:
    return [cloud.home, *cloud.output("replicas")]


def _gone(place: str) -> str:
    """Prefix of the lists of a title's deleted files."""
    return f"{names.GONE_LISTS}{place.removeprefix('v/')}"


def _tell(cloud: Cloud, place: str, paths: Sequence[str]) -> str:
    """Write a list that tells the nodes to delete a title's files from their caches. Returns its key."""
    key = f"{_gone(place)}{datetime.now(UTC):{names.GONE_TIME}}.json"
    body = json.dumps({"paths": paths}).encode()
    cloud.client("s3").put_object(Bucket=cloud.name("media_bucket"), Key=key, Body=body)
    return key


def _paths(cloud: Cloud, lists: Sequence[str]) -> list[str]:
    """The paths in lists of an earlier run, which was interrupted after it had deleted the files."""
    s3, bucket = cloud.client("s3"), cloud.name("media_bucket")
    return sorted({path for key in lists for path in json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])["paths"]})


def _empty_nodes(cloud: Cloud, place: str, paths: Sequence[str], list_key: str) -> None:
    """Wait until no node has a file of the title or can fetch one. Raises Refusal if replicas are too slow."""
    replicas: Mapping[str, str] = cloud.output("replicas")
    if replicas:
        _wait(
            "The replicas have not deleted the files",
            lambda: not any(_keys(cloud, place, region, bucket) for region, bucket in replicas.items()),
        )
        # A node may have fetched a file again from a slow replica. The second list comes after that.
        list_key = _tell(cloud, place, paths)
        _wait(
            "The replicas have not received the list of deleted files",
            lambda: all(_keys(cloud, list_key, region, bucket) for region, bucket in replicas.items()),
        )
    if cloud.endpoint is None:
        with screen.err().status(f"Nodes remove it from their caches ({NODES_SECONDS} s)"):
            time.sleep(NODES_SECONDS)


def _wait(not_yet: str, done: Callable[[], bool]) -> None:
    end = time.monotonic() + REPLICAS_SECONDS
    with screen.err().status(f"{not_yet} yet"):
        while not done():
            if time.monotonic() > end:
                raise Refusal(f"{not_yet} within {REPLICAS_SECONDS // 60} minutes. Run this verb again", NOT_SO)
            time.sleep(2)


def _keys(cloud: Cloud, place: str, region: str | None = None, bucket: str = "") -> list[str]:
    """Keys that begin with `place`, in `bucket` or in the home media bucket."""
    return [item["Key"] for item in cloud.objects(bucket or cloud.name("media_bucket"), place, region)]


def _note(cloud: Cloud, title: str, row: Row) -> None:
    """Write when the title was taken down. A later upload makes it again."""
    item = {"id": taken_down(title), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    item |= {"stem": row["stem"]} if "stem" in row else {}
    table = cloud.name("titles_table")
    cloud.client("dynamodb").put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})


def _stop(cloud: Cloud, row: Row) -> None:
    """Stop the title's execution. It could not publish without the row, but it would leave files."""
    if "execution" in row and executions.runs(cloud, row["execution"]):
        asked = {"executionArn": row["execution"], "error": "TakenDown", "cause": "headend take-down"}
        cloud.client("stepfunctions").stop_execution(**asked)


def _delete(cloud: Cloud, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), 1000):  # S3 takes 1,000 at a time
        objects = [{"Key": key} for key in keys[start : start + 1000]]
        done = cloud.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if errors := done.get("Errors"):
            told = f"{errors[0]['Key']}: {errors[0].get('Code')} {errors[0].get('Message', '')}"
            raise Refusal(f"{len(errors)} objects of {bucket} were not deleted ({told}). Run this verb again", NOT_SO)


def _invalidate(cloud: Cloud, place: str) -> str:
    batch: dict[str, Any] = {
        "Paths": {"Quantity": 1, "Items": [f"/{place}*"]},
        "CallerReference": f"take-down {place} {datetime.now(UTC):%Y%m%dT%H%M%S}",
    }
    asked = {"DistributionId": cloud.name("distribution"), "InvalidationBatch": batch}
    return cloud.client("cloudfront").create_invalidation(**asked)["Invalidation"]["Id"]
