"""The workflow: a title's row says what happened to its upload, and a title that plays keeps playing."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from components.making.workflow_make import ENCODE_ATTEMPTS
from facts.encoder_codes import OURS, OWNERS
from lambdas.cost import Cost
from lambdas.identify.core import identify
from lambdas.ladder import content_of
from lambdas.names import folder
from lambdas.plan import plan
from lambdas.prepare.core import encode
from lambdas.shapes import Title
from tests.declared import REGION, whole
from tests.making_kit import EXECUTION, NAMES, titles_table, workflow
from tests.making_world import MADE
from tests.unit.lambdas.conftest import a_source
from tests.workflow_runner import Execution, Failure, run


@pytest.fixture(scope="module")
def titles() -> Iterator[Any]:
    with mock_aws():
        yield titles_table()


@pytest.fixture
def table(titles: Any) -> Any:
    for item in titles.scan()["Items"]:
        titles.delete_item(Key={"id": item["id"]})
    return titles


def event(key: str = "films/Ein Film.mp4", sequencer: int = 1, etag: str = "e1", **other: Any) -> dict[str, Any]:
    source = {"key": key, "etag": etag, "size": 1000, "sequencer": f"{sequencer:016X}", "version-id": f"v{sequencer}"}
    return {
        "time": f"2026-11-22T12:00:{sequencer % 60:02}Z",
        "detail": {"bucket": {"name": "uploads"}, "object": source},
        **other,
    }


def identified(etag: str, sequencer: int) -> Title:
    """Run the workflow for the upload of `event`."""
    source = event(etag=etag, sequencer=sequencer)["detail"]["object"]
    upload: Any = {**source, "bucket": "uploads", "version_id": source["version-id"], "time": ""}
    return identify(upload)


PRICE: Cost = {"minutes": {"1080p": 2.0, "270p": 1.0}, "tier": "Basic", "usd": 0.0225, "storage_usd": 0.003}


def prepared(asked: dict[str, Any], **found: Any) -> Any:
    """The handler's answer if it finds no job, with the changes in `found`."""
    content = content_of(asked["title"]["etag"])
    planned = encode(content, plan(a_source()), PRICE)
    if asked["published"]["content"] == content:
        return {**planned, "next": "SETTLE"}
    return {**planned, **({} if asked["wanted"] else {"next": "REGISTER"}), **found}


def answers(**other: Callable[[Any], Any]) -> dict[str, Callable[[Any], Any]]:
    """The handlers' answers for a good film. `other` replaces some: the name of a state, with `_` for a space."""
    fine: dict[str, Callable[[Any], Any]] = {
        "Identify": identify,
        "Does it run?": lambda _asked: {"Status": "RUNNING"},
        "Prepare": prepared,
        "Encode": lambda _job: {"Job": {"Status": "COMPLETE"}},
        "Verify": lambda _asked: MADE,
        "Announce": lambda _message: {},
        "Tell": lambda _message: {},
    }
    return fine | {name.replace("_", " "): answer for name, answer in other.items()}


def fails(*failures: Failure) -> Callable[[Any], Any]:
    """Fails once with each of the errors, and then succeeds."""
    left = list(failures)

    def answer(_asked: Any) -> Any:
        if left:
            raise left.pop(0)
        return {"Job": {"Status": "COMPLETE"}}

    return answer


def always(failure: Failure) -> Callable[[Any], Any]:
    def answer(_asked: Any) -> Any:
        raise failure

    return answer


def row(table: Any, title: str = "films-ein-film") -> dict[str, Any]:
    return table.get_item(Key={"id": title}).get("Item", {})


def upload(*, name: str = "first", answering: Any = None, encode: str = "on_upload", **given: Any) -> Execution:
    return run(workflow(encode), event(**given), answering or answers(), name=name)


def job_failed(code: int, message: str) -> Failure:
    return Failure("States.TaskFailed", {"Status": "ERROR", "ErrorCode": code, "ErrorMessage": message})


def test_a_good_film_is_published_and_people_are_told(table: Any) -> None:
    done = upload()
    assert done.status == "SUCCEEDED"
    title = identified("e1", 1)
    published = row(table)
    assert {key: published[key] for key in ("state", "live", "outcome", "name")} == {
        "state": "PUBLISHED",
        "live": "PUBLISHED",
        "outcome": "PUBLISHED",
        "name": title["name"],
    }
    assert published["prefix"] == f"{folder(title['id'])}/{published['version']}"
    assert published["content"] == content_of("e1")
    assert (published["width"], published["height"], published["renditions"]) == (1280, 720, ["720p", "360p"])
    assert json.loads(published["opening"]) == MADE["opening"]
    assert published["remarks"] == MADE["remarks"]
    [message] = done.called("Announce")
    assert message["Message"]["state"] == "PUBLISHED"


