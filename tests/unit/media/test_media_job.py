"""Which settings of a job can be combined, and the encoder's command lines for them. No process starts."""

import copy
import itertools
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from botocore import xform_name

from lambdas.shapes import Audio, Source, Video
from local.media.commands import captions_command, ffmpeg_command, fitted, packager_command, sound_command
from local.media.job import Encode, parse
from local.media.wire import MODEL, RULES, SUBSET, ApiError, read_request, write_answer
from tests.declared import ROOT
from tests.making_kit import job_of


def planned(*, audio: bool = True, channels: int = 2, captions: Sequence[int] = (), **video: Any) -> dict[str, Any]:
    """The workflow's job for a film with these properties."""
    stored = Video(
        stream=None,
        coded_rate=None,
        dolby_vision=None,
        codec="AVC",
        width=1920,
        height=1080,
        sample_aspect="1/1",
        rotation=0,
        frame_rate="25/1",
        interlaced=False,
        color_transfer="ITU_709",
    )
    track = Audio(track=1, language="und", codec="AAC", channels=channels, sample_rate=48000, spatial=channels == 4)
    sound = [track] if audio else []
    source = Source(container="mp4", duration=60.0, video={**stored, **video}, audio=sound, channels=[*captions])  # pyright: ignore[reportArgumentType] - the test's own words
    return copy.deepcopy(job_of(source))


def track(**properties: Any) -> dict[str, Any]:
    """A video Track as Probe gives it."""
    plain = {"Width": 1920, "Height": 1080, "SampleAspectRatio": None, "Rotation": None}
    return {"Index": 1, "VideoProperties": {**plain, "TransferCharacteristics": "UNSPECIFIED", **properties}}


def heard(*indexes: int, **properties: Any) -> dict[str, Any]:
    """A Container with sound tracks."""
    return {
        "Tracks": [{"Index": index, "TrackType": "audio", "AudioProperties": properties} for index in indexes],
    }


def settings(job: dict[str, Any]) -> dict[str, Any]:
    return job["Settings"]


def outputs(job: dict[str, Any]) -> list[dict[str, Any]]:
    return job["Settings"]["OutputGroups"][0]["Outputs"]


def h264(output: dict[str, Any]) -> dict[str, Any]:
    return output["VideoDescription"]["CodecSettings"]["H264Settings"]


@pytest.mark.parametrize(
    ("audio", "interlaced", "transfer", "rate", "size"),
    [
        *itertools.product(
            (True, False),
            (True, False),
            ("ITU_709", "SMPTE_2084"),
            ("24000/1001", "60/1"),
            ((64, 64), (3840, 2160), (1080, 1920)),
        )
    ],
)
def test_every_job_that_the_workflow_plans_is_taken(
    audio: bool, interlaced: bool, transfer: str, rate: str, size: tuple[int, int]
) -> None:
    job = planned(
        audio=audio,
        interlaced=interlaced,
        color_transfer=transfer,
        frame_rate=rate,
        width=size[0],
        height=size[1],
    )
    operation = MODEL.operation_model("CreateJob")
    encode = parse(settings(read_request(operation, write_answer(operation.input_shape, job))))
    assert encode.frame_rate == Fraction(rate)
    assert (len(encode.sounds), len(encode.posters)) == (int(audio), 1)
    assert encode.rungs[0]["name"] == f"index_v{min(size)}p"


@pytest.mark.parametrize(("channel", "fields"), [(1, ["first"]), (3, ["second"]), (2, []), (4, [])])
def test_a_channel_that_ffmpeg_cannot_tell_from_another_is_refused(channel: int, fields: list[str]) -> None:
    operation = MODEL.operation_model("CreateJob")
    wire = write_answer(operation.input_shape, planned(captions=[channel]))
    if not fields:
        with pytest.raises(ApiError, match="source608ChannelNumber: Should be one of"):
            read_request(operation, wire)
        return
    encode = parse(settings(read_request(operation, wire)))
    found = [captions_command(captions, {"Format": "mpegts"}, track()) for captions in encode.captions]
    assert [command[command.index("-data_field") + 1] for command in found] == fields
    assert [command[-1] for command in found] == [f"out/captions_cc{channel}.vtt"]


