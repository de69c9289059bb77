"""For the handlers' tests: AWS clients that give the answers of a test, and raise for any other call."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from lambdas import clients
from lambdas.shapes import Expected, Source, Title, Video

os.environ |= {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "MEDIA_BUCKET": "media",
    "LADDER": "",
    "MAX_TITLE_USD": "0",
    "QUEUE_ARN": "arn:aws:mediaconvert:eu-west-1:111122223333:queues/titles",
    "TITLES_TABLE": "titles",
    "HOST": "watch.example.com",
    "IMAGE": "",
    "STACK": "headend-dev",
    "NAMESPACE": "Headend/Canary",
    "REGIONS": "eu-west-1",
    "SENDING": "yes",
    "UPLOADS_BUCKET": "uploads",
    "STATE_MACHINE": "arn:aws:states:eu-west-1:111122223333:stateMachine:titles",
    "SIDECARS_STATE_MACHINE": "arn:aws:states:eu-west-1:111122223333:stateMachine:sidecars",
    "KEEP_VERSIONS_DAYS": "7",
}

Stub = Callable[[str], Stubber]


@pytest.fixture(autouse=True)
def traceback_limit() -> Iterator[None]:
    """Restore tracebacks after a test: a handler that refuses turns them off for its process, here pytest's."""
    yield
    sys.tracebacklimit = 1000


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """`stub(service)` is the botocore Stubber of the handlers' client. A test fails if an answer was not used."""
    stubbers: dict[str, Stubber] = {}

    def stubber(service: str) -> Stubber:
        if service not in stubbers:
            made: Any = boto3.client(service)
            stubbers[service] = Stubber(made)
            stubbers[service].activate()
        return stubbers[service]

    def client(service: str, _timeout: float = 0) -> Any:
        return stubber(service).client

    monkeypatch.setattr(clients, "client", client)
    yield stubber
    for made in stubbers.values():
        made.assert_no_pending_responses()


@pytest.fixture
def title() -> Title:
    return {
        "id": "films-apollo",
        "other": "films-apollo-01234567",
        "stem": "films/Apollo",
        "name": "Apollo",
        "sequencer": "0065A1B2C3D4E5F6AB" + "0" * 46,
        "uploaded": "2026-11-22T12:00:00Z",
        "bucket": "uploads",
        "key": "films/Apollo.mp4",
        "etag": "0af3-2",
        "size": 123_456_789,
        "source": "WX9q0VTmZ9vTzuQ1",
        "uri": "s3://uploads/films/Apollo.mp4",
    }


def a_video(**changes: Any) -> Video:
    """A plain HD video track with `changes`."""
    video: dict[str, Any] = {
        "stream": None,
        "coded_rate": None,
        "dolby_vision": None,
        "codec": "AVC",
        "width": 1920,
        "height": 1080,
        "sample_aspect": "1/1",
        "rotation": 0,
        "frame_rate": "25/1",
        "interlaced": False,
        "color_transfer": "ITU_709",
    }
    return cast(Video, video | changes)


def a_source(**changes: Any) -> Source:
    """A plain HD film with sound. `changes` are fields of the source; other names are fields of its video track."""
    whole: dict[str, Any] = {
        "container": "mp4",
        "duration": 60.0,
        "audio": [{"track": 1, "language": "und", "codec": "AAC", "channels": 2, "sample_rate": 48_000}],
    }
    whole |= {name: changes.pop(name) for name in list(changes) if name in whole}
    return cast(Source, {**whole, "video": a_video(**changes)})


def an_expectation(*shorts: int, languages: tuple[str, ...] = ("und",), duration: float = 13.0) -> Expected:
    """The renditions that the job orders: a 16:9 rung for each short side, and a sound for each language."""
    return {
        "renditions": [
            {
                "name": f"{short}p",
                "width": short * 16 // 9,
                "height": short,
                "max_bitrate": short * 1000,
                "playlist": f"index_v{short}p.m3u8",
            }
            for short in shorts
        ],
        "sounds": [
            {
                "language": language,
                "description": False,
                "playlist": f"index_a128{'' if number == 1 else f'_{number}'}.m3u8",
            }
            for number, language in enumerate(languages, 1)
        ],
        "duration": duration,
    }


def is_current(stub: Stub, title: Title) -> None:
    """Add S3's answer that this upload is the current object of its key."""
    found = {"VersionId": title["source"], "ETag": f'"{title["etag"]}"', "ContentLength": title["size"]}
    stub("s3").add_response("head_object", found, {"Bucket": title["bucket"], "Key": title["key"]})
