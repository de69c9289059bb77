"""MediaConvert's API with the real encoder over a real S3 (moto's): a film in one bucket, renditions in another."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer
from werkzeug.serving import make_server

from lambdas.source import source as source_of
from local.media import create_app
from tests.making_kit import a_title, job_of, prefix_of
from tests.media_samples import sample

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    client: Any = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **KEYS)
    for bucket in ("uploads", "media"):
        client.create_bucket(Bucket=bucket)
    yield client
    server.stop()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work, with a comma"


@pytest.fixture
def mediaconvert(s3: Any, work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("HEADEND_X264_PRESET", "ultrafast")
    app = create_app(s3.meta.endpoint_url, work)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    client: Any = boto3.client("mediaconvert", endpoint_url=f"http://127.0.0.1:{server.server_port}", **KEYS)
    client.services = app.extensions["mediaconvert"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield client
    for service in client.services.values():
        service.close()
    server.shutdown()
    server.server_close()
    assert not list(work.iterdir()), "temporary files are left"


def job_for(mediaconvert: Any, s3: Any, clip: str, prefix: str) -> dict[str, Any]:
    """Upload the clip, probe it and plan its job, as the workflow does."""
    s3.upload_file(str(sample(clip)), "uploads", f"{prefix}.mp4", ExtraArgs={"ContentType": "video/mp4"})
    title = a_title(prefix)
    queue = mediaconvert.get_queue(Name="Default")["Queue"]["Arn"]
    probed = mediaconvert.probe(InputFiles=[{"FileUrl": title["uri"]}])["ProbeResults"]
    return job_of(
        source_of({"probeResults": [_camel(result) for result in probed]}, sample(clip).stat().st_size), title, queue
    )


def _camel(value: Any) -> Any:
    """The answer with its names in JSON, as the Lambda function reads it."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def ended(mediaconvert: Any, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    name = mediaconvert.create_job(**job)["Job"]["Id"]
    deadline = time.monotonic() + seconds
    while (shown := mediaconvert.get_job(Id=name)["Job"])["Status"] in ("SUBMITTED", "PROGRESSING"):
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    return shown


def keys(s3: Any, prefix: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="media", Prefix=prefix).get("Contents", [])]


def test_a_film_becomes_renditions_in_the_media_bucket(mediaconvert: Any, s3: Any) -> None:
    done = ended(mediaconvert, job_for(mediaconvert, s3, "landscape", "film"))
    assert done["Status"] == "COMPLETE", done.get("ErrorMessage")
    assert done["OutputGroupDetails"][0]["OutputDetails"][0] == {
        "DurationInMs": 2000,
        "VideoDetails": {"WidthInPx": 640, "HeightInPx": 360},
    }
    kinds = {
        "index.m3u8": "application/vnd.apple.mpegurl",
        "index_v360p.m3u8": "application/vnd.apple.mpegurl",
        "index.mpd": "application/dash+xml",
        "index_v360pinit.cmfv": "video/mp4",
        "index_v270p_000000001.cmfv": "video/mp4",
        "index_a128_000000001.cmfa": "audio/mp4",
        "poster.0000000.jpg": "image/jpeg",
    }
    for name, kind in kinds.items():
        assert s3.head_object(Bucket="media", Key=f"{prefix_of()}/{name}")["ContentType"] == kind
    # Init, segment and playlist of each track; manifests; stills; a sheet of previews and its playlist; I-frames.
    assert len(keys(s3, f"{prefix_of()}/")) == 3 * 3 + 2 + 11 + 2 + 1
    found = mediaconvert.search_jobs(InputFile="s3://uploads/film.mp4")["Jobs"]
    assert [job["UserMetadata"]["source"] for job in found] == [a_title()["source"]]


def test_probe_tells_a_films_tracks_and_metadata(mediaconvert: Any, s3: Any) -> None:
    s3.upload_file(str(sample("portrait")), "uploads", "a b/ü?#.mp4", ExtraArgs={"ContentType": "video/mp4"})
    (result,) = mediaconvert.probe(InputFiles=[{"FileUrl": "s3://uploads/a b/ü?#.mp4"}])["ProbeResults"]
    container, metadata = result["Container"], result["Metadata"]
    assert (container["Format"], container["Duration"]) == ("mp4", 2.0)
    video, audio = container["Tracks"]
    assert (video["Index"], video["TrackType"], video["Codec"]) == (1, "video", "AVC")
    assert (video["VideoProperties"]["Width"], video["VideoProperties"]["Rotation"]) == (640, 90)
    assert video["VideoProperties"]["FrameRate"] == {"Numerator": 25, "Denominator": 1}
    assert video["VideoProperties"]["CodecMetadata"]["ScanType"] == "Progressive"
    assert (audio["Codec"], audio["AudioProperties"]["SampleRate"]) == ("AAC", 48000)
    assert result["TrackMappings"] == [{"VideoTrackIndexes": [1], "AudioTrackIndexes": [2], "DataTrackIndexes": []}]
    assert metadata["FileSize"] == sample("portrait").stat().st_size
    head = s3.head_object(Bucket="uploads", Key="a b/ü?#.mp4")
    assert f'"{metadata["ETag"]}"' == head["ETag"]
    assert (metadata["MimeType"], metadata["LastModified"]) == ("video/mp4", head["LastModified"])