def test_every_rule_of_the_subset_is_needed() -> None:
    """Some job of the workflow uses each rule of the subset for CreateJob. Every other operation has a caller."""
    kinds = itertools.product((True, False), (True, False), ("ITU_709", "SMPTE_2084"))
    jobs = [planned(audio=audio, interlaced=field, color_transfer=transfer) for audio, field, transfer in kinds]
    jobs += [planned(stream=2), planned(channels=4), planned(captions=[1])]
    asked = {f"CreateJob.{path}" for job in jobs for path in members(job)}
    rules = [rule for rule in RULES if rule.startswith("CreateJob")]
    assert [rule for rule in rules if not any(re.fullmatch(pattern(rule), path) for path in asked)] == []
    folders = ("components", "lambdas", "local/aws", "local/resources", "operate", "bench")
    code = "".join(path.read_text(encoding="utf-8") for folder in folders for path in ROOT.glob(f"{folder}/**/*.py"))
    code += (ROOT / "local/demo.py").read_text(encoding="utf-8")
    named = {name: (xform_name(name), f"{name[0].lower()}{name[1:]}") for name in SUBSET}
    assert [name for name, words in named.items() if not any(word in code for word in words)] == []


def pattern(rule: str) -> str:
    return re.escape(rule).replace(r"\*", r"[^.\[]+")


