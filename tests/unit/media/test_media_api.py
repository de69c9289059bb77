"""Queues and jobs through the API, with boto3's requests. The encoder and S3 are stand-ins: no process starts."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from flask import Flask

import local.media.service as service_module
from local.media import create_app
from local.media.encode import Canceled, Children, Result
from local.media.probe import MediaError
from local.media.service import Service

REGION = "eu-west-1"
ARN = f"arn:aws:mediaconvert:{REGION}:123456789012:"


class Encoder:
    """Replaces ffmpeg: every job waits until the test lets it end."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.outcomes: dict[str, Exception | None] = {}
        self._changed = threading.Condition()

    def __call__(self, job: Any, work: Path, children: Children, on_progress: Callable[[float], None]) -> Result:
        with self._changed:
            self.started.append(job.source)
            self._changed.notify_all()
            on_progress(0.5)
            while not children.canceled and job.source not in self.outcomes:
                self._changed.wait(0.02)
        if children.canceled:
            raise Canceled
        if outcome := self.outcomes[job.source]:
            raise outcome
        return Result([], [{"OutputDetails": [{"DurationInMs": 2000}]}], ["a damaged frame"])

    def wait(self, count: int) -> list[str]:
        """The sources of the jobs that have started. Waits for `count` of them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.started) >= count, timeout=10)
            return [*self.started]

    def end(self, source: str, outcome: Exception | None = None) -> None:
        with self._changed:
            self.outcomes[source] = outcome
            self._changed.notify_all()


def no_transfer(*_: object) -> None:
    """There is no S3 here."""


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    stand_in = Encoder()
    monkeypatch.setattr(service_module, "encode", stand_in)
    for transfer in ("_download", "_upload"):
        monkeypatch.setattr(Service, transfer, no_transfer)
    return stand_in


@pytest.fixture
def app(tmp_path: Path, encoder: Encoder) -> Iterator[Flask]:  # the stand-in must outlive the application
    app = create_app("http://127.0.0.1:1", tmp_path / "work")
    yield app
    for service in app.extensions["mediaconvert"].values():
        service.close()


@pytest.fixture
def mediaconvert(app: Flask) -> Any:
    return client(app, REGION)


def client(app: Flask, region: str) -> Any:
    """A boto3 client whose requests go to the application without a socket."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    made = boto3.client("mediaconvert", region_name=region, endpoint_url="http://mediaconvert.test", **keys)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()}
        answer = app.test_client().open(request.url, method=request.method, headers=headers, data=request.body)

        class Raw:
            def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
                yield answer.data

        return AWSResponse(request.url, answer.status_code, answer.headers, Raw())

    made.meta.events.register("before-send.mediaconvert.*", send)
    return made


def job(source: str = "s3://uploads/film.mp4", **changes: Any) -> dict[str, Any]:
    """The smallest job that the encoder takes."""
    rate = {"FramerateControl": "SPECIFIED", "FramerateNumerator": 25, "FramerateDenominator": 1}
    codec = {"MaxBitrate": 1_000_000, "HrdBufferSize": 1_000_000, "QvbrSettings": {"QvbrQualityLevel": 7}, "GopSize": 2}
    video = {"Width": 640, "Height": 360, "CodecSettings": {"Codec": "H_264", "H264Settings": {**codec, **rate}}}
    output = {"NameModifier": "_v360p", "ContainerSettings": {"Container": "CMFC"}, "VideoDescription": video}
    cmaf = {"Destination": "s3://media/v/index", "SegmentLength": 6, "FragmentLength": 2}
    group = {"OutputGroupSettings": {"Type": "CMAF_GROUP_SETTINGS", "CmafGroupSettings": cmaf}, "Outputs": [output]}
    settings = {"Inputs": [{"FileInput": source}], "OutputGroups": [group]}
    return {"Role": "arn:aws:iam::123456789012:role/encoding", "Settings": settings, **changes}


