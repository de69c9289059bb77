"""Sidecars: what the workflow does with a file beside a film while its title changes."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.events.models import EventPattern

from components.making.sidecar_workflow import LOOK_AGAIN_SECONDS, definition
from local.engine import Deployment
from tests.declared import REGION, statements, whole
from tests.making_kit import titles_table
from tests.workflow_runner import Execution, run

NAMES: Any = {"table": "titles", "topic_arn": "arn:aws:sns:us-east-1:123456789012:people", "captions_arn": "captions"}
EVENT = {"detail": {"bucket": {"name": "uploads"}, "object": {"key": "films/Dune.de.vtt"}}}
UPDATE = {
    "action": "UPDATE",
    "id": "films-dune",
    "name": "Dune",
    "version": "aaaaaaaaaaaa",
    "seen": "v/ab/films-dune/aaaaaaaaaaaa",
    "manifests": "v/ab/films-dune/bbbbbbbbbbbb",
    "captions": [{"language": "de", "name": "Deutsch", "role": "subtitles"}],
    "poster": "/v/ab/films-dune/aaaaaaaaaaaa/poster.0000001.jpg",
    "notes": [],
    "looked": "2026-11-22T12:00:00Z",
}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        titles_table()
        dynamodb: Any = boto3.client("dynamodb", region_name=REGION)
        put(dynamodb, "aaaaaaaaaaaa", "v/ab/films-dune/aaaaaaaaaaaa")
        yield dynamodb


def put(dynamodb: Any, version: str, manifests: str) -> None:
    row = {"id": "films-dune", "version": version, "manifests": manifests}
    dynamodb.put_item(TableName="titles", Item={name: {"S": value} for name, value in row.items()})


def row(dynamodb: Any) -> dict[str, Any]:
    return dynamodb.get_item(TableName="titles", Key={"id": {"S": "films-dune"}})["Item"]


def workflow(*answers: dict[str, Any], before: Any = None) -> Execution:
    """The handler gives one answer after another. `before` is called before each answer."""
    given = iter(answers)

    def look(asked: Any) -> dict[str, Any]:
        assert asked == {"bucket": "uploads", "key": "films/Dune.de.vtt"}
        answer = next(given)
        if before:
            before()
        return answer

    return run(definition(NAMES), EVENT, {"Look": look, "Tell": lambda _: {}})


def test_a_caption_file_becomes_the_titles_next_edition(table: Any) -> None:
    done = workflow(UPDATE)
    assert done.path == ["Look", "What to do?", "Write", "Anything to say?", "Done"]
    assert [row(table)[name]["S"] for name in ("manifests", "looked")] == [UPDATE["manifests"], UPDATE["looked"]]
    [caption] = row(table)["captions"]["L"]
    assert caption["M"] == {"language": {"S": "de"}, "name": {"S": "Deutsch"}, "role": {"S": "subtitles"}}


def test_a_new_edition_has_the_sweeper_look_at_the_title_again(table: Any) -> None:
    table.update_item(
        TableName="titles",
        Key={"id": {"S": "films-dune"}},
        UpdateExpression="SET tidy = :yes",
        ExpressionAttributeValues={":yes": {"S": "an execution"}},
    )
    workflow(UPDATE)
    assert "tidy" not in row(table)


def test_no_caption_and_two_notes_are_lists_as_well(table: Any) -> None:
    done = workflow({**UPDATE, "captions": [], "notes": ["One.", "Two."]})
    assert row(table)["captions"]["L"] == []
    assert [note["S"] for note in row(table)["notes"]["L"]] == ["One.", "Two."]
    [told] = done.called("Tell")
    assert told["Message"]["note"] == "One. Two."


@pytest.mark.parametrize(
    ("version", "manifests"),
    [("cccccccccccc", "v/ab/films-dune/cccccccccccc"), ("aaaaaaaaaaaa", "v/ab/films-dune/dddddddddddd")],
)
def test_a_title_that_changed_meanwhile_is_read_again(table: Any, version: str, manifests: str) -> None:
    """The film was encoded again, or another caption file came. Neither change is lost."""
    newer = {**UPDATE, "version": version, "seen": manifests, "manifests": "v/ab/films-dune/eeeeeeeeeeee"}
    done = workflow(UPDATE, newer, before=lambda: put(table, version, manifests))
    assert done.path.count("Look") == 2
    assert (row(table)["version"]["S"], row(table)["manifests"]["S"]) == (version, newer["manifests"])


def test_it_waits_while_the_film_is_made(table: Any) -> None:
    done = workflow({"action": "WAIT"}, {"action": "WAIT"}, UPDATE)
    assert done.path.count("Film is being made") == 2
    assert [row(table)[name]["S"] for name in ("manifests", "looked")] == [UPDATE["manifests"], UPDATE["looked"]]


def test_the_longest_wait_fits_into_a_history() -> None:
    """Step Functions keeps 25,000 events. Each round has a Lambda call (5), a choice (2) and a wait (2) at most."""
    assert 72 * 3600 / LOOK_AGAIN_SECONDS * 9 < 25_000


def test_a_file_without_a_film_is_reported_and_a_file_before_its_film_is_kept(table: Any) -> None:
    before = row(table)
    orphan = {"action": "ORPHAN", "id": "x", "name": "Dune.de.vtt", "notes": ["It is kept."]}
    assert workflow(orphan).called("Tell")[0]["Message"]["note"] == "It is kept."
    assert workflow({"action": "KEEP"}).path == ["Look", "What to do?", "Done"]
    assert row(table) == before


@functools.cache
def dev() -> Deployment:
    return whole("dev")


def event(key: str, what: str) -> Any:
    bucket = dev().exports["uploads_bucket"]
    return {"source": "aws.s3", "detail-type": what, "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}


@pytest.mark.parametrize("what", ["Object Created", "Object Deleted"])
@pytest.mark.parametrize(
    ("key", "starts"),
    [("a/Dune.de.vtt", True), ("Dune.SRT", True), ("Dune.jpg", True), ("Dune.mp4", False), ("Dune.vtt.mp4", False)],
)
def test_only_files_beside_films_start_it(key: str, starts: bool, what: str) -> None:
    pattern: Any = dev().one("aws:cloudwatch/eventRule:EventRule", "sidecars-trigger-rule").inputs["eventPattern"]
    assert EventPattern.load(pattern).matches_event(event(key, what)) is starts


def test_it_may_call_its_handler_write_rows_and_send_messages() -> None:
    policy = dev().one("aws:iam/rolePolicy:RolePolicy", "sidecars-policy").inputs["policy"]
    may = {statement["Action"] if isinstance(statement["Action"], str) else "" for statement in statements(policy)}
    assert may - {""} == {"lambda:InvokeFunction", "dynamodb:UpdateItem", "sns:Publish"}
    machine = dev().one("aws:sfn/stateMachine:StateMachine", "sidecars-workflow")
    assert json.loads(machine.inputs["definition"])["StartAt"] == "Look"
