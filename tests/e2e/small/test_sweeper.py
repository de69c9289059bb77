"""A title whose execution is stopped half-way: the sweeper completes it, and deletes all files of the first attempt."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.names import folder
from local.cloud import LaptopCloud
from tests.e2e.platform import play, settled, upload, wait
from tests.media_samples import sample

OWN = (
    "id",
    "name",
    "stem",
    "key",
    "execution",
    "sequencer",
    "source",
    "uploaded",
    "created",
    "updated",
    "looked",
    "published",
)
"""Attributes that differ between two uploads of the same bytes under two names."""


def objects(cloud: LaptopCloud, title: str) -> list[tuple[str, int]]:
    """(file name, size) of each object of a title in the media bucket."""
    bucket = cloud.deployment.exports["media_bucket"]
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder(title)}/")
    return sorted((item["Key"].rpartition("/")[2], item["Size"]) for page in pages for item in page.get("Contents", []))


def told(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    """The title's row in the catalogue, without the attributes of OWN and the names of its own versions."""
    row = cloud.row(title) or {}
    text = json.dumps({name: value for name, value in row.items() if name not in OWN})
    for own in (row["version"], row["manifests"].rpartition("/")[2], folder(title)):
        text = text.replace(own, "…")
    return json.loads(text)


def encoding(cloud: LaptopCloud, title: str) -> str | None:
    """The title's execution, once its job is at work."""
    jobs = cloud.client("mediaconvert").list_jobs(MaxResults=20)["Jobs"]
    mine = [job for job in jobs if job["UserMetadata"]["title"] == title and job["Status"] == "PROGRESSING"]
    return (cloud.row(title) or {})["execution"] if mine else None


def sweep(cloud: LaptopCloud) -> dict[str, int]:
    functions = cloud.client("lambda")
    names = [
        item["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for item in page["Functions"]
    ]
    [name] = [name for name in names if name.startswith("sweeper-")]
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    found = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found


def test_an_execution_that_is_stopped_leaves_a_title_as_if_it_had_not_been(cloud: LaptopCloud) -> None:
    undisturbed = upload(cloud, sample("long"), "undisturbed.mp4")
    settled(cloud, undisturbed)
    title = upload(cloud, sample("long"), "stopped.mp4")
    stopped = wait(lambda: encoding(cloud, title), "the encoder is at work")
    cloud.client("stepfunctions").stop_execution(executionArn=stopped)
    row = settled(cloud, title)
    assert row["state"] == "PUBLISHED", row
    assert row["execution"].rpartition(":")[2].startswith("again-1-")
    assert play(cloud, title)["hls"].endswith("index.m3u8")

    # The files of the first attempt count as unused since the sweeper saw them. They are deleted a week after that.
    assert sweep(cloud)["superseded"] == 0
    week = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    for version in (cloud.row(title) or {}).get("superseded", {}):
        cloud.client("dynamodb").update_item(
            TableName=cloud.deployment.exports["titles_table"],
            Key={"id": {"S": title}},
            UpdateExpression="SET superseded.#version = :week",
            ExpressionAttributeNames={"#version": version},
            ExpressionAttributeValues={":week": {"S": week}},
        )
    sweep(cloud)
    assert objects(cloud, title) == objects(cloud, undisturbed)
    ours = told(cloud, title) | {"tidy": ""}
    assert ours == told(cloud, undisturbed) | {"tidy": ""}
