"""For tests: the workflow as the program declares it, the job that it makes for a source, and a catalogue."""

from typing import Any

import boto3

from components.making.handlers import HANDLERS
from components.making.workflow import definition
from components.making.workflow_common import WorkflowNames
from lambdas.names import folder
from lambdas.plan import plan
from lambdas.shapes import Source, Title
from tests.declared import ACCOUNT, REGION
from tests.workflow_runner import resolved

QUEUE = f"arn:aws:mediaconvert:{REGION}:{ACCOUNT}:queues/Default"
NAMES: WorkflowNames = {
    "table": "titles",
    "topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:people",
    "functions": {handler.name: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{handler.name}" for handler in HANDLERS},
    "media": "media",
    "queue_arn": QUEUE,
    "job_role_arn": f"arn:aws:iam::{ACCOUNT}:role/encoding",
    "encode": "on_upload",
}
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:workflow:"


def workflow(encode: str = "on_upload") -> dict[str, Any]:
    """The workflow's definition, with fixed names instead of the resources that the program makes."""
    return definition({**NAMES, "encode": encode})  # pyright: ignore[reportArgumentType] - one of the two


def titles_table() -> Any:
    """A new catalogue in moto, without its index, as boto3's resource."""
    resource: Any = boto3.resource("dynamodb", region_name=REGION)
    return resource.create_table(
        TableName=NAMES["table"],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def a_title(name: str = "film", **changes: Any) -> Title:
    title: Any = {
        "id": name,
        "other": f"{name}-01234567",
        "stem": name,
        "name": name,
        "sequencer": "0",
        "uploaded": "2026-11-22T12:00:00Z",
        "bucket": "uploads",
        "key": f"{name}.mp4",
        "etag": "e",
        "size": 1,
        "source": "v1",
        "uri": f"s3://uploads/{name}.mp4",
    }
    return title | changes


VERSION = "0123456789ab"


def job_of(source: Source, title: Title | None = None, queue: str = QUEUE, *, surround: bool = False) -> dict[str, Any]:
    """CreateJob's arguments for a source, made by the workflow's own expressions. Raises SourceRefused."""
    planned = plan(source, surround=surround)
    variables = {
        "title": title or a_title(),
        "version": VERSION,
        "attempts": 0,
        "prepared": {**planned, "content": "c" * 12},
        "states": {"context": {"Execution": {"Id": f"{EXECUTION}first"}}},
    }
    return {**resolved(workflow()["States"]["Encode"]["Arguments"], variables), "Queue": queue}


def prefix_of(name: str = "film") -> str:
    """The prefix to which the job of `job_of` writes the renditions of `a_title(name)`."""
    return f"{folder(name)}/{VERSION}"
