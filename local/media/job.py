"""CreateJob's arguments, as the plan of one encode. Pure.

`subset.toml` says of every member what the encoder does with it; what is not there is refused, never dropped.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.media.wire import MODEL, ApiError

JOB_SHAPE = MODEL.operation_model("CreateJob").input_shape
SUBSET = tomllib.loads(Path(__file__).with_name("subset.toml").read_text("utf-8"))


def rules(table: dict[str, Any], path: str = "") -> dict[str, Any]:
    """subset.toml by whole path: "CreateJob.Settings.Inputs[].FileInput" -> "honoured"."""
    flat: dict[str, Any] = {}
    for key, rule in table.items():
        flat |= rules(rule, f"{path}{key}.") if isinstance(rule, dict) else {f"{path}{key}": rule}
    return flat


RULES = rules(SUBSET)


@dataclass(frozen=True)
class Rung:
    """One H.264 rendition. `width` x `height` (pixels) is the box that the picture is fitted into."""

    name: str
    width: int
    height: int
    max_bitrate: int
    buffer_bits: int
    quality: int
    """QVBR level, 1 to 10."""
    level: str
    """As x264 takes it, "3.1"; empty where the encoder chooses."""


@dataclass(frozen=True)
class Sound:
    """One stereo AAC rendition."""

    name: str
    group: str
    bitrate: int
    sample_rate: int


@dataclass(frozen=True)
class Poster:
    """JPEG stills: the first frame, then one every `every` seconds."""

    name: str
    width: int
    height: int
    every: Fraction
    captures: int
    quality: int
    """1 to 100."""


@dataclass(frozen=True)
class Encode:
    """All that the encoder needs to know of a job. Lengths in seconds, bitrates in bits a second."""

    source: str
    destination: str
    """`s3://bucket/folder/` of every output."""
    master: str
    """Base name of the manifests and of every segment."""
    rungs: tuple[Rung, ...]
    sound: Sound | None
    poster: Poster | None
    frame_rate: Fraction
    gop: float
    segment: int
    fragment: int
    rotate: bool
    deinterlace: bool
    to_709: bool


def parse(arguments: dict[str, Any]) -> Encode:
    """The plan of `arguments` (already checked against the model). Raises BadRequestException for what is not honoured."""
    problems = [*_unsupported(arguments)]
    if problems:
        raise ApiError("BadRequestException", "; ".join(problems))
    try:
        return _parse(arguments["Settings"])
    except KeyError as missing:
        raise ApiError("BadRequestException", f"/settings: the encoder here needs {missing}") from missing


def _unsupported(arguments: dict[str, Any]) -> Iterator[str]:
    for rule_path, path, value in _leaves(JOB_SHAPE, arguments, "CreateJob", ""):
        rule = RULES.get(rule_path)
        if rule is None:
            yield f"{path}: The laptop's encoder does not honour this setting; subset.toml lists those it does"
        elif isinstance(rule, list) and value not in rule:
            allowed = ", ".join(map(str, rule))
            yield f"{path}: The laptop's encoder honours only {allowed}, not {value!r}"


def _leaves(shape: Shape | None, value: Any, rule_path: str, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            member = shape.members[name]
            yield from _leaves(member, item, f"{rule_path}.{name}", f"{path}/{member.serialization.get('name', name)}")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _leaves(shape.value, item, f"{rule_path}.*", f"{path}/{key}")
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _leaves(shape.member, item, f"{rule_path}[]", f"{path}/{index}")
    else:
        yield rule_path, path, value


def _parse(settings: dict[str, Any]) -> Encode:
    source = _single(settings["Inputs"], "/settings/inputs")
    groups = {group["OutputGroupSettings"]["Type"]: group for group in settings["OutputGroups"]}
    if len(groups) != len(settings["OutputGroups"]) or "CMAF_GROUP_SETTINGS" not in groups:
        raise _bad("/settings/outputGroups", "one CMAF group, and at most one file group")
    cmaf = groups["CMAF_GROUP_SETTINGS"]
    target = cmaf["OutputGroupSettings"]["CmafGroupSettings"]
    folder, _, master = target["Destination"].rpartition("/")
    pictures = [output for output in cmaf["Outputs"] if "VideoDescription" in output]
    sounds = [output for output in cmaf["Outputs"] if "VideoDescription" not in output]
    codecs = [picture["VideoDescription"]["CodecSettings"]["H264Settings"] for picture in pictures]
    if not pictures or len(sounds) > 1:
        raise _bad("/settings/outputGroups", "H.264 outputs, and at most one audio output, in the CMAF group")
    poster = _poster(groups["FILE_GROUP_SETTINGS"], folder) if "FILE_GROUP_SETTINGS" in groups else None
    everything = [
        output["VideoDescription"] for group in groups.values() for output in group["Outputs"] if output not in sounds
    ]
    corrections = _same([video.get("VideoPreprocessors", {}) for video in everything], "videoPreprocessors")
    rate, gop = (
        _same([Fraction(codec["FramerateNumerator"], codec["FramerateDenominator"]) for codec in codecs], "framerate"),
        _same([float(codec["GopSize"]) for codec in codecs], "gopSize"),
    )
    names = [master, *([poster.name] if poster else []), *(output["NameModifier"] for output in cmaf["Outputs"])]
    for name in names:
        if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
            raise _bad("/settings/outputGroups", f"file names of letters, digits, '.', '_' and '-', not {name!r}")
    if len(set(names)) != len(names):
        raise _bad("/settings/outputGroups", f"a different name for each output, not {names}")
    return Encode(
        source=source["FileInput"],
        destination=f"{folder}/",
        master=master,
        rungs=tuple(_rung(master, picture) for picture in pictures),
        sound=_sound(master, sounds[0]) if sounds else None,
        poster=poster,
        frame_rate=rate,
        gop=gop,
        segment=target["SegmentLength"],
        fragment=target["FragmentLength"],
        rotate=source.get("VideoSelector", {}).get("Rotate") == "AUTO",
        deinterlace="Deinterlacer" in corrections,
        to_709="ColorCorrector" in corrections,
    )


def _rung(master: str, output: dict[str, Any]) -> Rung:
    video = output["VideoDescription"]
    codec = video["CodecSettings"]["H264Settings"]
    return Rung(
        name=master + output["NameModifier"],
        width=video["Width"],
        height=video["Height"],
        max_bitrate=codec["MaxBitrate"],
        buffer_bits=codec["HrdBufferSize"],
        quality=codec["QvbrSettings"]["QvbrQualityLevel"],
        level=codec.get("CodecLevel", "AUTO").removeprefix("LEVEL_").replace("AUTO", "").replace("_", "."),
    )


def _sound(master: str, output: dict[str, Any]) -> Sound:
    codec = _single(output["AudioDescriptions"], "/settings/outputGroups/outputs/audioDescriptions")["CodecSettings"]
    return Sound(
        name=master + output["NameModifier"],
        group=output["ContainerSettings"]["CmfcSettings"]["AudioGroupId"],
        bitrate=codec["AacSettings"]["Bitrate"],
        sample_rate=codec["AacSettings"]["SampleRate"],
    )


def _poster(group: dict[str, Any], folder: str) -> Poster:
    output = _single(group["Outputs"], "/settings/outputGroups/outputs")
    video = output["VideoDescription"]
    capture = video["CodecSettings"]["FrameCaptureSettings"]
    beside, _, base = group["OutputGroupSettings"]["FileGroupSettings"]["Destination"].rpartition("/")
    if beside != folder:
        raise _bad("/settings/outputGroups", f"both groups in one folder, not {beside!r} and {folder!r}")
    return Poster(
        name=base + output.get("NameModifier", ""),
        width=video["Width"],
        height=video["Height"],
        every=Fraction(capture["FramerateDenominator"], capture["FramerateNumerator"]),
        captures=capture["MaxCaptures"],
        quality=capture["Quality"],
    )


def _single(items: list[Any], path: str) -> Any:
    if len(items) != 1:
        raise _bad(path, f"exactly one, not {len(items)}")
    return items[0]


def _same(values: list[Any], member: str) -> Any:
    if any(value != values[0] for value in values):
        raise _bad("/settings/outputGroups", f"the same {member} in every output, since the source is decoded once")
    return values[0]


def _bad(path: str, needed: str) -> ApiError:
    return ApiError("BadRequestException", f"{path}: The laptop's encoder needs {needed}")