@pytest.mark.parametrize("price", [PRICE, None])
def test_the_row_says_what_a_title_costs_before_it_is_encoded(table: Any, price: Cost | None) -> None:
    seen: list[Any] = []

    def job(_job: Any) -> Any:
        seen.append(json.loads(json.dumps(row(table)["cost"], default=float)))
        return {"Job": {"Status": "COMPLETE"}}

    upload(answering=answers(Encode=job, Prepare=lambda asked: prepared(asked, cost=price)))
    assert seen == [price]
    assert bool(row(table)["cost"]) == bool(price), "and keeps it"


def test_an_upload_that_was_replaced_meanwhile_costs_nothing(table: Any) -> None:
    def replaced(asked: Any) -> Any:
        table.update_item(
            Key={"id": asked["title"]["id"]},
            UpdateExpression="SET execution = :other",
            ExpressionAttributeValues={":other": "another"},
        )
        return prepared(asked)

    done = upload(answering=answers(Prepare=replaced))
    assert (done.path[-1], done.called("Encode")) == ("Superseded", [])


def test_the_subject_of_a_message_is_what_sns_takes(table: Any) -> None:
    done = upload(key=f"films/{'Фильм 映画 ' * 30}.mp4")
    [message] = done.called("Announce")
    assert message["Subject"].isascii()
    assert len(message["Subject"]) <= 100


@pytest.mark.parametrize("refuses", ["Prepare", "Verify"])
def test_a_source_that_cannot_be_played_is_rejected_with_the_reason(table: Any, refuses: str) -> None:
    error = Failure("SourceRefused", {"errorMessage": "This film has no pictures.", "errorType": "SourceRefused"})
    done = upload(answering=answers(**{refuses: always(error)}))
    assert (row(table)["state"], row(table)["reason"]) == ("REJECTED", "This film has no pictures.")
    assert done.status == "SUCCEEDED", "nobody is woken for a bad file"
    assert done.called("Tell")[0]["Message"]["reason"] == "This film has no pictures."


@pytest.mark.parametrize("code", OWNERS)
def test_an_encoder_error_about_the_file_rejects_it_at_once(table: Any, code: int) -> None:
    done = upload(answering=answers(Encode=always(job_failed(code, "No video stream"))))
    assert row(table)["state"] == "REJECTED"
    assert "No video stream" in row(table)["reason"]
    assert len(done.called("Encode")) == 1


def test_the_encoder_may_say_it_as_its_events_do(table: Any) -> None:
    failure = Failure("States.TaskFailed", {"status": "ERROR", "errorCode": 1020, "errorMessage": "No video stream"})
    upload(answering=answers(Encode=always(failure)))
    assert (row(table)["state"], "No video stream" in row(table)["reason"]) == ("REJECTED", True)


@pytest.mark.parametrize(
    "failure", [job_failed(1999, "Internal error"), Failure("States.Timeout", "It took too long"), Failure("X", "")]
)
def test_another_failure_of_the_encoder_is_tried_again_and_then_ours(table: Any, failure: Failure) -> None:
    done = upload(answering=answers(Encode=always(failure)))
    assert (row(table)["state"], done.status, done.error) == ("FAILED", "FAILED", "TitleFailed")
    assert len(done.called("Encode")) == ENCODE_ATTEMPTS
    assert "operators" in row(table)["reason"]


def test_it_waits_if_the_encoder_refuses_because_of_its_rate(table: Any) -> None:
    busy = Failure("MediaConvert.TooManyRequestsException")
    done = upload(answering=answers(Encode=fails(*[busy] * 20)))
    assert (row(table)["state"], done.status) == ("PUBLISHED", "SUCCEEDED")


def test_a_job_whose_answer_was_lost_is_not_made_again(table: Any) -> None:
    found: list[dict[str, Any]] = [{}, {"next": "WAIT"}, {"next": "VERIFY", "version": "abc"}]
    done = upload(
        answering=answers(
            Prepare=lambda asked: prepared(asked, **found.pop(0)),
            Encode=fails(Failure("MediaConvert.SdkClientException", "reset")),
        )
    )
    assert row(table)["state"] == "PUBLISHED"
    assert len(done.called("Encode")) == 1


