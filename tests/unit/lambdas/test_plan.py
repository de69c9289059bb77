"""Plan: the job for MediaConvert, which decides what viewers see and what the team pays."""

import hashlib
import json
from fractions import Fraction
from typing import Any

import pytest

from lambdas.ladder import REVISION
from lambdas.plan import output_rate, plan
from lambdas.refusals import SourceRefused
from lambdas.shapes import Source
from tests.making_kit import a_title, job_of, prefix_of
from tests.unit.lambdas.conftest import a_source
from tests.unit.lambdas.service_model import faults

SOURCES = {
    "hd": a_source(),
    "4k hdr 60": a_source(width=3840, height=2160, color_transfer="SMPTE_2084", frame_rate="60/1"),
    "phone": a_source(rotation=90, frame_rate="2991/100"),
    "pal dvd": a_source(width=720, height=576, sample_aspect="64/45", interlaced=True),
    "silent, tiny": a_source(width=33, height=97, audio=[], frame_rate=None, duration=0.5),
    "a day of very wide": a_source(width=8192, height=32, duration=86_400.0, frame_rate="240/1"),
}


def job(source: Source) -> Any:
    return job_of(source)


def rungs(job: Any) -> list[Any]:
    return [output for output in job["Settings"]["OutputGroups"][0]["Outputs"] if "VideoDescription" in output]


def h264(job: Any) -> list[Any]:
    return [rung["VideoDescription"]["CodecSettings"]["H264Settings"] for rung in rungs(job)]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_mediaconvert_would_take_it(source: Source) -> None:
    assert faults("mediaconvert", "CreateJob", job(source)) == []


def test_captions_in_the_picture_are_a_file_for_each_channel() -> None:
    source: Source = {**a_source(), "channels": [1, 3]}
    assert faults("mediaconvert", "CreateJob", job(source)) == []
    settings = job(source)["Settings"]
    group = settings["OutputGroups"][2]
    assert group["OutputGroupSettings"]["FileGroupSettings"]["Destination"].endswith("/captions")
    # A group of several outputs needs a modifier for each of them.
    named = [f"captions{output['NameModifier']}.{output['Extension']}" for output in group["Outputs"]]
    assert plan(source)["expected"].get("captions") == named == ["captions_cc1.vtt", "captions_cc3.vtt"]
    chosen = [output["CaptionDescriptions"][0]["CaptionSelectorName"] for output in group["Outputs"]]
    selectors = settings["Inputs"][0]["CaptionSelectors"]
    read = [selectors[name]["SourceSettings"]["EmbeddedSourceSettings"]["Source608ChannelNumber"] for name in chosen]
    assert read == [1, 3]


def test_a_job_without_the_captions_in_the_picture_still_owes_them() -> None:
    source: Source = {**a_source(), "channels": [1]}
    bare, plain = plan(source, captions=False), plan(a_source())
    assert (bare["input"], bare["groups"]) == (plain["input"], plain["groups"])
    assert bare["expected"].get("captions") == ["captions_cc1.vtt"]


@pytest.mark.parametrize(
    "fault", [{"Width": 30}, {"ScalingBehavior": "FIT_SOMEHOW"}, {"Widht": 1280}, {"Width": "1280"}]
)
def test_the_check_itself_finds_faults(fault: dict[str, Any]) -> None:
    broken = job(a_source())
    rungs(broken)[0]["VideoDescription"] |= fault
    assert len(faults("mediaconvert", "CreateJob", broken)) == 1


def test_the_check_itself_knows_patterns() -> None:
    (fault,) = faults("mediaconvert", "CreateJob", job_of(a_source(), a_title(uri="file:///etc/passwd")))
    assert "does not match" in fault


def test_a_change_of_the_job_changes_the_revision() -> None:
    """Otherwise an upload of the same file would find the old renditions and use them as the new ones."""
    plans = json.dumps([plan(source) for source in SOURCES.values()], sort_keys=True)
    fingerprint = hashlib.sha256(plans.encode()).hexdigest()[:12]
    assert (REVISION, fingerprint) == ("3", "b6d13693017a"), "raise lambdas.ladder.REVISION, and note both here"


def test_it_stays_in_the_basic_tier() -> None:
    plain = job(a_source())
    assert "AccelerationSettings" not in plain
    assert {settings["QualityTuningLevel"] for settings in h264(plain)} == {"SINGLE_PASS"}
    assert {settings["FramerateConversionAlgorithm"] for settings in h264(plain)} == {"DUPLICATE_DROP"}
    for pricey in ("VideoPreprocessors", "AutomatedEncodingSettings", "AudioNormalizationSettings", "MULTI_PASS"):
        assert pricey not in json.dumps(plain)


