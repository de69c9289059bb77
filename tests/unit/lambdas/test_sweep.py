"""The sweeper: it finds lost uploads once, leaves running and deleted titles alone, and deletes unused files."""

import functools
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas import clients, names
from lambdas.editions.sidecars import is_sidecar
from lambdas.rows import iso, taken_down
from lambdas.sweep import core, handler, superseded, unheard
from lambdas.titles import title_ids

NOW = datetime.now(UTC).replace(microsecond=0)
REGION = "us-east-1"
MACHINE, SIDECARS = os.environ["STATE_MACHINE"], os.environ["SIDECARS_STATE_MACHINE"]
ARN = "arn:aws:states:eu-west-1:111122223333:execution:titles:"


class States:
    """Step Functions, with the calls that the sweeper makes."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        """The answers of DescribeExecution, by ARN."""
        self.started: dict[str, dict[str, Any]] = {}
        """The input of each started execution, by name."""

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.known:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": "m"}}, "DescribeExecution")
        return self.known[executionArn]

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        assert stateMachineArn == (SIDECARS if is_sidecar(json.loads(input)["detail"]["object"]["key"]) else MACHINE)
        assert len(name) <= 80
        if name in self.started:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists", "Message": "m"}}, "StartExecution")
        self.started[name] = json.loads(input)
        return {}


class Stack:
    """A catalogue, two buckets and the workflow."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name=REGION)
        dynamodb: Any = boto3.resource("dynamodb", region_name=REGION)
        self.table = dynamodb.create_table(
            TableName="titles",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "state", "updated")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-state",
                    "KeySchema": [
                        {"AttributeName": "state", "KeyType": "HASH"},
                        {"AttributeName": "updated", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.states = States()
        for bucket in ("uploads", "media"):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.clock = NOW

    def upload(self, key: str, body: bytes = b"film") -> dict[str, str]:
        """Upload a file. Returns the attributes that a claim writes into the row."""
        put = self.s3.put_object(Bucket="uploads", Key=key, Body=body)
        return {"key": key, "etag": put["ETag"].strip('"'), "source": put["VersionId"], "stem": key.rpartition(".")[0]}

    def row(self, state: str = "PROCESSING", **fields: Any) -> None:
        known = {
            "id": "film",
            "state": state,
            "updated": iso(NOW - timedelta(hours=1)),
            "uploaded": iso(NOW + timedelta(hours=1)),
            "execution": f"{ARN}first",
            "sequencer": "0065A1B2C3D4E5F6AB" + "0" * 46,
            "size": 4,
            "key": "film.mp4",
            "stem": "film",
            "etag": "e",
            "source": "v1",
        }
        item = {name: value for name, value in {**known, **fields}.items() if value is not None}
        self.table.put_item(Item=item)

    def get(self, id_: str = "film") -> dict[str, Any]:
        return self.table.get_item(Key={"id": id_})["Item"]

    def encode(self, version: str, title: str = "film", *, names_: tuple[str, ...] = ("index.m3u8", "a.cmfv")) -> str:
        prefix = f"{names.folder(title)}/{version}"
        for name in names_:
            self.s3.put_object(Bucket="media", Key=f"{prefix}/{name}", Body=b"x")
        self.s3.put_object(Bucket="media", Key=names.fill_list(prefix), Body=b"x")
        return prefix

    def media(self) -> set[str]:
        found = self.s3.list_objects_v2(Bucket="media").get("Contents", [])
        return {item["Key"].split("/")[3] for item in found if not item["Key"].startswith(names.FILL_LISTS)}

    def sweep(self, **later: float) -> dict[str, int]:
        """Run the sweeper at a time after NOW."""
        self.clock = NOW + timedelta(**later)
        return handler.handle({"source": "aws.events"}, Patient())


class Patient:
    """A Lambda context. The time left is one value of `left` (milliseconds) after the other, and then 0."""

    left = [300_000] * 100

    def __init__(self) -> None:
        self._left = iter(self.left)

    def get_remaining_time_in_millis(self) -> int:
        return next(self._left, 0)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    # moto's S3 has the clock of the machine, and a long run of tests began a while ago.
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC).replace(microsecond=0))
    with mock_aws():
        made = Stack()
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        known = {"s3": made.s3, "dynamodb": dynamodb, "stepfunctions": made.states}
        monkeypatch.setattr(clients, "client", known.__getitem__)

        class Clock:
            @staticmethod
            def now(_zone: object) -> datetime:
                return made.clock

        monkeypatch.setattr(handler, "datetime", Clock)
        yield made