def test_an_event_that_comes_twice_changes_nothing(table: Any) -> None:
    upload()
    before = row(table)
    again = upload(name="second")
    assert (again.status, again.path[-1]) == ("SUCCEEDED", "Already taken")
    assert row(table) == before


def test_what_failed_through_our_fault_can_be_tried_again(table: Any) -> None:
    upload(answering=answers(Prepare=always(Failure("KeyError", "a bug"))))
    assert (row(table)["state"], "KeyError" in row(table)["fault"]) == ("FAILED", True)
    upload(name="second")
    assert row(table)["state"] == "PUBLISHED"
    assert not {"reason", "fault"} & set(row(table))


def test_an_older_event_that_comes_late_changes_nothing(table: Any) -> None:
    upload(sequencer=2, etag="e2")
    before = row(table)
    assert upload(sequencer=1, name="late").path[-1] == "Already taken"
    assert row(table) == before


def test_a_newer_upload_takes_over_and_the_older_does_not_publish(table: Any) -> None:
    def meanwhile(_asked: Any) -> Any:
        upload(sequencer=2, etag="e2", name="newer")
        return MADE

    older = upload(answering=answers(Verify=meanwhile))
    assert older.path[-1] == "Superseded"
    assert row(table)["content"] == content_of("e2")


def test_a_replaced_source_leaves_the_title_to_the_newer_upload(table: Any) -> None:
    moved = Failure("SourceMoved", {"errorMessage": "it moved"})
    done = upload(answering=answers(Verify=always(moved)))
    assert (done.status, done.path[-1]) == ("SUCCEEDED", "Superseded")


@pytest.mark.parametrize("broken", ["Prepare", "Encode"])
def test_a_new_version_that_fails_leaves_the_old_one_playing(table: Any, broken: str) -> None:
    upload()
    version = row(table)["version"]
    upload(sequencer=2, etag="e2", name="second", answering=answers(**{broken: always(Failure("X", "a bug"))}))
    after = row(table)
    assert (after["state"], after["version"], after["outcome"]) == ("PUBLISHED", version, "FAILED")


def test_the_same_bytes_again_are_not_encoded_again(table: Any) -> None:
    upload()
    again = upload(sequencer=2, name="second")
    assert again.path[-1] == "Nothing to do"
    assert not again.called("Encode")
    assert row(table)["state"] == "PUBLISHED"


def test_what_cannot_be_published_is_marked_and_not_left_as_in_progress(table: Any) -> None:
    incomplete = {key: value for key, value in MADE.items() if key != "poster"}
    done = upload(answering=answers(Verify=lambda _asked: incomplete))
    assert (row(table)["state"], done.status) == ("FAILED", "FAILED")
    assert row(table)["fault"].startswith("Publish: ")


def test_a_title_is_published_even_if_its_message_fails(table: Any) -> None:
    done = upload(answering=answers(Announce=always(Failure("SNS.AuthorizationErrorException"))))
    assert (row(table)["state"], done.status) == ("PUBLISHED", "SUCCEEDED")


@pytest.mark.parametrize("broken", ["Identify", "Claim"])
def test_an_execution_that_claims_nothing_fails_and_is_not_taken_for_superseded(table: Any, broken: str) -> None:
    done = upload(answering=answers(**{broken: always(Failure("DynamoDB.AccessDeniedException"))}))
    assert done.status == "FAILED"
    assert row(table) == {}


def test_two_films_of_one_slug_do_not_touch_each_other(table: Any) -> None:
    """The second film takes another id, and keeps it."""
    upload()
    before = row(table)
    other: Any = {
        **event()["detail"]["object"],
        "key": "films/ein-film.mov",
        "bucket": "b",
        "version_id": "",
        "time": "",
    }
    own = identify(other)["other"]
    for sequencer in (9, 10):
        done = upload(key="films/ein-film.mov", name=f"other {sequencer}", sequencer=sequencer, etag=f"e{sequencer}")
        assert done.path[-1] == "Published"
        assert (row(table, own)["key"], row(table, own)["content"]) == (other["key"], content_of(f"e{sequencer}"))
    assert row(table) == before