@pytest.mark.parametrize(
    ("changes", "corrections"),
    [
        ({}, []),
        ({"interlaced": True}, ["Deinterlacer"]),
        ({"color_transfer": "SMPTE_2084"}, ["ColorCorrector"]),
        ({"color_transfer": "ARIB_B67"}, ["ColorCorrector"]),
        ({"color_transfer": "SMPTE_170M"}, []),
    ],
)
def test_a_correction_is_ordered_only_where_the_source_needs_it(
    changes: dict[str, Any], corrections: list[str]
) -> None:
    planned = job(a_source(**changes))
    pictures = [*rungs(planned), *planned["Settings"]["OutputGroups"][1]["Outputs"]]
    for picture in pictures:  # the poster would be grey, too
        assert list(picture["VideoDescription"].get("VideoPreprocessors", {})) == corrections


def test_every_rung_cuts_its_segments_at_the_same_frames() -> None:
    settings = h264(job(a_source(frame_rate="30000/1001")))
    cadence = (
        "GopSize",
        "GopSizeUnits",
        "MinIInterval",
        "GopClosedCadence",
        "FramerateNumerator",
        "FramerateDenominator",
    )
    assert {tuple(each[field] for field in cadence) for each in settings} == {(2.0, "SECONDS", 0, 1, 30000, 1001)}


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("24000/1001", "24000/1001"),
        ("24/1", "24"),
        ("30/1", "30"),
        ("2997/100", "30000/1001"),
        ("60/1", "60"),
        ("25/2", "25/2"),
        ("1/1", "5"),
        ("120/1", "60"),
        ("120000/1001", "60000/1001"),
        ("240/1", "60"),
        ("90/1", "48"),
        ("2871/100", "30000/1001"),  # a phone's average: frames are repeated, none is lost
        ("26/1", "30000/1001"),  # and not the nearer 25
        ("5977/100", "60000/1001"),
        (None, "30"),
    ],
)
def test_the_frame_rate_is_constant_and_standard(source: str | None, output: str) -> None:
    assert output_rate(source) == Fraction(output)


@pytest.mark.parametrize(
    ("average", "coded", "output"),
    [
        ("50/7", "25/1", "25"),
        ("2871/100", "30/1", "30"),
        ("25/1", "375/1", "25"),
        ("30/1", "15/1", "30"),
        ("30/1", None, "30"),
    ],
)
def test_a_picture_that_stands_still_for_a_while_keeps_its_rate(average: str, coded: str | None, output: str) -> None:
    assert output_rate(average, coded) == Fraction(output)


def test_a_film_without_a_length_is_planned_all_the_same() -> None:
    planned = plan(a_source(duration=None))
    assert planned["expected"]["duration"] is None
    [still] = planned["groups"][1]["outputs"]
    assert still["VideoDescription"]["CodecSettings"]["FrameCaptureSettings"]["FramerateDenominator"] == 60


def test_another_track_than_the_first_is_named_to_the_encoder() -> None:
    selector = job(a_source(stream=2))["Settings"]["Inputs"][0]["VideoSelector"]
    assert (selector["SelectorType"], selector["Streams"]) == ("STREAM", [2])
    assert "Streams" not in job(a_source())["Settings"]["Inputs"][0]["VideoSelector"]


def test_sound_says_its_language_and_ends_with_the_picture() -> None:
    sound = job(a_source())["Settings"]["OutputGroups"][0]["Outputs"][-1]
    assert sound["AudioDescriptions"][0]["CustomLanguageCode"] == "und"
    assert sound["ContainerSettings"]["CmfcSettings"]["AudioDuration"] == "MATCH_VIDEO_DURATION"


@pytest.mark.parametrize("name", ["hd", "phone", "pal dvd", "silent, tiny"])
def test_a_segment_lasts_six_seconds(name: str) -> None:
    for settings in h264(job(SOURCES[name])):
        rate = Fraction(settings["FramerateNumerator"], settings["FramerateDenominator"])
        gop = round(rate * Fraction(settings["GopSize"])) / rate
        assert 6 <= 3 * gop < 6.5, "below six, the service would add a GOP and write eight-second segments"