EVENT = {"time": "t", "detail": {"object": {"key": "film.mp4"}}}


@pytest.mark.parametrize("state", ["PROCESSING", "PUBLISHED"])
@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED", None])
def test_a_title_whose_execution_is_gone_is_started_again_once(stack: Stack, state: str, status: str | None) -> None:
    stack.row(state, live=state if state == "PUBLISHED" else None)
    if status:
        stack.states.known[f"{ARN}first"] = {"status": status, "input": json.dumps(EVENT)}
    assert stack.sweep()["abandoned"] == 1
    assert stack.sweep()["abandoned"] == 0, "the same execution is not started again twice"
    [(name, event)] = stack.states.started.items()
    assert name.startswith("again-1-")
    # What it was given; where nobody remembers, what the row says.
    upload = {"key": "film.mp4", "etag": "e", "size": 4, "sequencer": "0065A1B2C3D4E5F6AB" + "0" * 46}
    row_says = {
        "requested": True,
        "time": iso(NOW + timedelta(hours=1)),
        "detail": {"bucket": {"name": "uploads"}, "object": {**upload, "version-id": "v1"}},
    }
    assert event == (EVENT if status else row_says)


def test_a_title_that_was_in_making_where_home_was_is_made_here(stack: Stack) -> None:
    stack.row(execution=(lost := f"{ARN}first".replace("eu-west-1", "us-east-1")))
    stack.states.known[lost] = {"status": "RUNNING", "input": "{}"}
    assert stack.sweep()["abandoned"] == 1
    [event] = stack.states.started.values()
    assert event["detail"]["bucket"]["name"] == "uploads"


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_what_runs_is_left_alone(stack: Stack, status: str) -> None:
    stack.row()
    stack.states.known[f"{ARN}first"] = {"status": status, "input": "{}"}
    assert stack.sweep(days=30)["abandoned"] == 0


@pytest.mark.parametrize(("hours", "started"), [(2, 0), (0, 1)])
def test_a_title_that_is_being_taken_down_is_left_alone_but_a_later_upload_is_made(
    stack: Stack, hours: int, started: int
) -> None:
    """The verb stops the execution before it deletes the row."""
    stack.row()
    stack.table.put_item(Item={"id": taken_down("film"), "at": iso(NOW + timedelta(hours=hours))})
    stack.states.known[f"{ARN}first"] = {"status": "ABORTED", "input": json.dumps(EVENT)}
    assert stack.sweep()["abandoned"] == started


@pytest.mark.parametrize("state", ["PUBLISHED", "REJECTED", "FAILED", "REGISTERED"])
def test_a_title_with_an_outcome_is_left_alone(stack: Stack, state: str) -> None:
    stack.row(state, outcome=state)
    assert stack.sweep()["abandoned"] == 0


@pytest.mark.parametrize("live", [None, "PUBLISHED"])
def test_after_five_tries_the_row_says_why_not(stack: Stack, live: str | None) -> None:
    execution = f"{ARN}first"
    for number in range(1, core.MOST_TRIES + 1):
        stack.row(live or "PROCESSING", live=live, execution=execution)
        stack.states.known[execution] = {"status": "FAILED", "input": json.dumps(EVENT)}
        stack.sweep()
        name = list(stack.states.started)[-1]
        assert core.tries(f"{ARN}{name}") == number
        execution = f"{ARN}{name}"
    stack.row(live or "PROCESSING", live=live, execution=execution)
    stack.states.known[execution] = {"status": "FAILED", "input": json.dumps(EVENT)}
    stack.sweep()
    row = stack.get()
    assert len(stack.states.started) == core.MOST_TRIES
    assert (row["outcome"], row["state"]) == ("FAILED", live or "FAILED")
    assert "5 executions in a row ended without an outcome, the last FAILED" in row["fault"]