def test_another_container_of_a_film_replaces_it_if_it_came_later(table: Any) -> None:
    upload(key="films/Ein Film.mp4", sequencer=0xFF00, etag="e1")
    later = event(key="films/Ein Film.mov", sequencer=0x10, etag="e2") | {"time": "2026-11-22T13:00:00Z"}
    run(workflow(), later, answers(), name="second")
    assert row(table)["key"] == "films/Ein Film.mov", "sequencers of two keys mean nothing"
    earlier = event(key="films/Ein Film.mkv", sequencer=0xFFFF00, etag="e3") | {"time": "2026-11-22T11:00:00Z"}
    assert run(workflow(), earlier, answers(), name="third").path[-1] == "Already taken"
    assert row(table)["key"] == "films/Ein Film.mov"


def test_a_newer_upload_wins_whatever_the_length_of_its_sequencer(table: Any) -> None:
    older, newer = event(etag="e1"), event(etag="e2")
    older["detail"]["object"]["sequencer"] = "0062E99A88DC407460E5AA"
    newer["detail"]["object"]["sequencer"] = "0062E99A88DC407460E6"
    run(workflow(), older, answers())
    run(workflow(), newer, answers(), name="second")
    assert row(table)["content"] == content_of("e2")
    assert run(workflow(), older, answers(), name="third").path[-1] == "Already taken"


def test_a_file_that_is_not_a_film_claims_nothing_and_sends_no_message(table: Any) -> None:
    done = upload(answering=answers(Identify=always(Failure("NotAFilm", {"errorMessage": "a picture"}))))
    assert (done.status, done.path) == ("SUCCEEDED", ["Identify", "No film"])
    assert row(table) == {}


@pytest.mark.parametrize(("status", "last"), [("RUNNING", "Already taken"), ("ABORTED", "Published")])
def test_a_claim_is_worth_what_its_execution_is(table: Any, status: str, last: str) -> None:
    stopped = run(workflow(), event(), answers(), stop_at="Encode")
    assert (stopped.status, row(table)["state"]) == ("ABORTED", "PROCESSING")
    described: dict[str, Callable[[Any], Any]] = {"Does it run?": lambda _asked: {"Status": status}}
    again = upload(name="second", answering=answers(**described))
    assert again.path[-1] == last
    [asked] = again.called("Does it run?")
    assert asked == {"ExecutionArn": f"{EXECUTION}first"}


def test_an_execution_of_a_home_that_is_lost_holds_nothing_and_nobody_is_asked(table: Any) -> None:
    run(workflow(), event(), answers(), stop_at="Encode")
    lost = f"{EXECUTION}first".replace(REGION, "eu-west-1")
    table.update_item(
        Key={"id": "films-ein-film"},
        UpdateExpression="SET execution = :lost",
        ExpressionAttributeValues={":lost": lost},
    )
    again = upload(name="second")
    assert again.path[-1] == "Published"
    assert again.called("Does it run?") == []


def test_an_execution_that_aws_has_forgotten_holds_nothing(table: Any) -> None:
    run(workflow(), event(), answers(), stop_at="Encode")
    forgotten = always(Failure("Sfn.ExecutionDoesNotExistException"))
    assert upload(name="second", answering=answers(**{"Does it run?": forgotten})).path[-1] == "Published"


def place_of(job: dict[str, Any]) -> str:
    """The prefix to which a job writes."""
    group = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["CmafGroupSettings"]
    return group["Destination"].removeprefix("s3://media/").rpartition("/")[0]


def test_incomplete_renditions_are_made_again_in_another_folder(table: Any) -> None:
    answered = [Failure("RenditionsIncomplete", {"errorMessage": "The file index.mpd is missing."})]

    def verify(_asked: Any) -> Any:
        if answered:
            raise answered.pop()
        return MADE

    done = upload(answering=answers(Verify=verify))
    places = [place_of(job) for job in done.called("Encode")]
    assert len(set(places)) == 2
    assert [asked["Payload"]["refused"] for asked in done.called("Prepare")] == [[], [places[0].rpartition("/")[2]]]
    assert row(table)["prefix"] == places[1]


def captioned(asked: Any) -> Any:
    honest = prepared(asked)
    return {**honest, "expected": {**honest["expected"], "captions": ["captions_cc1.vtt"]}}


@pytest.mark.parametrize(
    "failure", [job_failed(1010, "captions"), job_failed(1040, "captions"), Failure("MediaConvert.BadRequestException")]
)
def test_a_job_that_fails_is_tried_once_without_the_captions_in_the_picture(table: Any, failure: Failure) -> None:
    done = upload(answering=answers(Prepare=captioned, Encode=fails(failure)))
    assert [asked["Payload"]["again"] for asked in done.called("Prepare")] == [False, True]
    assert row(table)["outcome"] == "PUBLISHED"