def test_a_phone_film_is_upright_and_a_dvd_is_wide() -> None:
    phone, dvd = expected(SOURCES["phone"])[0], expected(SOURCES["pal dvd"])[0]
    assert (phone["width"], phone["height"]) == (1080, 1920)
    assert job(SOURCES["phone"])["Settings"]["Inputs"][0]["VideoSelector"]["Rotate"] == "AUTO"
    assert (dvd["width"], dvd["height"]) == (1024, 576)


def expected(source: Source) -> list[Any]:
    return list(plan(source)["expected"]["renditions"])


def test_what_is_expected_is_what_was_ordered() -> None:
    planned = job(SOURCES["4k hdr 60"])
    ordered = [
        (f"index{rung['NameModifier']}.m3u8", rung["VideoDescription"]["Width"], settings["MaxBitrate"])
        for rung, settings in zip(rungs(planned), h264(planned), strict=True)
    ]
    assert ordered == [(r["playlist"], r["width"], r["max_bitrate"]) for r in expected(SOURCES["4k hdr 60"])]


def test_numbers_may_come_back_from_json_as_floats() -> None:
    floats = a_source(width=1920.0, height=1080.0, rotation=90.0, duration=60)
    assert job(floats) == job(a_source(rotation=90))
    assert all(isinstance(rung["width"], int) for rung in expected(floats))


def test_a_silent_film_has_no_sound_to_wait_for() -> None:
    planned = plan(a_source(audio=[]))
    assert planned["expected"]["sounds"] == []
    assert "udio" not in json.dumps([planned["input"], planned["groups"]])


@pytest.mark.parametrize("duration", [0.5, 9.0, 60.0, 7261.0, 86_400.0])
def test_stills_are_taken_up_to_the_middle_of_the_film(duration: float) -> None:
    (poster,) = job(a_source(duration=duration))["Settings"]["OutputGroups"][1]["Outputs"]
    capture = poster["VideoDescription"]["CodecSettings"]["FrameCaptureSettings"]
    every = Fraction(capture["FramerateDenominator"], capture["FramerateNumerator"])
    last = (capture["MaxCaptures"] - 1) * every
    assert duration < 1 or 0.9 * duration / 2 <= last <= duration / 2


def sound(track: int, language: str = "und", codec: str = "AAC", channels: int = 2) -> dict[str, Any]:
    return {"track": track, "language": language, "codec": codec, "channels": channels, "sample_rate": 48_000}


def heard(*tracks: dict[str, Any]) -> list[tuple[list[int], str, str, str]]:
    """For each ordered sound: the source's tracks, language, label, and how players choose it."""
    settings = job(a_source(audio=list(tracks)))["Settings"]
    selectors = settings["Inputs"][0]["AudioSelectors"]
    outputs = [output for output in settings["OutputGroups"][0]["Outputs"] if "AudioDescriptions" in output]
    assert faults("mediaconvert", "CreateJob", job(a_source(audio=list(tracks)))) == []
    found: list[tuple[list[int], str, str, str]] = []
    for output in outputs:
        (said,) = output["AudioDescriptions"]
        kind = output["ContainerSettings"]["CmfcSettings"]["AudioTrackType"].removeprefix("ALTERNATE_AUDIO_")
        tracks_of = selectors[said["AudioSourceName"]]["Tracks"]
        found.append((tracks_of, said["CustomLanguageCode"], said["StreamName"], kind))
    return found


def test_every_language_of_the_source_is_heard_and_the_first_is_the_default() -> None:
    assert heard(sound(1, "eng"), sound(2, "ger"), sound(3, "jpn"), sound(4, "eng"), sound(5), sound(6, "xxq")) == [
        ([1], "en", "English", "AUTO_SELECT_DEFAULT"),
        ([2], "de", "Deutsch", "AUTO_SELECT"),
        # The service's labels are ASCII; the title's edition writes the name.
        ([3], "ja", "Track 3", "AUTO_SELECT"),
        # Players may choose only one sound of a language by themselves.
        ([4], "en", "English 2", "NOT_AUTO_SELECT"),
        ([5], "und", "Track 5", "AUTO_SELECT"),
        ([6], "und", "Track 6", "NOT_AUTO_SELECT"),
    ]