def test_a_bad_end_is_heard_of_at_once_and_only_of_its_own_title(stack: Stack) -> None:
    stack.row()
    stack.states.known[f"{ARN}first"] = {"status": "ABORTED", "input": json.dumps(EVENT)}
    status = {"executionArn": f"{ARN}first", "status": "ABORTED", "input": json.dumps(EVENT)}
    for other in ({"executionArn": f"{ARN}another"}, {"input": "{}"}):
        assert handler.handle({"source": "aws.states", "detail": status | other}, Patient()) == {"abandoned": 0}
    assert handler.handle({"source": "aws.states", "detail": status}, Patient()) == {"abandoned": 1}
    [name] = stack.states.started
    stack.row(execution=f"{ARN}{name}")
    stack.states.known[f"{ARN}{name}"] = {"status": "FAILED", "input": json.dumps(EVENT)}
    again = {"executionArn": f"{ARN}{name}", "status": "FAILED", "input": json.dumps(EVENT)}
    assert handler.handle({"source": "aws.states", "detail": again}, Patient()) == {"abandoned": 0}
    assert stack.sweep()["abandoned"] == 1, "what failed at once is tried by the schedule"


def test_an_upload_that_no_event_told_of_is_started(stack: Stack) -> None:
    upload = stack.upload("films/Ein Film.mp4")
    assert stack.sweep(minutes=29)["unheard"] == 0, "its event may still be on its way"
    assert stack.sweep(minutes=31)["unheard"] == 1
    assert stack.sweep(minutes=46)["unheard"] == 0
    [event] = stack.states.started.values()
    assert event["detail"]["bucket"] == {"name": "uploads"}
    found = event["detail"]["object"]
    assert (found["key"], found["etag"], found["size"]) == (upload["key"], upload["etag"], 4)
    assert found["version-id"] == upload["source"]
    assert found["sequencer"] < "0065A1B2C3D4E5F6AB", "every event of this key is newer"
    assert "requested" not in event, "an upload is only registered where it is encoded on request"


def test_a_lost_overwrite_is_started_as_newer_than_what_the_row_has(stack: Stack) -> None:
    old = stack.upload("film.mp4")
    stack.upload("film.mp4", b"another")
    stack.row("PUBLISHED", outcome="PUBLISHED", **{**old, "uploaded": iso(NOW - timedelta(hours=1))})
    assert stack.sweep(hours=1)["unheard"] == 1
    [event] = stack.states.started.values()
    assert event["detail"]["object"]["sequencer"] == "0065A1B2C3D4E5F6AB" + "0" * 45 + "1"


@pytest.mark.parametrize(("outcome", "found"), [("PUBLISHED", 0), ("REJECTED", 1), ("FAILED", 1)])
def test_the_same_bytes_again_are_nothing_that_was_lost_if_something_was_made_of_them(
    stack: Stack, outcome: str, found: int
) -> None:
    stack.row(outcome, outcome=outcome, **{**stack.upload("film.mp4"), "uploaded": iso(NOW - timedelta(hours=1))})
    stack.upload("film.mp4")
    assert stack.sweep(hours=1)["unheard"] == found


def test_an_upload_for_which_an_execution_gave_way_is_started_even_of_the_same_bytes(stack: Stack) -> None:
    old = stack.upload("film.mp4")
    stack.upload("film.mp4")
    stack.row(**{**old, "uploaded": iso(NOW - timedelta(hours=1)), "updated": iso(NOW)})
    stack.states.known[f"{ARN}first"] = {"status": "SUCCEEDED", "input": json.dumps(EVENT)}
    assert stack.sweep(minutes=20)["abandoned"] == 0, "its event may still be on its way"
    assert stack.sweep(hours=1)["abandoned"] == 1
    assert [name.partition("-")[0] for name in stack.states.started] == ["found"]


@pytest.mark.parametrize(
    ("key", "days"), [("film.jpg", 1), ("._film.mp4", 1), ("folder/", 1), ("film.mp4", 15), ("known.mp4", 1)]
)
def test_a_file_that_is_not_a_lost_film_is_left_alone(stack: Stack, key: str, days: int) -> None:
    known = stack.upload(key)
    if key == "known.mp4":
        stack.row("REJECTED", id="known", outcome="REJECTED", **known)
    assert stack.sweep(days=days)["unheard"] == 0


