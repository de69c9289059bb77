"""The workflow while uploads replace one another: what plays is what was uploaded last, and never a mixture.

The handlers' cores are the real ones. S3 and MediaConvert are played here: a job reads what its key holds then,
as MediaConvert does, and writes to its own destination.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.find_job.core import find
from lambdas.identify.core import identify
from lambdas.plan.core import Place, plan
from lambdas.shapes import Title
from tests.declared import REGION
from tests.unit.components.making.test_workflow import MADE, workflow
from tests.unit.lambdas.conftest import a_source
from tests.workflow_runner import Execution, Failure, run

KEY = "films/Ein Film.mp4"
PLACE: Place = {"media_bucket": "media", "role": "arn:aws:iam::123456789012:role/r", "queue": "queue"}
Step = Callable[[], object]


def nothing() -> None:
    """What happens where a test has nothing happen."""


@dataclass
class World:
    """The uploads of one key, MediaConvert's jobs, and what lies in the media bucket."""

    table: Any
    uploads: list[str] = field(default_factory=list[str])
    """Contents, oldest first."""
    jobs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    media: dict[str, str] = field(default_factory=dict[str, str])
    """Content by destination."""
    executions: int = 0

    def put(self, content: str) -> dict[str, Any]:
        """Upload to the key; returns the event."""
        self.uploads.append(content)
        number = len(self.uploads)
        etag = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
        item = {"key": KEY, "etag": etag, "size": len(content), "sequencer": f"{number:016X}"}
        return {"detail": {"bucket": {"name": "uploads"}, "object": {**item, "version-id": f"v{number}"}}}

    def deliver(self, event: dict[str, Any], *, reads: Step = nothing, ends: Step = nothing) -> Execution:
        """Run an execution; `reads` happens before its job reads the source, `ends` after that and before it writes."""
        self.executions += 1

        def encode(job: dict[str, Any]) -> Any:
            record = {**job, "Id": str(len(self.jobs)), "Status": "PROGRESSING", "CreatedAt": datetime.now(UTC)}
            self.jobs.insert(0, record)
            reads()
            content = self.uploads[-1]
            ends()
            self.media[
                job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["CmafGroupSettings"]["Destination"]
            ] = content
            record["Status"] = "COMPLETE"
            return {"Job": record}

        def verify(asked: dict[str, Any]) -> Any:
            self._check(asked["title"])
            return MADE

        def probe(title: Title) -> Any:
            self._check(title)
            return a_source()

        answers: dict[str, Callable[[Any], Any]] = {
            "Identify": identify,
            "Probe": probe,
            "Plan": lambda asked: plan(asked["title"], asked["source"], PLACE),
            "Find job": lambda asked: find(asked["title"], self.jobs, datetime.now(UTC)),
            "Encode": encode,
            "Verify": verify,
            "Announce": lambda _message: {},
            "Tell": lambda _message: {},
        }
        return run(workflow(), event, answers, name=f"number-{self.executions}")

    def _check(self, title: Title) -> None:
        """As lambdas.upload does in S3."""
        if title["source"] != f"v{len(self.uploads)}":
            raise Failure("SourceMoved", {"errorMessage": "it moved"})

    def row(self) -> dict[str, Any]:
        return self.table.get_item(Key={"id": "films-ein-film"})["Item"]

    def plays(self) -> str:
        """What a viewer sees."""
        return self.media[f"s3://media/{self.row()['prefix']}/index"]


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        resource: Any = boto3.resource("dynamodb", region_name=REGION)
        yield World(
            resource.create_table(
                TableName="titles",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        )


def test_a_job_that_read_the_upload_which_replaced_its_own_never_counts(world: World) -> None:
    """A; B while A's job waits, in its queue, to read; then A again. The first job was A's, and holds B."""
    replaced: list[dict[str, Any]] = []
    first = world.deliver(world.put("A"), reads=lambda: replaced.append(world.put("B")))
    assert first.path[-1] == "Superseded"
    again = world.put("A")
    assert world.deliver(replaced[0]).path[-1] == "Superseded"
    assert world.deliver(again).path[-1] == "Published"
    assert world.plays() == "A"


@pytest.mark.parametrize("seen", [True, False])
def test_a_job_that_still_runs_for_a_replaced_upload_writes_nowhere_near_the_newer_ones(
    world: World, seen: bool
) -> None:
    """The same, but A comes again while the first job, which has read B, still writes."""
    replaced: list[dict[str, Any]] = []
    again: list[Execution] = []

    def read_b() -> None:
        replaced.append(world.put("B"))

    def a_again() -> None:
        event = world.put("A")
        if seen:
            world.deliver(replaced[0])
        again.append(world.deliver(event))

    world.deliver(world.put("A"), reads=read_b, ends=a_again)
    assert again[0].path[-1] == "Published"
    assert world.plays() == "A"


def test_a_job_whose_execution_died_is_used_by_the_next_for_the_same_upload(world: World) -> None:
    event = world.put("A")
    world.deliver(event)
    world.table.update_item(
        Key={"id": "films-ein-film"},
        UpdateExpression="SET lease = :past REMOVE outcome, live, version, content, prefix",
        ExpressionAttributeValues={":past": 0},
    )
    assert world.deliver(event).path[-1] == "Published"
    assert len(world.jobs) == 1
    assert world.plays() == "A"


def test_the_same_bytes_again_cost_nothing_even_as_another_object_version(world: World) -> None:
    world.deliver(world.put("A"))
    assert world.deliver(world.put("A")).path[-1] == "Nothing to do"
    assert len(world.jobs) == 1