def test_the_files_flags_for_the_default_and_for_audio_description_count() -> None:
    described = sound(1, "eng") | {"default": False, "description": True}
    others = [sound(2, "eng") | {"default": False}, sound(3, "jpn") | {"default": True}, sound(4, "jpn")]
    again = sound(5, "jpn") | {"description": True}
    assert heard(described, *others, again) == [
        ([3], "ja", "Track 1", "AUTO_SELECT_DEFAULT"),
        ([2], "en", "English", "AUTO_SELECT"),
        ([4], "ja", "Track 3", "NOT_AUTO_SELECT"),
        # Players choose it by themselves for viewers who want audio description.
        ([1], "en", "English AD", "AUTO_SELECT"),
        ([5], "ja", "Track 5 AD", "AUTO_SELECT"),
    ]
    outputs = job(a_source(audio=[described, *others]))["Settings"]["OutputGroups"][0]["Outputs"]
    flags = [output["ContainerSettings"]["CmfcSettings"].get("DescriptiveVideoServiceFlag") for output in outputs]
    assert flags[-4:] == ["DONT_FLAG", "DONT_FLAG", "DONT_FLAG", "FLAG"]


def test_surround_is_kept_beside_stereo_only_where_that_is_wanted_and_is_never_chosen_unasked() -> None:
    source = a_source(
        audio=[sound(1, "eng", channels=6), sound(2, "jpn", "EAC3", 6), sound(3, "ger"), sound(4, channels=8)]
    )
    assert "CODING_MODE_5_1" not in json.dumps(plan(source))
    ordered = job_of(source, surround=True)
    assert faults("mediaconvert", "CreateJob", ordered) == []
    settings = ordered["Settings"]
    assert len(settings["Inputs"][0]["AudioSelectors"]) == 4, "stereo and 5.1 are made of one selector"
    outputs = [output for output in settings["OutputGroups"][0]["Outputs"] if "AudioDescriptions" in output]
    surround = [output for output in outputs if "CODING_MODE_5_1" in json.dumps(output)]
    assert [output["NameModifier"] for output in outputs] == [
        "_a128",
        "_a128_2",
        "_a128_3",
        "_a128_4",
        "_a384",
        "_a384_2",
    ]
    assert surround == outputs[4:]
    kinds = [output["ContainerSettings"]["CmfcSettings"]["AudioTrackType"] for output in surround]
    assert kinds == ["ALTERNATE_AUDIO_NOT_AUTO_SELECT"] * 2
    said = [output["AudioDescriptions"][0] for output in surround]
    assert [(one["AudioSourceName"], one["CustomLanguageCode"], one["StreamName"]) for one in said] == [
        ("Audio Selector 1", "en", "English Surround"),
        ("Audio Selector 2", "ja", "Track 2 Surround"),
    ]
    assert {one["CodecSettings"]["AacSettings"]["Bitrate"] for one in said} == {384_000}
    assert plan(source, surround=True)["expected"]["sounds"][4] == {
        "language": "en",
        "description": False,
        "channels": 6,
        "playlist": "index_a384.m3u8",
    }


def test_a_stack_that_keeps_surround_orders_the_same_for_a_film_that_has_none() -> None:
    assert plan(a_source(), surround=True) == plan(a_source())


def test_what_is_expected_of_the_sound_is_what_was_ordered() -> None:
    assert plan(a_source(audio=[sound(1, "eng"), sound(2, "ger")]))["expected"]["sounds"] == [
        {"language": "en", "description": False, "playlist": "index_a128.m3u8"},
        {"language": "de", "description": False, "playlist": "index_a128_2.m3u8"},
    ]


def test_a_track_in_an_unknown_format_beside_a_known_one_is_left_out() -> None:
    assert [tracks for tracks, *_ in heard(sound(1), sound(2, codec="UNKNOWN"), sound(3))] == [[1], [3]]