@pytest.mark.parametrize("key", ["film.de.vtt", "film.jpg", "film.en.sdh.SRT"])
@pytest.mark.parametrize("looked", [None, NOW - timedelta(days=3), NOW])
def test_a_file_beside_a_film_that_no_event_told_of_is_found(stack: Stack, key: str, looked: datetime | None) -> None:
    stack.upload(key)
    stack.row("PUBLISHED", outcome="PUBLISHED", version="aaaaaaaaaaaa", looked=looked and iso(looked))
    assert stack.sweep(minutes=29)["unheard"] == 0, "its event may still be on its way"
    assert [stack.sweep(hours=1)["unheard"] for _ in range(2)] == [1, 0]
    [event] = stack.states.started.values()
    assert event == {"detail": {"bucket": {"name": "uploads"}, "object": {"key": key}}}


@pytest.mark.parametrize("key", ["film.de.vtt", "film.jpg"])
def test_a_deletion_beside_a_film_that_no_event_told_of_is_found(stack: Stack, key: str) -> None:
    stack.upload(key)
    looked = datetime.now(UTC) + timedelta(seconds=2)  # after the upload, and before the deletion
    stack.row("PUBLISHED", outcome="PUBLISHED", version="aaaaaaaaaaaa", looked=iso(looked))
    assert stack.sweep(hours=1)["unheard"] == 0
    stack.s3.delete_object(Bucket="uploads", Key=key)
    stack.row("PUBLISHED", outcome="PUBLISHED", version="aaaaaaaaaaaa", looked=iso(NOW))
    assert [stack.sweep(hours=1)["unheard"] for _ in range(2)] == [1, 0]
    [event] = stack.states.started.values()
    assert event == {"detail": {"bucket": {"name": "uploads"}, "object": {"key": key}}}


def test_the_deletion_of_a_film_starts_nothing(stack: Stack) -> None:
    for _ in range(2):
        stack.upload("film.mp4")
    stack.s3.delete_object(Bucket="uploads", Key="film.mp4")
    assert stack.sweep(hours=1)["unheard"] == 0


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("film.de.vtt", {"version": "aaaaaaaaaaaa", "outcome": "PUBLISHED", "looked": iso(NOW + timedelta(days=1))}),
        ("film.de.vtt", {"outcome": "REJECTED"}),  # when the film can be published, it is found beside it
        ("film.de.vtt", {"version": "aaaaaaaaaaaa"}),  # the film is being made anew
        ("film two.de.vtt", {"version": "aaaaaaaaaaaa", "outcome": "PUBLISHED"}),
        ("other/film.de.vtt", {"version": "aaaaaaaaaaaa", "outcome": "PUBLISHED"}),
    ],
)
def test_a_file_beside_a_film_that_was_seen_or_will_be_is_left(stack: Stack, key: str, row: dict[str, str]) -> None:
    stack.upload(key)
    stack.row("PUBLISHED", **row)
    stack.states.known[f"{ARN}first"] = {"status": "RUNNING", "input": "{}"}
    assert stack.sweep(hours=1).get("unheard", 0) == 0