def wait_for(mediaconvert: Any, name: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while (shown := mediaconvert.get_job(Id=name)["Job"])["Status"] != status:
        assert time.monotonic() < deadline, shown
        time.sleep(0.01)
    return shown


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    response: Any = failure.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_queue_is_made_once(mediaconvert: Any) -> None:
    made = mediaconvert.create_queue(Name="films", Tags={"a": "1"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    queue = made["Queue"]
    assert (queue["Arn"], queue["Status"], queue["Type"]) == (f"{ARN}queues/films", "ACTIVE", "CUSTOM")
    assert refusal(mediaconvert.create_queue, Name="films") == ("ConflictException", 409)


def test_queues_are_a_regions_own(app: Flask, mediaconvert: Any) -> None:
    mediaconvert.create_queue(Name="films")
    assert refusal(client(app, "us-east-1").search_jobs, Queue="films") == ("NotFoundException", 404)


def test_a_job_goes_through_its_states(mediaconvert: Any, encoder: Encoder) -> None:
    made = mediaconvert.create_job(**job(UserMetadata={"title": "film"}))
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    name = made["Job"]["Id"]
    encoder.wait(1)
    running = wait_for(mediaconvert, name, "PROGRESSING")
    assert (running["CurrentPhase"], running["JobPercentComplete"]) == ("TRANSCODING", 47)
    encoder.end("s3://uploads/film.mp4")
    done = wait_for(mediaconvert, name, "COMPLETE")
    assert done["Arn"] == f"{ARN}jobs/{name}"
    assert done["Queue"] == f"{ARN}queues/Default"
    assert done["UserMetadata"] == {"title": "film"}
    assert done["Settings"] == job()["Settings"]
    assert done["JobPercentComplete"] == 100
    assert done["OutputGroupDetails"] == [{"OutputDetails": [{"DurationInMs": 2000}]}]
    assert done["Messages"]["Warning"] == ["a damaged frame"]
    timing = done["Timing"]
    assert timing["SubmitTime"] <= timing["StartTime"] <= timing["FinishTime"]


def test_a_job_that_fails_says_with_which_code_and_why(mediaconvert: Any, encoder: Encoder) -> None:
    name = mediaconvert.create_job(**job())["Job"]["Id"]
    encoder.end("s3://uploads/film.mp4", MediaError(1076, "The input ended after 1.0 s"))
    failed = wait_for(mediaconvert, name, "ERROR")
    assert failed["ErrorCode"] == 1076
    assert failed["ErrorMessage"] == "Input file [s3://uploads/film.mp4]: The input ended after 1.0 s"
    assert "FinishTime" in failed["Timing"]


def test_our_own_fault_ends_the_job_too(mediaconvert: Any, encoder: Encoder) -> None:
    name = mediaconvert.create_job(**job())["Job"]["Id"]
    encoder.end("s3://uploads/film.mp4", OSError("disk full"))
    failed = wait_for(mediaconvert, name, "ERROR")
    assert failed["ErrorCode"] == 1999
    assert "disk full" in failed["ErrorMessage"]


def test_a_queue_encodes_one_job_at_a_time_the_oldest_first(mediaconvert: Any, encoder: Encoder) -> None:
    order = [f"s3://uploads/{number}" for number in range(3)]
    for source in order:
        mediaconvert.create_job(**job(source))
    queue = mediaconvert.get_queue(Name="Default")["Queue"]
    assert (queue["ProgressingJobsCount"], queue["SubmittedJobsCount"]) == (1, 2)
    for count, source in enumerate(order, 1):
        assert encoder.wait(count) == order[:count]
        encoder.end(source)


def test_queues_do_not_wait_for_one_another(mediaconvert: Any, encoder: Encoder) -> None:
    mediaconvert.create_queue(Name="second")
    for number, queue in enumerate(["Default", f"{ARN}queues/second"]):
        mediaconvert.create_job(**job(f"s3://uploads/{number}", Queue=queue))
    assert {*encoder.wait(2)} == {"s3://uploads/0", "s3://uploads/1"}


def test_a_request_token_makes_no_second_job_for_a_minute(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    service = Service("http://127.0.0.1:1", tmp_path, REGION, clock=lambda: now[0])
    again = job(ClientRequestToken="token")
    first = service.create_job(again)["Job"]["Id"]
    now[0] += 59
    assert service.create_job(again)["Job"]["Id"] == first
    assert service.create_job(job(ClientRequestToken="other"))["Job"]["Id"] != first
    now[0] += 2
    assert service.create_job(again)["Job"]["Id"] != first
    service.close()


def test_jobs_are_found_by_input_queue_and_status_newest_first(mediaconvert: Any, encoder: Encoder) -> None:
    mediaconvert.create_queue(Name="films")
    for number in range(26):
        mediaconvert.create_job(**job(f"s3://uploads/{number:02}.mp4", Queue="films"))

    def found(**asked: Any) -> list[str]:
        jobs = mediaconvert.search_jobs(**asked)["Jobs"]
        return [job["Settings"]["Inputs"][0]["FileInput"][-6:-4] for job in jobs]

    assert found(InputFile="s3://uploads/07.mp4") == ["07"]
    assert found(InputFile="7.mp4") == ["17", "07"]
    assert found(Status="COMPLETE") == []
    assert found(Queue="Default") == []
    assert found(Order="ASCENDING", MaxResults=2) == ["00", "01"]
    first = mediaconvert.list_jobs(Queue="films", Status="SUBMITTED")
    assert len(first["Jobs"]) == 20
    rest = mediaconvert.list_jobs(Queue="films", Status="SUBMITTED", NextToken=first["NextToken"])
    assert len(rest["Jobs"]) == 5
    assert "NextToken" not in rest


def test_what_does_not_exist_is_not_found(mediaconvert: Any) -> None:
    assert refusal(mediaconvert.get_job, Id="1-a") == ("NotFoundException", 404)
    assert refusal(mediaconvert.create_job, **job(Queue="none")) == ("NotFoundException", 404)
    assert refusal(mediaconvert.search_jobs, Queue="none") == ("NotFoundException", 404)


def test_a_bad_request_is_refused_and_leaves_no_job(mediaconvert: Any) -> None:
    assert refusal(mediaconvert.create_job, **job(StatusUpdateInterval="SECONDS_1")) == ("BadRequestException", 400)
    assert refusal(mediaconvert.create_job, **job(Priority=5)) == ("BadRequestException", 400)
    assert refusal(mediaconvert.create_job, **job(AccelerationSettings={"Mode": "PREFERRED"})) == (
        "BadRequestException",
        400,
    )
    assert refusal(mediaconvert.list_presets) == ("BadRequestException", 400)
    assert mediaconvert.list_jobs()["Jobs"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("POST", "/2017-08-29/jobs", "{", 400, "BadRequestException"),
        ("POST", "/2017-08-29/jobs", "[1]", 400, "BadRequestException"),
        ("PATCH", "/2017-08-29/jobs", "", 405, "BadRequestException"),
        ("GET", "/2017-08-29/nothing", "", 404, "NotFoundException"),
        ("GET", "/2017-08-29/jobs?maxResults=21", "", 400, "BadRequestException"),
        ("GET", "/2017-08-29/jobs?maxResults=many", "", 400, "BadRequestException"),
        ("GET", "/2017-08-29/jobs?nextToken=x", "", 400, "BadRequestException"),
        ("GET", "/2017-08-29/jobs?nonsense=1", "", 400, "BadRequestException"),
    ],
)
def test_errors_have_the_services_shape(app: Flask, method: str, path: str, body: str, status: int, kind: str) -> None:
    answer = app.test_client().open(path, method=method, data=body)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (status, kind)
    assert answer.get_json()["message"]


def test_closing_ends_what_runs_and_starts_nothing_more(app: Flask, mediaconvert: Any, encoder: Encoder) -> None:
    names = [mediaconvert.create_job(**job(f"s3://uploads/{number}"))["Job"]["Id"] for number in range(2)]
    encoder.wait(1)
    app.extensions["mediaconvert"][REGION].close()
    wait_for(mediaconvert, names[0], "CANCELED")
    assert mediaconvert.get_job(Id=names[1])["Job"]["Status"] == "SUBMITTED"
    assert encoder.started == ["s3://uploads/0"]
