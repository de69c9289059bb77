"""The workflow while uploads replace one another and executions are stopped: the last upload is the one that plays."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from lambdas.rows import event_of
from lambdas.sweep import core
from tests.making_kit import workflow
from tests.making_world import ID, KEY, World, nothing
from tests.workflow_runner import Execution


def test_a_job_that_read_the_upload_which_replaced_its_own_never_counts(world: World) -> None:
    """Upload A, then B while A's job is in the queue, then A again. The first job was made for A, but has read B."""
    replaced: list[dict[str, Any]] = []
    first = world.deliver(world.put("A"), reads=lambda: replaced.append(world.put("B")))
    assert first.path[-1] == "Superseded"
    again = world.put("A")
    assert world.deliver(replaced[0]).path[-1] == "Superseded"
    assert world.deliver(again).path[-1] == "Published"
    assert (world.plays(), world.rewritten) == ("A", [])


@pytest.mark.parametrize("seen", [True, False])
def test_a_job_that_still_runs_for_a_replaced_upload_writes_nowhere_near_the_newer_ones(
    world: World, seen: bool
) -> None:
    """The same, but A comes again while the first job, which has read B, is still writing."""
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
    assert (world.plays(), world.rewritten) == ("A", [])


def test_a_finished_job_of_an_execution_that_died_is_used_however_old_it_is(world: World) -> None:
    event = world.put("A")
    world.deliver(event, stop_after="Encode")
    assert world.deliver(event).path[-1] == "Published"
    assert (len(world.jobs), world.plays()) == (1, "A")


def test_the_same_bytes_again_cost_nothing_even_as_another_object_version(world: World) -> None:
    world.deliver(world.put("A"))
    assert world.deliver(world.put("A")).path[-1] == "Nothing to do"
    assert len(world.jobs) == 1


def test_a_title_that_was_taken_down_is_encoded_anew(world: World) -> None:
    """MediaConvert still knows the finished job, but its files are deleted."""
    event = world.put("A")
    world.deliver(event)
    world.media.clear()
    world.table.delete_item(Key={"id": "films-ein-film"})
    assert world.deliver(event).path[-1] == "Published"
    assert (len(world.jobs), world.plays()) == (2, "A")


STATES = [name for name, state in workflow()["States"].items() if state["Type"] == "Task"]
ON_THE_WAY = ["Identify", "Claim", "Prepare", "What next?", "Encode", "Verify", "Publish", "Announce"]


@pytest.mark.parametrize("state", ON_THE_WAY)
@pytest.mark.parametrize("lost", [True, False])
def test_the_event_again_completes_an_execution_that_was_stopped_at_any_state(
    world: World, state: str, lost: bool
) -> None:
    """The execution is stopped before the state acts, or (`lost`) after it has acted, so that its answer is lost."""
    if lost and state not in STATES:
        pytest.skip("a choice has no answer to lose")
    event = world.put("A")
    stopped = world.deliver(event, stop_after=state) if lost else world.deliver(event, stop_at=state)
    assert stopped.status == "ABORTED"
    world.deliver(event)
    kept = {key: world.row()[key] for key in ("state", "live", "outcome", "content", "source")}
    assert (world.plays(), world.rewritten) == ("A", [])
    undisturbed = {"state": "PUBLISHED", "live": "PUBLISHED", "outcome": "PUBLISHED"}
    assert kept == undisturbed | {"content": kept["content"], "source": "v1"}
    assert len(world.jobs) == 1


@pytest.mark.parametrize("state", ["Prepare", "What next?", "Encode", "Verify", "Publish"])
def test_a_title_whose_execution_nobody_remembers_is_made_from_its_row(world: World, state: str) -> None:
    """The sweeper starts the title again if Step Functions no longer knows the execution that has the claim."""
    world.deliver(world.put("A"), stop_at=state)
    assert "outcome" not in world.row()
    world.executions = {"another film's": "SUCCEEDED"}
    event = json.loads(core.again(world.row()["execution"], event_of(world.plain_row(), "uploads"))["input"])
    path = world.deliver(event).path
    assert ("Does it run?" in path, path[-1]) == (True, "Published")
    assert (world.plays(), world.row()["outcome"], len(world.jobs)) == ("A", "PUBLISHED", 1)


@pytest.mark.parametrize("state", ["Identify", "Prepare", "Encode", "Verify", "Announce"])
@pytest.mark.parametrize("delivered", ["at once", "later"])
def test_an_overwrite_during_any_state_wins(world: World, state: str, delivered: str) -> None:
    """The newer upload's event comes during the execution of the older one, or after it."""
    newer: list[dict[str, Any]] = []

    def overwrite() -> None:
        newer.append(world.put("B"))
        if delivered == "at once":
            world.deliver(newer[0])

    world.deliver(world.put("A"), before=(state, overwrite))
    if delivered == "later":
        world.deliver(newer[0])
    assert (world.plays(), world.row()["outcome"], world.rewritten) == ("B", "PUBLISHED", [])