def test_counts_of_plays_are_not_read(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(12):
        stack.table.put_item(Item={"id": f"plays/2026-11-{day:02}/film", "plays": 1})
    published(stack, "aaaaaaaaaaaa")
    query, read = clients.client("dynamodb").query, list[int]()

    def counted(**asked: Any) -> Any:
        found = query(**asked)
        read.append(found["ScannedCount"])
        return found

    monkeypatch.setattr(clients.client("dynamodb"), "query", counted)
    monkeypatch.setattr(clients.client("dynamodb"), "scan", None)
    stack.sweep()
    assert sum(read) == 2, "the title is looked at by two parts of the sweep"


def test_a_title_that_was_taken_down_stays_down_until_its_file_comes_again(stack: Stack) -> None:
    stack.upload("film.mp4")
    for at, started in ((NOW + timedelta(minutes=5), 0), (NOW - timedelta(minutes=5), 1)):
        stack.table.put_item(Item={"id": taken_down("film"), "at": iso(at), "stem": "film"})
        assert stack.sweep(hours=1)["unheard"] == started


def test_a_film_beside_another_of_the_same_slug_is_looked_up_under_its_own_id(stack: Stack) -> None:
    stack.row("PUBLISHED", outcome="PUBLISHED", **stack.upload("film.mp4"))
    other = stack.upload("Film.mp4", b"another")
    stack.row("PUBLISHED", id=title_ids("Film.mp4")[1], outcome="PUBLISHED", **other)
    assert stack.sweep(hours=1)["unheard"] == 0
    stack.table.delete_item(Key={"id": title_ids("Film.mp4")[1]})
    assert stack.sweep(hours=1)["unheard"] == 1


def test_a_bucket_is_looked_through_in_pieces(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        stack.upload(f"film {number}.mp4")
    answers = stack.s3.list_object_versions
    monkeypatch.setattr(unheard, "PAGES", 1)
    monkeypatch.setattr(stack.s3, "list_object_versions", functools.partial(answers, MaxKeys=3))
    assert [stack.sweep(hours=1)["unheard"] for _ in range(4)] == [3, 3, 1, 0]


def test_a_run_without_time_goes_on_in_the_next(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        stack.upload(f"film {number}.mp4")
    monkeypatch.setattr(Patient, "left", [300_000, 300_000, 300_000])
    assert stack.sweep(hours=1)["unheard"] == 1
    monkeypatch.setattr(Patient, "left", [300_000] * 100)
    assert stack.sweep(hours=1)["unheard"] == 2


def published(stack: Stack, version: str, **fields: Any) -> None:
    prefix = f"{names.folder('film')}/{version}"
    stack.row("PUBLISHED", **{"outcome": "PUBLISHED", "prefix": prefix, "manifests": prefix, **fields})


def test_a_version_that_another_replaced_goes_after_its_grace(stack: Stack) -> None:
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"):
        stack.encode(version)
    published(stack, "bbbbbbbbbbbb")
    assert [stack.sweep(days=days)["superseded"] for days in (0, 6.9)] == [0, 0]
    assert stack.media() == {"aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"}
    assert stack.sweep(days=7)["superseded"] == 2
    assert stack.media() == {"bbbbbbbbbbbb"}
    fills = stack.s3.list_objects_v2(Bucket="media", Prefix=names.FILL_LISTS)["Contents"]
    assert [item["Key"].rpartition("/")[2] for item in fills] == ["bbbbbbbbbbbb.json"]
    assert "superseded" not in stack.get()
    assert stack.get()["tidy"] == stack.get()["execution"]


def test_the_grace_of_each_version_is_its_own_however_often_the_title_is_made_anew(stack: Stack) -> None:
    for day, version in enumerate(("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd")):
        stack.encode(version)
        before = stack.table.get_item(Key={"id": "film"}).get("Item", {})
        published(stack, version, execution=f"{ARN}{day}", superseded=before.get("superseded"))
        stack.sweep(days=4 * day)
    assert stack.media() == {"bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"}
    stack.sweep(days=16)
    assert stack.media() == {"cccccccccccc", "dddddddddddd"}


def test_files_of_a_failed_execution_are_deleted_and_the_row_stays(stack: Stack) -> None:
    stack.encode("aaaaaaaaaaaa", names_=("half.cmfv",))
    stack.row("FAILED", outcome="FAILED", fault="f")
    stack.sweep()
    assert stack.sweep(days=8)["superseded"] == 1
    assert (stack.media(), stack.get()["fault"]) == (set(), "f")


def test_an_edition_stays_with_its_encode_and_the_one_before_it_goes(stack: Stack) -> None:
    """Editions name the segments of the encode, which lies beside them."""
    place = names.folder("film")
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"):
        stack.encode(version)
    published(stack, "aaaaaaaaaaaa", manifests=f"{place}/cccccccccccc", poster=f"/{place}/cccccccccccc/poster.jpg")
    stack.sweep()
    assert stack.sweep(days=8)["superseded"] == 1
    assert stack.media() == {"aaaaaaaaaaaa", "cccccccccccc"}


def test_an_edition_that_comes_back_while_it_is_deleted_is_told(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    place = names.folder("film")
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        stack.encode(version)
    old = {"bbbbbbbbbbbb": iso(NOW - timedelta(days=30))}
    published(stack, "aaaaaaaaaaaa", superseded=old)
    delete = stack.s3.delete_objects

    def comes_back(**asked: Any) -> Any:
        published(stack, "aaaaaaaaaaaa", manifests=f"{place}/bbbbbbbbbbbb", superseded=old)
        return delete(**asked)

    monkeypatch.setattr(stack.s3, "delete_objects", comes_back)
    with pytest.raises(RuntimeError, match="bbbbbbbbbbbb became the current edition"):
        stack.sweep()


def test_no_marker_is_left_where_nothing_was(stack: Stack) -> None:
    stack.encode("aaaaaaaaaaaa", names_=("half.cmfv",))
    stack.s3.delete_object(Bucket="media", Key=names.fill_list(f"{names.folder('film')}/aaaaaaaaaaaa"))
    stack.row("FAILED", outcome="FAILED", superseded={"aaaaaaaaaaaa": iso(NOW - timedelta(days=30))})
    stack.sweep()
    markers = stack.s3.list_object_versions(Bucket="media")["DeleteMarkers"]
    assert len(markers) == 2, "of the fill list by the test, and of the one object"


def test_a_row_that_changed_since_it_was_scanned_counts_as_it_is_now(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index may give a row as it was: here with the edition before the current one."""
    place, old = names.folder("film"), iso(NOW - timedelta(days=30))
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"):
        stack.encode(version)
    published(stack, "aaaaaaaaaaaa", manifests=f"{place}/bbbbbbbbbbbb", superseded={"cccccccccccc": old})
    before = [stack.get()], None
    published(stack, "aaaaaaaaaaaa", manifests=f"{place}/cccccccccccc", superseded={"cccccccccccc": old})

    def stale(*_asked: Any, **_request: Any) -> Any:
        return before

    monkeypatch.setattr(superseded.catalogue, "page", stale)
    assert stack.sweep()["superseded"] == 0
    assert stack.media() == {"aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"}


def test_a_title_in_making_is_not_tidied(stack: Stack) -> None:
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        stack.encode(version)
    stack.states.known[f"{ARN}first"] = {"status": "RUNNING", "input": "{}"}
    published(stack, "aaaaaaaaaaaa", outcome=None, superseded={"bbbbbbbbbbbb": iso(NOW - timedelta(days=30))})
    assert stack.sweep(days=8)["superseded"] == 0
    assert stack.media() == {"aaaaaaaaaaaa", "bbbbbbbbbbbb"}


def test_an_execution_that_claims_the_title_meanwhile_stops_its_tidying(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        stack.encode(version)
    published(stack, "aaaaaaaaaaaa", superseded={"bbbbbbbbbbbb": iso(NOW - timedelta(days=30))})
    plan = core.tidying

    def claimed(*asked: Any) -> core.Tidying:
        published(stack, "aaaaaaaaaaaa", outcome=None, execution=f"{ARN}second")
        return plan(*asked)

    monkeypatch.setattr(superseded.core, "tidying", claimed)
    assert stack.sweep()["superseded"] == 0
    assert stack.media() == {"aaaaaaaaaaaa", "bbbbbbbbbbbb"}


def test_titles_that_are_tidy_cost_no_more_requests(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.encode("aaaaaaaaaaaa")
    published(stack, "aaaaaaaaaaaa")
    stack.sweep()
    monkeypatch.setattr(stack.s3, "get_paginator", None)
    assert stack.sweep(days=1)["superseded"] == 0


def test_a_part_that_fails_does_not_keep_the_others_from_their_work(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.upload("film 2.mp4")
    stack.row(id="broken", key=None, execution=f"{ARN}broken")
    stack.row()
    monkeypatch.setattr(stack.s3, "get_paginator", None)
    stack.encode("aaaaaaaaaaaa", "done")
    stack.row("FAILED", id="done", outcome="FAILED")
    with pytest.raises(RuntimeError, match=r"2 failed: abandoned, broken: 'key'; superseded, done:"):
        stack.sweep(hours=1)
    assert [name.partition("-")[0] for name in stack.states.started] == ["again", "found"]