def test_captions_in_the_picture_do_not_hide_whose_fault_it_is(table: Any) -> None:
    done = upload(answering=answers(Prepare=captioned, Encode=always(job_failed(1010, "no parser"))))
    assert (len(done.called("Encode")), row(table)["outcome"]) == (2, "REJECTED")


def test_a_handler_cannot_say_where_a_job_writes_what_it_reads_or_who_it_is(table: Any) -> None:
    def lies(asked: Any) -> Any:
        honest = prepared(asked)
        group = honest["groups"][0]
        elsewhere = {**group, "base": "../../other/index", "settings": {**group["settings"], "Destination": "s3://x/"}}
        return {**honest, "input": {**honest["input"], "FileInput": "s3://other/film.mp4"}, "groups": [elsewhere]}

    [job] = upload(answering=answers(Prepare=lies)).called("Encode")
    assert (job["Role"], job["Queue"]) == (NAMES["job_role_arn"], NAMES["queue_arn"])
    assert job["Settings"]["Inputs"][0]["FileInput"] == "s3://uploads/films/Ein Film.mp4"
    destination = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["CmafGroupSettings"]["Destination"]
    # S3 has no folders, so `..` in a key has no meaning.
    assert destination.startswith(f"s3://media/{folder('films-ein-film')}/")


def test_the_bill_and_so_the_budget_count_encoding_by_the_tags_of_the_queue(table: Any) -> None:
    """A job has no tags of its own."""
    [job] = upload().called("Encode")
    assert job["BillingTagsSource"] == "QUEUE"
    assert not job.get("Tags")
    [queue] = whole("prod").of_type("aws:mediaconvert/queue:Queue")
    assert {"project": "headend", "stack": "prod"}.items() <= queue.inputs["tags"].items()


def test_the_encoders_warnings_are_kept_on_the_title(table: Any) -> None:
    job = {"Status": "COMPLETE", "Warnings": [{"Code": 230001, "Count": 3}, {"Code": 230004, "Count": 1}]}
    upload(answering=answers(Encode=lambda _job: {"Job": job}))
    assert row(table)["warnings"] == ["230001 x 3", "230004 x 1"]


@pytest.mark.parametrize("code", OURS)
def test_an_error_that_only_an_operator_can_repair_is_not_retried(table: Any, code: int) -> None:
    done = upload(answering=answers(Encode=always(job_failed(code, "Access Denied"))))
    assert (row(table)["state"], len(done.called("Encode"))) == ("FAILED", 1)
    assert OURS[code] in row(table)["fault"]


@pytest.mark.parametrize("member", ["Status", "status"])
def test_a_job_that_somebody_cancelled_is_not_made_again(table: Any, member: str) -> None:
    cancelled = Failure("States.TaskFailed", {member: "CANCELED", "accelerationStatus": "NOT_APPLICABLE"})
    done = upload(answering=answers(Encode=always(cancelled)))
    assert (row(table)["state"], len(done.called("Encode"))) == ("FAILED", 1)
    assert row(table)["fault"] == "The job was cancelled in MediaConvert. headend retry makes another one."


@pytest.mark.parametrize("error", ["Runtime.ExitError", "InternalError", "ServiceUnavailable", "SlowDown"])
def test_a_temporary_error_is_retried(table: Any, error: str) -> None:
    left = [Failure(error)] * 3

    def prepare(asked: Any) -> Any:
        if left:
            raise left.pop()
        return prepared(asked)

    assert upload(answering=answers(Prepare=prepare)).path[-1] == "Published"


def test_a_good_film_takes_few_transitions_and_calls(table: Any) -> None:
    """Step Functions bills each state that is entered."""
    done = upload()
    assert len(done.path) <= 10
    assert sum(workflow()["States"][name].get("Resource", "").endswith("lambda:invoke") for name in done.path) <= 5


def test_on_request_an_upload_is_catalogued_and_the_first_viewer_starts_the_encode(table: Any) -> None:
    first = upload(encode="on_request")
    assert (row(table)["state"], first.path[-1]) == ("REGISTERED", "Registered")
    assert not first.called("Encode")
    asked = upload(encode="on_request", name="asked", requested=True)
    assert (row(table)["state"], asked.status) == ("PUBLISHED", "SUCCEEDED")
    assert upload(encode="on_request", name="asked again", requested=True).path[-1] == "Already taken"
