"""Prepare: what the workflow learns about a file, what it does next, and how it refuses a file."""

import io
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from botocore.stub import ANY

from lambdas.editions import film
from lambdas.editions.embedded import SoundFlags
from lambdas.ladder import content_of
from lambdas.names import folder
from lambdas.plan import display_size
from lambdas.prepare import handler
from lambdas.prepare.core import Preparation
from lambdas.refusals import SourceMoved, SourceRefused, SourceUnreadable
from lambdas.shapes import Source, Title
from lambdas.source import source as source_of
from lambdas.source import with_channels
from tests.unit.lambdas.conftest import Stub, a_source, a_video, is_current

Answers = Callable[..., list[Any]]


def ask(title: Title, **other: Any) -> Preparation:
    event: Any = {"title": title, "published": {"content": "", "version": ""}, "wanted": True, "refused": []}
    event |= other
    return handler.handle(event, None)


@pytest.fixture
def answers(title: Title, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """`answers(status, body, jobs)` sets MediaConvert's HTTP answers. It returns the list of requests for a probe.

    `jobs` are pages of jobs.
    """
    for name in ("check", "check_kind", "channels"):  # they read the upload itself
        monkeypatch.setattr(film, name, Mock(return_value=[]))
    stubber = stub("mediaconvert")
    stubber.deactivate()  # a Stubber answers without HTTP, but the handler reads the JSON of the HTTP answer
    handler._mediaconvert.cache_clear()

    def respond(request: Any, status: int, body: Any) -> AWSResponse:
        headers = {"x-amzn-ErrorType": body["type"]} if status != 200 else {}
        response = AWSResponse(request.url, status, headers, None)
        response._content = json.dumps(body).encode()
        return response

    def answer(status: int, body: Any, jobs: list[list[Any]] | None = None) -> list[Any]:
        requests: list[Any] = []
        pages = list(jobs or [[]])
        is_current(stub, title)

        def probed(request: Any, **_: object) -> AWSResponse:
            requests.append(json.loads(request.body))
            return respond(request, status, body)

        def searched(request: Any, **_: object) -> AWSResponse:
            page = pages.pop(0)
            return respond(request, 200, {"jobs": page, **({"nextToken": "more"} if pages else {})})

        events = stubber.client.meta.events
        events.register("before-send.mediaconvert.Probe", probed)
        events.register("before-send.mediaconvert.SearchJobs", searched)
        return requests

    return answer


def result(*tracks: dict[str, Any], **container: Any) -> dict[str, Any]:
    return {"probeResults": [{"container": {"format": "mp4", "duration": 61.5, "tracks": list(tracks), **container}}]}


def source(answer: dict[str, Any], size: int = 10**9) -> Source:
    return source_of(answer, size)


def a_track(**properties: Any) -> dict[str, Any]:
    whole = {"index": 1, "trackType": "video", "codec": "AVC", "duration": 60.0}
    stored = {"width": 1920, "height": 1080, "frameRate": {"numerator": 30000, "denominator": 1001}}
    return {**whole, "videoProperties": {**stored, **properties}}


SOUND = {"trackType": "audio", "codec": "AAC", "audioProperties": {"channels": 6, "sampleRate": 44_100}}


def test_a_file_as_mediaconvert_tells_it(title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "sounds", Mock(return_value=[]))  # six channels may be ambisonics
    told = result(a_track(transferCharacteristics="ITU_709", fieldOfTomorrow=1), SOUND)
    assert source(told) == {
        "container": "mp4",
        "duration": 60.0,
        "video": a_video(frame_rate="30000/1001"),
        "audio": [{"track": 1, "language": "und", "codec": "AAC", "channels": 6, "sample_rate": 44_100}],
    }
    asked = answers(200, told)
    prepared = ask(title)
    assert asked == [{"inputFiles": [{"fileUrl": "s3://uploads/films/Apollo.mp4"}]}]
    assert (prepared["next"], [group["base"] for group in prepared["groups"]]) == ("ENCODE", ["index", "poster"])


SAID = [SoundFlags(default=False, description=False), SoundFlags(default=True, description=False)]


@pytest.mark.parametrize(("said", "first"), [(SAID, "de"), (SAID[:1], "en"), ([], "en")])
def test_a_film_of_several_sounds_is_asked_for_its_default(
    title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch, said: list[SoundFlags], first: str
) -> None:
    # If there are flags for fewer tracks than Probe found, nobody knows whose they are, so they are left out.
    monkeypatch.setattr(film, "sounds", Mock(return_value=said))
    sounds = [{**SOUND, "audioProperties": {"channels": 2, "languageCode": code}} for code in ("eng", "ger")]
    answers(200, result(a_track(), *sounds))
    expected = ask(title)["expected"]
    assert expected is not None
    assert expected["sounds"][0]["language"] == first


def test_four_channels_that_are_no_speakers_are_not_mixed_as_such(
    title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "sounds", Mock(return_value=[SAID[0]._replace(spatial=True)]))
    answers(200, result(a_track(), {**SOUND, "audioProperties": {"channels": 4}}))
    [sound] = ask(title)["groups"][0]["outputs"][-1]["AudioDescriptions"]
    assert sound["RemixSettings"]["ChannelMapping"]["OutputChannels"] == [{"InputChannels": [0, -60, -60, -60]}] * 2


@pytest.mark.parametrize(
    ("shown", "streams"), [([True, False], None), ([False, True], [2]), ([True, True], [2]), ([], [2])]
)
def test_of_two_pictures_the_one_that_players_show_is_the_film(
    title: Title,
    answers: Answers,
    monkeypatch: pytest.MonkeyPatch,
    shown: list[bool],
    streams: list[int] | None,
) -> None:
    monkeypatch.setattr(film, "pictures", Mock(return_value=shown))
    answers(200, result(a_track(width=640, height=360), {**a_track(), "index": 2}))
    assert ask(title)["input"]["VideoSelector"].get("Streams") == streams


@pytest.mark.parametrize(
    ("container", "codec", "looked"),
    [
        ("mp4", "AVC", True),
        ("quicktime", "HEVC", True),
        ("mpegts", "MPEG2", True),
        ("mxf", "MPEG2", True),
        ("mpegps", "MPEG2", False),
        ("matroska", "AVC", False),
        ("quicktime", "PRORES", False),
    ],
)
def test_captions_in_the_picture_are_looked_for_where_mediaconvert_reads_them(
    container: str, codec: str, looked: bool
) -> None:
    found = a_source(container=container, codec=codec)
    assert with_channels(found, lambda: [1, 3]).get("channels") == ([1, 3] if looked else None)
    assert with_channels(found, list) == found


@pytest.mark.parametrize(("again", "groups"), [(None, 3), (False, 3), (True, 2)])
def test_a_second_job_does_without_the_captions_in_the_picture(
    title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch, again: bool | None, groups: int
) -> None:
    monkeypatch.setattr(film, "channels", Mock(return_value=[1]))
    answers(200, result(a_track()))
    prepared = ask(title, **({} if again is None else {"again": again}))
    assert (len(prepared["groups"]), "CaptionSelectors" in prepared["input"]) == (groups, groups == 3)
    assert (prepared["expected"] or {}).get("captions") == ["captions_cc1.vtt"]


def test_what_is_said_of_the_sound_costs_one_read_and_may_be_broken(title: Title, stub: Stub) -> None:
    for data in (b"\x1a\x45\xdf\xa3\x84" + b"\0" * 40, b"\0\0\0\x20ftyp" + b"\0" * 40, b"G@\0\x10" * 40):
        asked = {"Bucket": "uploads", "Key": title["key"], "VersionId": title["source"], "Range": ANY}
        stub("s3").add_response("get_object", {"Body": StreamingBody(io.BytesIO(data), len(data))}, asked)
        assert film.sounds({**title, "size": len(data)}) == []


def a_job(title: Title, status: str, version: str = "0123456789ab") -> dict[str, Any]:
    made_for = {"title": title["id"], "source": title["source"], "content": content_of(title["etag"])}
    made_for["version"] = version
    return {"id": version, "status": status, "role": "r", "settings": {}, "userMetadata": made_for}


def media_holds(stub: Stub, title: Title, version: str, *, there: bool) -> None:
    name = f"{folder(title['id'])}/{version}/index.m3u8"
    contents = [{"Key": name}] if there else []
    stub("s3").add_response(
        "list_objects_v2", {"Contents": contents}, {"Bucket": "media", "Prefix": name, "MaxKeys": 1}
    )


def test_a_job_that_runs_is_waited_for_even_on_the_second_page(title: Title, answers: Answers) -> None:
    failed = [a_job(title, "ERROR", str(number)) for number in range(20)]
    probed = answers(200, {}, [failed, [a_job(title, "PROGRESSING")]])
    assert ask(title)["next"] == "WAIT"
    assert probed == [], "nothing is asked of the file again"


@pytest.mark.parametrize("there", [True, False])
def test_a_finished_job_counts_while_what_it_made_is_there(
    title: Title, answers: Answers, stub: Stub, there: bool
) -> None:
    answers(200, result(a_track()), [[a_job(title, "COMPLETE")]])
    media_holds(stub, title, "0123456789ab", there=there)
    prepared = ask(title)
    assert (prepared["next"], prepared["version"]) == (("VERIFY", "0123456789ab") if there else ("ENCODE", ""))


@pytest.mark.parametrize("there", [True, False])
def test_the_same_content_is_settled_while_it_is_there(title: Title, answers: Answers, stub: Stub, there: bool) -> None:
    published = {"content": content_of(title["etag"]), "version": "old"}
    media_holds(stub, title, "old", there=there)
    if not there:
        answers(200, result(a_track()))
    assert ask(title, published=published)["next"] == ("SETTLE" if there else "ENCODE")


def test_an_upload_that_nobody_has_asked_for_is_catalogued_unread(title: Title) -> None:
    assert ask(title, wanted=False)["next"] == "REGISTER"


def test_throttling_is_told_by_its_name(title: Title, stub: Stub) -> None:
    handler._mediaconvert.cache_clear()
    is_current(stub, title)
    stub("mediaconvert").add_client_error("search_jobs", "TooManyRequestsException")
    with pytest.raises(Exception, match="TooManyRequests") as error:
        ask(title)
    assert type(error.value).__name__ == "TooManyRequestsException"


def test_a_field_that_the_runtimes_boto3_does_not_know_is_read(title: Title, answers: Answers) -> None:
    """Rotation is newer than the boto3 of Lambda's runtimes. Without it, portrait films would become small."""
    known = handler._mediaconvert().meta.service_model.shape_for("VideoProperties").members
    known.pop("Rotation", None)
    answers(200, result(a_track(rotation=90)))
    first = ask(title)["groups"][0]["outputs"][0]["VideoDescription"]
    assert (first["Width"], first["Height"]) == (1080, 1920)


@pytest.mark.parametrize(("degrees", "turned"), [(90, 90), (-90, 270), (180, 180), (270.5, 270), (360, 0), (60, 0)])
def test_rotation(degrees: float, turned: int) -> None:
    video = source(result(a_track(rotation=degrees)))["video"]
    assert video is not None
    assert video["rotation"] == turned
    assert display_size(video) == ((1080, 1920) if turned in (90, 270) else (1920, 1080))


@pytest.mark.parametrize(
    ("essence", "interlaced"),
    [
        ({"scanType": "Progressive"}, False),
        ({"scanType": "Interlaced"}, True),
        ({"fieldOrder": "TopFieldFirst"}, True),
        ({}, False),
    ],
)
def test_interlaced(essence: dict[str, Any], interlaced: bool) -> None:
    video = source(result(a_track(codecMetadata=essence)))["video"]
    assert video is not None
    assert video["interlaced"] is interlaced


def test_a_transport_stream_says_it_in_the_codec() -> None:
    essence = {
        "transferCharacteristics": "ARIB_B67",
        "sampleAspectRatio": {"numerator": 64, "denominator": 45},
        "codedFrameRate": {"numerator": 50, "denominator": 1},
    }
    track = a_track(codecMetadata=essence, frameRate={"numerator": 0, "denominator": 0})
    track["videoProperties"].pop("frameRate")
    video = source(result(track, format="mpegts"))["video"]
    assert video is not None
    assert (video["color_transfer"], video["sample_aspect"], video["frame_rate"]) == ("ARIB_B67", "64/45", "50/1")


def test_a_value_that_probe_does_not_state_is_null_and_never_a_crash() -> None:
    track = {"trackType": "video", "videoProperties": {"frameRate": {"numerator": 0, "denominator": 0}}}
    found = source({"probeResults": [{"container": {"format": "webm", "tracks": [track, {"trackType": "audio"}]}}]})
    assert found["duration"] is None
    assert found["audio"] == [{"track": 1, "language": "und", "codec": "UNKNOWN", "channels": 0, "sample_rate": 0}]
    assert found["video"] is not None
    assert (found["video"]["codec"], found["video"]["width"], found["video"]["frame_rate"]) == ("UNKNOWN", 0, None)


def test_the_pictures_length_counts_not_the_sounds() -> None:
    assert source(result(a_track()))["duration"] == 60.0
    assert source(result({**a_track(), "duration": None}))["duration"] == 61.5


def test_the_film_is_the_long_track_and_not_the_still_before_it() -> None:
    still = {**a_track(width=4000, height=3000), "duration": 1.0}
    small = {**a_track(width=160, height=90), "index": 2}
    film = {**a_track(), "index": 3}
    video = source(result(still, small, film))["video"]
    assert video is not None
    assert (video["stream"], video["width"]) == (3, 1920)
    alone = source(result(film, still))["video"]
    assert alone is not None
    assert alone["stream"] is None, "the first needs no naming"


def test_a_track_header_in_the_wrong_scale_gives_way_to_the_files() -> None:
    assert source(result({**a_track(), "duration": 0.23}, duration=7.0))["duration"] == 7.0
    assert source(result({**a_track(), "duration": 2.5}, duration=7.0))["duration"] == 2.5


def test_ten_hours_in_a_megabyte_are_not_believed() -> None:
    jumped = result({**a_track(), "duration": 36_002.9}, duration=36_002.9)
    assert source(jumped, 1_481_440)["duration"] is None
    assert source(jumped, 10_000_000)["duration"] == 36_002.9


@pytest.mark.parametrize(
    ("code", "language"), [("deu", "deu"), ("ENG", "eng"), (None, "und"), ("x", "und"), ("", "und")]
)
def test_the_sounds_language(code: str | None, language: str) -> None:
    [audio] = source(result({**SOUND, "audioProperties": {"languageCode": code}}))["audio"]
    assert audio["language"] == language


def test_a_sound_file_has_no_video() -> None:
    assert source(result(SOUND, format="mp3"))["video"] is None


@pytest.mark.parametrize("answer", [{}, {"probeResults": []}, result(format=None), result(format="")])
def test_a_file_that_is_not_media_is_refused(title: Title, answers: Answers, answer: dict[str, Any]) -> None:
    answers(200, answer)
    with pytest.raises(SourceUnreadable, match="not a video"):
        ask(title)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, "BadRequestException", "not a video"),
        (422, "UnprocessableEntityException", "damaged"),
        (404, "NotFoundException", "deleted"),
    ],
)
def test_the_files_faults_are_told_to_its_owner(
    title: Title, answers: Answers, status: int, kind: str, words: str
) -> None:
    answers(status, {"type": kind, "message": "internal details"})
    with pytest.raises(SourceUnreadable, match=words) as refusal:
        ask(title)
    assert "internal" not in str(refusal.value)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(422, "UnprocessableEntityException", "is a photo"), (404, "NotFoundException", "deleted")],
)
def test_a_photo_that_cannot_be_opened_is_called_a_photo(
    title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch, status: int, kind: str, words: str
) -> None:
    answers(status, {"type": kind, "message": "no"})
    monkeypatch.setattr(film, "check_kind", Mock(side_effect=SourceUnreadable("It is a photo.")))
    with pytest.raises(SourceUnreadable, match=words):
        ask(title)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, "ForbiddenException"), (402, "ServiceQuotaExceededException"), (409, "ConflictException")],
)
def test_our_own_faults_keep_their_name(title: Title, answers: Answers, status: int, kind: str) -> None:
    """The state machine decides by the name what to try again. A mistake in our policy must not reject a file."""
    answers(status, {"type": kind, "message": "no"})
    with pytest.raises(Exception, match="no") as error:
        ask(title)
    assert type(error.value).__name__ == kind
    assert not isinstance(error.value, SourceUnreadable)


