"""Films that are there: encode them anew, and take them down with all that caches hold of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lambdas import names
from lambdas.ladder import Steps, ladder
from lambdas.playback.core import Row
from operate import catalogue, rolling, screen
from operate.cloud import Cloud, find
from operate.screen import NOT_SO, Column, Json, Refusal, Stack, Yes
from planner.encoding import usd

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
    return usd(ladder(row["width"], row["height"], FRAME_RATE, steps), row["duration"])


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


def take_down(
    title: Annotated[str, typer.Argument(help="Its id, as `headend titles` shows it.")],
    source: Annotated[bool, typer.Option("--source", help="Delete the upload too.")] = False,
    caches: Annotated[bool, typer.Option("--caches/--no-caches", help="Empty node and edge caches of it.")] = True,
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete a title: its row, what was made of it, what caches hold of it, and with --source its upload.

    Deleted objects can be brought back for as long as the stack keeps old versions (noncurrentDays).
    """
    cloud = find(stack)
    row, place = catalogue.read(cloud, title) or {}, catalogue.folder(title)
    # Fill lists first: a node that read one would fetch what is gone.
    keys = [*_keys(cloud, f"{names.FILL_LISTS}{place.removeprefix('v/')}"), *_keys(cloud, place)]
    # A run that was interrupted may have left objects without a row.
    if not row and not keys:
        catalogue.row(cloud, title)
    fleets = owners(cloud.output("fleets"), place) if caches and cloud.endpoint is None else []
    going = {
        "its row in the catalogue": title,
        "what was made of it": f"{len(keys)} objects below {place} in {cloud.name('media_bucket')}, and their replicas",
        "its upload": f"{row['key']} in {cloud.name('uploads_bucket')}" if source and "key" in row else "",
        "caches of nodes": ", ".join(fleet["group"] for fleet in fleets),
        "caches of the edge": f"/{place}*" if caches and cloud.endpoint is None else "",
    }
    if not as_json:
        screen.facts(going)
    screen.ask(f"Take {title} down?", yes)
    _stop(cloud, row)
    # In this order: what is deleted must not come back from behind what was emptied.
    cloud.client("dynamodb").delete_item(TableName=cloud.name("titles_table"), Key={"id": {"S": title}})
    if going["its upload"]:
        _delete(cloud, cloud.name("uploads_bucket"), [row["key"]])
    _delete(cloud, cloud.name("media_bucket"), keys)
    refreshed = {fleet["group"]: _refresh(cloud, fleet) for fleet in fleets}
    invalidation = _invalidate(cloud, place) if going["caches of the edge"] else ""
    if as_json:
        screen.document({"title": title, "objects": len(keys), "refreshes": refreshed, "invalidation": invalidation})
        return
    screen.say(f"{title} is down: {len(keys)} objects deleted")
    if caches and cloud.endpoint:
        screen.note("The demo's caches keep what they hold until it ends.", "dim")
    for group, refresh in refreshed.items():
        screen.note(f"{group}: its nodes are replaced one by one, {refresh}. headend nodes shows them")
    if invalidation:
        screen.note(f"The edge forgets it within minutes, {invalidation}")


def owners(fleets: Sequence[rolling.Fleet], place: str) -> list[rolling.Fleet]:
    """The fleet of each region that holds a title: its first hex digit, by how many fleets there are."""
    digit = int(place.removeprefix("v/")[0], 16)
    regions: dict[str, list[rolling.Fleet]] = {}
    for fleet in fleets:
        regions.setdefault(fleet["region"], []).append(fleet)
    return [there[digit * len(there) // 16] for there in regions.values()]


def _keys(cloud: Cloud, place: str) -> list[str]:
    pages = (
        cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.name("media_bucket"), Prefix=place)
    )
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


def _stop(cloud: Cloud, row: Mapping[str, Any]) -> None:
    """End an execution that would go on making the title. It cannot publish without the row, and would leave files."""
    states = cloud.client("stepfunctions")
    if "execution" in row and states.describe_execution(executionArn=row["execution"])["status"] == "RUNNING":
        states.stop_execution(executionArn=row["execution"], error="TakenDown", cause="headend take-down")


def _delete(cloud: Cloud, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), 1000):  # S3 takes 1,000 at a time
        objects = [{"Key": key} for key in keys[start : start + 1000]]
        done = cloud.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if errors := done.get("Errors"):
            told = f"{errors[0]['Key']}: {errors[0].get('Code')} {errors[0].get('Message', '')}"
            raise Refusal(f"{len(errors)} objects of {bucket} could not be deleted, {told}. Run it again", NOT_SO)


def _refresh(cloud: Cloud, fleet: rolling.Fleet) -> str:
    """Replace the nodes of a fleet, and their disks with them."""
    preferences = {**rolling.PREFERENCES, "SkipMatching": False, "AutoRollback": False}
    scaling = cloud.client("autoscaling", fleet["region"])
    return scaling.start_instance_refresh(AutoScalingGroupName=fleet["group"], Preferences=preferences)[
        "InstanceRefreshId"
    ]


def _invalidate(cloud: Cloud, place: str) -> str:
    batch = {
        "Paths": {"Quantity": 1, "Items": [f"/{place}*"]},
        "CallerReference": f"take-down {place} {datetime.now(UTC):%Y%m%dT%H%M%S}",
    }
    asked = {"DistributionId": cloud.name("distribution"), "InvalidationBatch": batch}
    return cloud.client("cloudfront").create_invalidation(**asked)["Invalidation"]["Id"]