@pytest.mark.parametrize("state", ["Prepare", "Encode", "Verify"])
def test_a_deletion_during_any_state_is_told_and_the_file_again_is_published(world: World, state: str) -> None:
    done = world.deliver(world.put("A"), before=(state, lambda: world.uploads.append("")))
    assert (world.row()["state"], done.path[-1]) == ("REJECTED", "Rejected")
    world.deliver(world.put("A"))
    assert (world.row()["state"], world.plays(), world.rewritten) == ("PUBLISHED", "A", [])


def test_one_event_ten_times_and_all_at_once_is_one_title_and_one_job(world: World) -> None:
    """Each delivery comes while the one before it is in another state."""
    event = world.put("A")
    ends: list[str] = []
    pending = [event] * 9

    def another() -> None:
        if pending:
            ends.append(world.deliver(pending.pop(), before=("Does it run?", another)).path[-1])

    for state in ("Prepare", "Encode", "Verify"):
        world.deliver(event, before=(state, another))
    assert (len(world.jobs), world.plays()) == (1, "A")
    assert set(ends) == {"Already taken"}


def test_events_out_of_order_end_with_the_newest(world: World) -> None:
    events = [world.put(content) for content in "ABC"]
    for event in (events[2], events[0], events[1], events[2]):
        world.deliver(event)
    assert (world.plays(), len(world.jobs)) == ("C", 1)


def test_an_upload_that_is_only_catalogued_is_encoded_when_it_is_asked_for_a_second_time_too(world: World) -> None:
    world.mode = "on_request"
    first = world.put("A")
    world.deliver(first)
    world.deliver({**first, "requested": True})
    assert world.plays() == "A"
    second = world.put("B")
    world.deliver(second)
    assert (world.plays(), world.row()["outcome"]) == ("A", "REGISTERED"), "the old version plays on"
    world.deliver({**second, "requested": True})
    assert (world.plays(), world.row()["outcome"]) == ("B", "PUBLISHED")


def from_before(world: World) -> None:
    """A row as an earlier release wrote it."""
    world.table.update_item(
        Key={"id": ID},
        UpdateExpression="REMOVE stem, #source, uploaded",
        ExpressionAttributeNames={"#source": "source"},
    )


def test_a_row_of_an_earlier_release_is_made_when_it_is_asked_for(world: World) -> None:
    world.mode = "on_request"
    world.deliver(world.put("A"))
    assert world.row()["outcome"] == "REGISTERED"
    from_before(world)
    assert world.deliver(event_of(world.plain_row(), "uploads")).path[-1] == "Published"
    assert (world.plays(), len(world.jobs)) == ("A", 1)


def test_a_newer_upload_replaces_a_row_of_an_earlier_release(world: World) -> None:
    world.deliver(world.put("A"))
    from_before(world)
    assert world.deliver(world.put("B")).path[-1] == "Published"
    assert world.plays() == "B"


def test_another_film_leaves_a_row_of_an_earlier_release_alone(world: World) -> None:
    world.deliver(world.put("A"))
    from_before(world)
    event = world.put("B")
    event["detail"]["object"]["key"] = "films/ein film.mp4"
    assert world.deliver(event).path[-1] == "Published"
    assert world.plays() == "A"
    assert world.row()["key"] == KEY


@pytest.mark.parametrize("jobs_known", [True, False])
def test_a_then_b_then_a_again_writes_nothing_twice_however_late(world: World, jobs_known: bool) -> None:
    """MediaConvert forgets jobs after three months. An earlier version is neither used again nor changed."""
    for content in ("A", "B", "A"):
        if not jobs_known:
            world.jobs.clear()
        assert world.deliver(world.put(content)).path[-1] == "Published"
        assert world.plays() == content
    assert (len(world.media), world.rewritten) == (3, [])


def found_by_a_sweep(world: World, event: dict[str, Any]) -> dict[str, Any]:
    """The event with which the sweeper replaces a lost one."""
    lost, now = event["detail"]["object"], datetime(2026, 11, 22, 13, tzinfo=UTC)
    stored = core.Stored(
        lost["key"], lost["version-id"], lost["etag"], lost["size"], datetime.fromisoformat(event["time"])
    )
    row = world.plain_row() or None
    return json.loads(core.first_start(stored, row, "uploads", now)["input"])


@pytest.mark.parametrize("late", ["while it is made", "afterwards", "never"])
def test_an_upload_whose_event_was_lost_is_made_once_even_if_the_event_comes_after_all(world: World, late: str) -> None:
    for content in ("A", "B"):
        event = world.put(content)
        arrives = ("Verify", partial(world.deliver, event)) if late == "while it is made" else ("", nothing)
        world.deliver(found_by_a_sweep(world, event), before=arrives)
        if late == "afterwards":
            assert world.deliver(event).path[-1] == "Nothing to do"
        assert (world.plays(), world.row()["outcome"]) == (content, "PUBLISHED")
    assert (len(world.jobs), world.rewritten) == (2, [])
    assert world.deliver(world.put("C")).path[-1] == "Published"
    assert world.plays() == "C", "a later upload is newer than what the sweeper made up"