def test_a_file_that_was_replaced_already_is_not_worth_a_call(title: Title, stub: Stub) -> None:
    is_current(stub, {**title, "source": "newer"})
    with pytest.raises(SourceMoved):
        ask(title)


def test_an_empty_file_is_not_worth_a_call(title: Title) -> None:
    with pytest.raises(SourceUnreadable, match="0 bytes"):
        ask({**title, "size": 0})


def test_a_film_that_would_cost_too_much_is_refused(
    title: Title, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "MOST_USD", 0.05)
    answers(200, result(a_track()))
    with pytest.raises(SourceRefused, match="The encode of the film would cost"):
        ask(title)


def test_the_cost_of_a_film_comes_with_its_job(title: Title, answers: Answers) -> None:
    answers(200, result(a_track()))
    found = ask(title)["cost"]
    assert found is not None
    assert (found["minutes"]["1080p"], found["tier"]) == (2.0, "Basic")
    assert found["usd"] == pytest.approx(sum(found["minutes"].values()) * 0.0075)


def test_a_picture_that_is_corrected_costs_more(title: Title, answers: Answers) -> None:
    answers(200, result(a_track(transferCharacteristics="SMPTE_2084")))
    found = ask(title)["cost"]
    assert found is not None
    assert (found["tier"], found["usd"]) == ("Professional", pytest.approx(sum(found["minutes"].values()) * 0.012))