def members(value: Any, path: str = "") -> Iterator[str]:
    """The paths of a job's values, as subset.toml writes them."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from members(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from members(item, f"{path}[]")
    else:
        yield path


def drop_cmaf(job: dict[str, Any]) -> None:
    settings(job)["OutputGroups"].pop(0)


def second_cmaf(job: dict[str, Any]) -> None:
    settings(job)["OutputGroups"].append(copy.deepcopy(settings(job)["OutputGroups"][0]))


def second_input(job: dict[str, Any]) -> None:
    settings(job)["Inputs"].append(copy.deepcopy(settings(job)["Inputs"][0]))


def other_folder(job: dict[str, Any]) -> None:
    settings(job)["OutputGroups"][1]["OutputGroupSettings"]["FileGroupSettings"]["Destination"] = "s3://media/x/poster"


def second_default(job: dict[str, Any]) -> None:
    outputs(job).append({**copy.deepcopy(outputs(job)[-1]), "NameModifier": "_other"})


def no_selector(job: dict[str, Any]) -> None:
    outputs(job)[-1]["AudioDescriptions"][0]["AudioSourceName"] = "Audio Selector 2"


def second_track(job: dict[str, Any]) -> None:
    outputs(job)[-1]["AudioDescriptions"] *= 2


def same_name(job: dict[str, Any]) -> None:
    outputs(job)[1]["NameModifier"] = outputs(job)[0]["NameModifier"]


def no_rungs(job: dict[str, Any]) -> None:
    outputs(job)[:-1] = []


def uneven_gop(job: dict[str, Any]) -> None:
    h264(outputs(job)[0])["GopSize"] = 3


def uneven_rate(job: dict[str, Any]) -> None:
    h264(outputs(job)[0])["FramerateNumerator"] = 50


def one_deinterlaced(job: dict[str, Any]) -> None:
    outputs(job)[0]["VideoDescription"]["VideoPreprocessors"] = {"Deinterlacer": {"Mode": "DEINTERLACE"}}


def jpeg_in_cmaf(job: dict[str, Any]) -> None:
    outputs(job)[0]["VideoDescription"] = settings(job)["OutputGroups"][1]["Outputs"][0]["VideoDescription"]


@pytest.mark.parametrize(
    ("change", "needs"),
    [
        (drop_cmaf, "one CMAF"),
        (second_cmaf, "one CMAF"),
        (second_input, "one of Inputs"),
        (other_folder, "one folder"),
        (second_default, "one sound of type ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT"),
        (no_selector, "an audio selector for each sound"),
        (second_track, "one of AudioDescriptions"),
        (same_name, "different names"),
        (no_rungs, "rungs"),
        (uneven_gop, "one GopSize"),
        (uneven_rate, "one FramerateNumerator"),
        (one_deinterlaced, "one Mode"),
        (jpeg_in_cmaf, "outputs of"),
    ],
)
def test_a_combination_that_one_decode_cannot_make_is_refused(change: Any, needs: str) -> None:
    job = planned()
    change(job)
    with pytest.raises(ApiError, match=f"needs .*{needs}") as failure:
        parse(settings(job))
    assert failure.value.code == "BadRequestException"


def encode(**video: Any) -> Encode:
    return parse(settings(planned(**video)))


@pytest.mark.parametrize(
    ("stored", "box", "size"),
    [
        ({}, (1280, 720), (1280, 720)),
        ({"Width": 1921, "Height": 1081}, (1920, 1080), (1920, 1080)),
        ({"Width": 853, "Height": 480}, (852, 480), (852, 480)),
        ({"Width": 1440, "SampleAspectRatio": {"Numerator": 4, "Denominator": 3}}, (1280, 720), (1280, 720)),
        ({"Rotation": 90}, (720, 1280), (720, 1280)),
        ({"Rotation": 180}, (1280, 720), (1280, 720)),
        # If the box has another shape, the picture fits in it and touches two of its sides.
        ({}, (1280, 1280), (1280, 720)),
        ({"Rotation": 270}, (1280, 1280), (720, 1280)),
    ],
)
def test_pictures_are_fitted_as_they_are_shown(
    stored: dict[str, Any], box: tuple[int, int], size: tuple[int, int]
) -> None:
    assert fitted({"Width": box[0], "Height": box[1]}, track(**stored), encode()) == size


def option(command: list[str], name: str) -> list[str]:
    return [value for key, value in itertools.pairwise(command) if key == name]


def test_only_this_file_and_only_media_containers_may_be_read() -> None:
    command = ffmpeg_command(encode(), {}, track())
    assert option(command, "-protocol_whitelist") == ["file"]
    (formats,) = option(command, "-format_whitelist")
    assert not {"hls", "concat", "dash", "image2", "lavfi", "tty"} & {*formats.split(",")}
    assert command.index("-format_whitelist") < command.index("-i")


def test_the_source_is_decoded_once_for_all_outputs() -> None:
    command = ffmpeg_command(encode(), {}, track())
    assert option(command, "-i") == ["source"]
    (graph,) = option(command, "-filter_complex")
    assert graph.startswith("[0:0]fps=25:start_time=0,split=7[in0][in1][in2][in3][in4][in5][in6];")


def test_the_sound_is_as_long_as_the_picture_turned_out() -> None:
    command = sound_command(encode(), heard(3), 2.52)
    assert option(command, "-t") == ["2.520000"]
    assert option(command, "-filter_complex")[0].startswith("[0:2]aresample")


def test_spatial_sound_is_heard_from_all_sides() -> None:
    job = planned(channels=4)
    side = {"InputChannels": [0, -60, -60, -60]}
    remix = {"ChannelsIn": 4, "ChannelsOut": 2, "ChannelMapping": {"OutputChannels": [side, side]}}
    assert outputs(job)[-1]["AudioDescriptions"][0]["RemixSettings"] == remix
    command = sound_command(parse(settings(job)), heard(3), 2.52)
    assert option(command, "-filter_complex")[0].startswith("[0:2]pan=stereo|c0=c0|c1=c0,aresample")


def test_picture_and_sound_are_read_from_one_beginning() -> None:
    """Else ffmpeg lets each of the two readings of a stream of packets begin with its own first track."""
    for command in (ffmpeg_command(encode(), {}, track()), sound_command(encode(), heard(3), 2.52)):
        assert 0 < float(option(command, "-itsoffset")[0]) < 0.0001
        assert "-noautorotate" in command
        assert "-analyzeduration" not in command
    patient = ffmpeg_command(encode(), {"Patient": True}, track())
    assert patient.index("-analyzeduration") < patient.index("-i")


def test_each_sound_comes_from_the_tracks_of_its_selector() -> None:
    job = planned()
    second: dict[str, Any] = copy.deepcopy(outputs(job)[-1]) | {"NameModifier": "_a128_2"}
    second["AudioDescriptions"][0] |= {"AudioSourceName": "Audio Selector 2", "CustomLanguageCode": "de"}
    second["ContainerSettings"]["CmfcSettings"]["AudioTrackType"] = "ALTERNATE_AUDIO_AUTO_SELECT"
    outputs(job).append(second)
    settings(job)["Inputs"][0]["AudioSelectors"]["Audio Selector 2"] = {"Tracks": [2, 3]}
    made = parse(settings(job))
    command = sound_command(made, heard(3, 5, 6), 2.52)
    first, other = option(command, "-filter_complex")[0].split(";")
    assert first.startswith("[0:2]aresample")
    assert other.startswith("[0:4][0:5]amerge=inputs=2,aresample")
    assert option(command, "-i") == ["source"]
    assert [stream for stream in packager_command(made) if "lang=" in stream] == [
        stream for stream in packager_command(made) if "in=rungs/index_a128_2.mp4" in stream and "lang=de" in stream
    ]


def test_rungs_are_told_what_the_job_says() -> None:
    job = planned()
    command = ffmpeg_command(parse(settings(job)), {}, track())
    codecs = [h264(output) for output in outputs(job)[:-1]]
    assert option(command, "-maxrate") == [str(codec["MaxBitrate"]) for codec in codecs]
    assert option(command, "-bufsize") == [str(codec["HrdBufferSize"]) for codec in codecs]
    assert option(command, "-crf")[:2] == ["20", "20"]
    assert option(command, "-level") == [
        codec["CodecLevel"].removeprefix("LEVEL_").replace("_", ".") for codec in codecs
    ]
    assert {*option(command, "-g")} == {*option(command, "-keyint_min")} == {"50"}


def test_the_preset_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADEND_X264_PRESET", raising=False)
    assert {*option(ffmpeg_command(encode(), {}, track()), "-preset")} == {"veryfast"}
    monkeypatch.setenv("HEADEND_X264_PRESET", "ultrafast")
    assert {*option(ffmpeg_command(encode(), {}, track()), "-preset")} == {"ultrafast"}


def graph_of(source: dict[str, Any], **video: Any) -> str:
    return option(ffmpeg_command(encode(**video), {}, source), "-filter_complex")[0]


def test_fields_and_hdr_are_handled_only_where_the_job_asks() -> None:
    assert "bwdif" not in graph_of(track())
    assert "bwdif=mode=send_frame:deint=interlaced" in graph_of(track(), interlaced=True)
    hdr = track(TransferCharacteristics="ARIB_B67")
    assert "tonemap" not in graph_of(hdr)
    assert "zscale=tin=arib-std-b67" in graph_of(hdr, color_transfer="ARIB_B67")
    # The job asks for a conversion, but the source is not HDR: only its colour matrix is converted.
    sdr = graph_of(track(), color_transfer="ARIB_B67")
    assert "tonemap" not in sdr
    assert "out_color_matrix=bt709" in sdr


def test_segments_are_rounded_up_to_whole_gops() -> None:
    def segment(rate: str) -> float:
        command = packager_command(encode(frame_rate=rate))
        return float(option(command, "--segment_duration")[0])

    assert segment("25/1") == pytest.approx(6, abs=0.001)
    assert segment("30000/1001") == pytest.approx(6.006, abs=0.001)
    # A little below the cut and never above it. Otherwise the packager would miss the keyframe.
    assert segment("30000/1001") < 6.006