@pytest.mark.parametrize("clip", ["text", "playlist", "script", "image", "empty"])
def test_probe_leaves_blank_what_it_does_not_recognise(mediaconvert: Any, s3: Any, clip: str) -> None:
    s3.upload_file(str(sample(clip)), "uploads", "no-film.mp4")
    (result,) = mediaconvert.probe(InputFiles=[{"FileUrl": "s3://uploads/no-film.mp4"}])["ProbeResults"]
    assert result["Container"] == {}
    assert result["Metadata"]["FileSize"] == sample(clip).stat().st_size


def test_probe_refuses_a_broken_film_and_a_missing_one(mediaconvert: Any, s3: Any) -> None:
    s3.upload_file(str(sample("headless")), "uploads", "headless.mp4")
    for key, code in {"headless.mp4": "UnprocessableEntityException", "none.mp4": "NotFoundException"}.items():
        with pytest.raises(ClientError) as failure:
            mediaconvert.probe(InputFiles=[{"FileUrl": f"s3://uploads/{key}"}])
        assert failure.value.response["Error"]["Code"] == code


def test_a_job_fails_by_code_where_s3_refuses_it(mediaconvert: Any, s3: Any) -> None:
    job = job_for(mediaconvert, s3, "silent", "moved")
    s3.delete_object(Bucket="uploads", Key="moved.mp4")
    gone = ended(mediaconvert, {**job, "ClientRequestToken": "gone"})
    assert (gone["Status"], gone["ErrorCode"]) == ("ERROR", 1404)
    s3.upload_file(str(sample("silent")), "uploads", "moved.mp4")
    for group in job["Settings"]["OutputGroups"]:
        for settings in group["OutputGroupSettings"].values():
            if isinstance(settings, dict):
                settings["Destination"] = settings["Destination"].replace("s3://media/", "s3://no-such-bucket/")
    nowhere = ended(mediaconvert, {**job, "ClientRequestToken": "nowhere"})
    assert (nowhere["Status"], nowhere["ErrorCode"]) == ("ERROR", 3400)


def at_work(mediaconvert: Any, s3: Any, title: str) -> tuple[str, int]:
    """A job that encodes very slowly: its id, and the process id of its encoder."""
    name = mediaconvert.create_job(**job_for(mediaconvert, s3, "long", title))["Job"]["Id"]
    deadline = time.monotonic() + 120  # a busy machine takes a minute to the first frames
    while not mediaconvert.get_job(Id=name)["Job"].get("JobPercentComplete"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ffmpeg = mediaconvert.services["us-east-1"]._jobs[name].children._current.pid
    assert Path(f"/proc/{ffmpeg}/cmdline").read_bytes().startswith(b"ffmpeg")
    return name, ffmpeg


def test_a_job_that_is_cancelled_stops_its_encoder_and_one_that_has_ended_stays_as_it_is(
    mediaconvert: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADEND_X264_PRESET", "placebo")
    name, ffmpeg = at_work(mediaconvert, s3, "stopped")
    for _ in range(2):
        mediaconvert.cancel_job(Id=name)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{ffmpeg}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert mediaconvert.get_job(Id=name)["Job"]["Status"] == "CANCELED"
    monkeypatch.setenv("HEADEND_X264_PRESET", "ultrafast")
    done = ended(mediaconvert, {**job_for(mediaconvert, s3, "silent", "whole"), "ClientRequestToken": "whole"})
    mediaconvert.cancel_job(Id=done["Id"])
    assert mediaconvert.get_job(Id=done["Id"])["Job"]["Status"] == "COMPLETE"


def test_a_service_that_is_closed_stops_its_encoder_and_writes_nothing(
    mediaconvert: Any, s3: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADEND_X264_PRESET", "placebo")
    name, ffmpeg = at_work(mediaconvert, s3, "cancelled")
    mediaconvert.services["us-east-1"].close()
    assert not Path(f"/proc/{ffmpeg}").exists()
    assert mediaconvert.get_job(Id=name)["Job"]["Status"] == "CANCELED"
    assert keys(s3, f"{prefix_of('cancelled')}/") == []
    assert not list(work.iterdir())