def test_the_channels_of_a_camera_become_left_and_right() -> None:
    xdcam = [sound(number, codec="PCM", channels=1) for number in range(1, 9)]
    assert [tracks for tracks, *_ in heard(*xdcam)] == [[1, 2]]
    assert [tracks for tracks, *_ in heard(xdcam[0])] == [[1]]
    # Two mono tracks of a compressed format are two sounds, such as an old film and a commentary.
    assert [tracks for tracks, *_ in heard(sound(1, channels=1), sound(2, channels=1))] == [[1], [2]]
    both = [sound(1, "eng", "PCM", 1), sound(2, "eng", "PCM", 1), sound(3, "ger", "PCM", 1), sound(4, "ger", "PCM", 1)]
    assert [(tracks, language) for tracks, language, *_ in heard(*both)] == [([1, 2], "en"), ([3, 4], "de")]


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (240, 136)),
        ({"width": 720, "height": 576, "sample_aspect": "64/45"}, (240, 136)),
        ({"rotation": 90}, (136, 240)),
        ({"width": 8192, "height": 32}, (240, 2)),
        ({"width": 32, "height": 8192}, (8, 240)),
    ],
)
def test_previews_have_the_films_shape(changes: dict[str, Any], size: tuple[int, int]) -> None:
    settings = job(a_source(**changes))["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["CmafGroupSettings"]
    tiles = settings["ImageBasedTrickPlaySettings"]
    assert (tiles["ThumbnailWidth"], tiles["ThumbnailHeight"]) == size


@pytest.mark.parametrize(("duration", "every"), [(0.5, 1), (13.0, 1), (600.0, 6), (7200.0, 10), (None, 1)])
def test_a_short_film_has_previews_more_often(duration: float | None, every: int) -> None:
    settings = job(a_source(duration=duration))["Settings"]["OutputGroups"][0]["OutputGroupSettings"]
    assert settings["CmafGroupSettings"]["ImageBasedTrickPlaySettings"]["ThumbnailInterval"] == every


def test_the_lowest_rung_alone_lists_its_i_frames() -> None:
    settings = [rung["ContainerSettings"].get("CmfcSettings", {}) for rung in rungs(job(a_source()))]
    assert [each.get("IFrameOnlyManifest") for each in settings] == [None] * (len(settings) - 1) + ["INCLUDE"]


def test_everything_is_written_under_the_versions_prefix() -> None:
    planned = job(a_source())
    groups = [group["OutputGroupSettings"] for group in planned["Settings"]["OutputGroups"]]
    assert groups[0]["CmafGroupSettings"]["Destination"] == f"s3://media/{prefix_of()}/index"
    assert groups[1]["FileGroupSettings"]["Destination"] == f"s3://media/{prefix_of()}/poster"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"duration": 0.0}, ["0 s", "0.5 s to 24 hours"]),
        ({"dolby_vision": 5}, ["Dolby Vision profile 5", "HDR10"]),
        ({"duration": 0.2}, ["0.2 s", "0.5 s to 24 hours"]),
        ({"duration": 86_401.0}, ["86401 s", "24 hours"]),
        ({"width": 16, "height": 16}, ["16x16", "32 to 8192"]),
        ({"width": 16384, "height": 8192}, ["16384x8192", "32 to 8192"]),
        ({"width": 8000, "sample_aspect": "2/1"}, ["16000x1080"]),
        ({"width": 64, "sample_aspect": "1/4", "rotation": 90}, ["1080x16"]),
        ({"sample_aspect": "1000/1"}, ["1000/1", "1/8 to 8"]),
        ({"frame_rate": "1/90"}, ["every 90 s", "one every 60 s"]),
        ({"frame_rate": "1/2", "duration": None}, ["every 2 s on average. At least one every 1 s", "Cut off"]),
        ({"frame_rate": "90000/1"}, ["90000 frames a second", "Export it at 60"]),
        ({"width": 0, "height": 0}, ["No picture of the file can be decoded", "keyframe"]),
        ({"codec": "UNKNOWN"}, ["video format", "H.264"]),
        (
            {"audio": [{"codec": "UNKNOWN", "channels": 2, "sample_rate": 8000, "language": "und"}]},
            ["sound format", "AAC"],
        ),
    ],
)
def test_a_refusal_names_the_value_and_what_is_allowed(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(SourceRefused) as refusal:
        plan(a_source(**changes))
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("container", ["mpegts", "mpegps"])
def test_the_length_of_a_stream_is_only_reckoned_and_may_be_nonsense(container: str) -> None:
    assert plan(a_source(container=container))["expected"].get("reckoned")
    assert plan(a_source(container=container, duration=95_000.0))["expected"]["duration"] is None
    assert "reckoned" not in plan(a_source())["expected"]


def test_a_sound_file_is_refused_by_its_kind() -> None:
    with pytest.raises(SourceRefused, match=r"\(mp3\) has no video track"):
        plan({**a_source(container="mp3"), "video": None})


def test_a_sound_that_is_known_is_taken_where_the_first_is_not() -> None:
    unknown = {"track": 1, "codec": "UNKNOWN", "channels": 4, "sample_rate": 48_000, "language": "und"}
    known = {"track": 2, "codec": "AAC", "channels": 2, "sample_rate": 48_000, "language": "und"}
    planned = plan(a_source(audio=[unknown, known]))
    assert planned["input"]["AudioSelectors"]["Audio Selector 1"]["Tracks"] == [2]
    assert len(planned["expected"]["sounds"]) == 1
