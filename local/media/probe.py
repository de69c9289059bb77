"""What a media file is: ffprobe's findings, for the encoder (Source) and as the API's Probe answers.

Runs ffprobe on a local file, which it lets read that file alone and as a media container alone: an HLS playlist or an ffconcat
script that calls itself .mp4 would otherwise make it read any other file.
"""

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

SAFE_INPUT = (
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    "mov,matroska,mxf,wav,avi,mpegts,mpeg,mp3,flac,asf,ogg,aac,ac3,eac3",
)
"""Options before any -i: the formats that the service probes (the model's enum Format), and no protocol but files."""

FORMATS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "matroska",
    "wav": "wave",
    "mpeg": "mpegps",
    **{name: name for name in ("mxf", "avi", "mpegts", "mp3", "flac", "asf", "ogg", "aac", "ac3", "eac3")},
}
"""ffprobe's format_name -> the model's Format."""
BRANDS = {"qt": "quicktime", "3gp": "three_gp", "3g2": "three_g2"}

CODECS = {
    "h264": "AVC",
    "mpeg2video": "MPEG2",
    "mpeg1video": "MPEG1",
    "mpeg4": "MP4V",
    "dvvideo": "DV",
    "dnxhd": "VC3",
    "rawvideo": "UNCOMPRESSED",
    "amr_nb": "AMR",
    "amr_wb": "AMR",
    "wmav1": "WMA",
    "wmav2": "WMA2",
    **{
        name: name.upper()
        for name in (
            *("hevc", "prores", "av1", "vp8", "vp9", "mjpeg", "jpeg2000", "h263", "theora", "vc1", "qtrle"),
            *("aac", "ac3", "eac3", "mp3", "mp2", "opus", "vorbis", "flac", "wmapro"),
        )
    },
}
"""ffprobe's codec_name -> the model's Codec; pcm_* is PCM, and the rest UNKNOWN."""

# ffprobe's names of colour primaries, transfer and matrix -> the model's.
COLORS = {
    "bt709": "ITU_709",
    "bt470m": "ITU_470M",
    "bt470bg": "ITU_470BG",
    "smpte170m": "SMPTE_170M",
    "smpte240m": "SMPTE_240M",
    "bt2020": "ITU_2020",
    "bt2020nc": "ITU_2020_NCL",
    "bt2020c": "ITU_2020_CL",
    "bt2020-10": "ITU_2020_10bit",
    "bt2020-12": "ITU_2020_12bit",
    "smpte2084": "SMPTE_2084",
    "arib-std-b67": "ARIB_B67",
    "iec61966-2-1": "IEC_61966_2_1",
    "linear": "LINEAR",
    "smpte431": "SMPTE_431_2",
    "smpte432": "SMPTE_EG_432_1",
    "fcc": "FCC",
    "gbr": "RGB",
}

FIELD_ORDERS = {"tt": "TopFieldFirst", "tb": "TopFieldFirst", "bb": "BottomFieldFirst", "bt": "BottomFieldFirst"}


class Unreadable(Exception):
    """ffprobe could not open the file. `recognised`: it is of a known container, and broken."""

    def __init__(self, reason: str, *, recognised: bool) -> None:
        super().__init__(reason)
        self.recognised = recognised


@dataclass(frozen=True)
class Source:
    """What the encoder needs to know of a file. `width` and `height` are pixels as stored."""

    video_index: int
    audio_index: int | None
    width: int
    height: int
    sample_aspect: Fraction
    rotation: int
    """Degrees clockwise that a player turns the picture: 0, 90, 180 or 270."""
    seconds: float
    """Length of the video track as the container states it; 0 where it does not."""
    transfer: str
    """ffprobe's name of the transfer characteristics: "smpte2084" is PQ, "arib-std-b67" HLG."""


def inspect(path: Path) -> dict[str, Any]:
    """ffprobe's report of the file: {"format": {...}, "streams": [...]}. Raises Unreadable."""
    command = ["ffprobe", "-v", "error", *SAFE_INPUT, "-show_format", "-show_streams", "-of", "json", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        complaints = done.stderr.strip().splitlines()
        # Only a demuxer that took the file for its own complains by name: "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x…] moov atom not found".
        named = [line.partition("] ")[2] for line in complaints if line.startswith("[") and "whitelist" not in line]
        raise Unreadable(named[0] if named else "No parser found for container", recognised=bool(named))
    return json.loads(done.stdout)


def source(report: dict[str, Any]) -> Source | None:
    """The first video and audio track of the report; None where no picture moves (cover art does not count)."""
    videos = [stream for stream in report["streams"] if _kind(stream) == "video"]
    audios = [stream["index"] for stream in report["streams"] if _kind(stream) == "audio"]
    if not videos:
        return None
    video = videos[0]
    return Source(
        video_index=video["index"],
        audio_index=audios[0] if audios else None,
        width=video["width"],
        height=video["height"],
        sample_aspect=_ratio(video.get("sample_aspect_ratio")) or Fraction(1),
        rotation=_rotation(video),
        seconds=_seconds(video, report) or 0.0,
        transfer=video.get("color_transfer", ""),
    )


def probe_result(report: dict[str, Any] | None, metadata: dict[str, Any]) -> dict[str, Any]:
    """The API's ProbeResult; `report` is None for a file of no known format, whose container the service leaves blank."""
    if report is None:
        return {"Container": {}, "Metadata": metadata, "TrackMappings": []}
    tracks = [_track(stream, report) for stream in report["streams"] if _kind(stream)]
    kinds = {
        kind: [track["Index"] for track in tracks if track["TrackType"] == kind] for kind in ("video", "audio", "data")
    }
    container = report["format"]
    brand = container.get("tags", {}).get("major_brand", "").strip()
    return {
        "Container": {
            "Format": BRANDS.get(brand[:3], FORMATS[container["format_name"]]),
            "Duration": _number(container.get("duration")),
            "BitRate": int(container["bit_rate"]) if "bit_rate" in container else None,
            "Tracks": tracks,
        },
        "Metadata": metadata,
        "TrackMappings": [
            {f"{kind.capitalize()}TrackIndexes": indexes for kind, indexes in kinds.items()},
        ],
    }


def _track(stream: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    kind, codec = _kind(stream), stream.get("codec_name", "")
    rate = int(stream["bit_rate"]) if "bit_rate" in stream else None
    track: dict[str, Any] = {
        "Index": stream["index"] + 1,
        "TrackType": kind,
        "Duration": _seconds(stream, report),
        "Codec": "PCM" if codec.startswith("pcm_") else CODECS.get(codec, "UNKNOWN"),
    }
    if kind == "video":
        picture = _picture(stream)
        track["VideoProperties"] = {**picture, "BitRate": rate, "FrameRate": _fraction(stream.get("avg_frame_rate"))}
        track["VideoProperties"]["Rotation"] = _rotation(stream) or None
        if track["Codec"] in ("AVC", "HEVC", "MPEG2"):
            order = FIELD_ORDERS.get(stream.get("field_order", ""))
            track["VideoProperties"]["CodecMetadata"] = {
                **picture,
                "Profile": stream.get("profile"),
                "ScanType": "Interlaced" if order else "Progressive",
                "FieldOrder": order,
            }
    elif kind == "audio":
        track["AudioProperties"] = {
            "Channels": stream.get("channels"),
            "ChannelLayout": stream.get("channel_layout"),
            "SampleRate": int(stream.get("sample_rate", 0)) or None,
            "BitRate": rate,
            "LanguageCode": stream.get("tags", {}).get("language", "und").replace("und", "") or None,
        }
    return track


def _picture(stream: dict[str, Any]) -> dict[str, Any]:
    return {
        "Width": stream["width"],
        "Height": stream["height"],
        "BitDepth": next((depth for depth in (10, 12) if f"p{depth}" in stream.get("pix_fmt", "")), 8),
        "SampleAspectRatio": _fraction(stream.get("sample_aspect_ratio")),
        "DisplayAspectRatio": _fraction(stream.get("display_aspect_ratio")),
        "ColorPrimaries": COLORS.get(stream.get("color_primaries", ""), "UNSPECIFIED"),
        "TransferCharacteristics": COLORS.get(stream.get("color_transfer", ""), "UNSPECIFIED"),
        "MatrixCoefficients": COLORS.get(stream.get("color_space", ""), "UNSPECIFIED"),
    }


def _kind(stream: dict[str, Any]) -> str | None:
    """The model's TrackType. Cover art is a video stream to ffprobe, and no track to anyone else."""
    kind = stream.get("codec_type")
    if kind == "video" and (stream["disposition"].get("attached_pic") or not stream.get("width")):
        return None
    return "data" if kind == "subtitle" else kind if kind in ("video", "audio", "data") else None


def _rotation(stream: dict[str, Any]) -> int:
    """Clockwise; ffprobe's side data counts the other way. Angles that are no quarter turn count as none, as on AWS."""
    turns = [round(-item["rotation"]) % 360 for item in stream.get("side_data_list", []) if "rotation" in item]
    return turns[0] if turns and turns[0] in (90, 180, 270) else 0


def _seconds(stream: dict[str, Any], report: dict[str, Any]) -> float | None:
    """Matroska tags its tracks with "00:00:02.040000000"; other containers state seconds, or only a length of the whole."""
    tag = stream.get("tags", {}).get("DURATION", "")
    if "duration" not in stream and tag.count(":") == 2:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
        return hours * 3600 + minutes * 60 + seconds
    return _number(stream.get("duration", report["format"].get("duration")))


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _ratio(text: str | None) -> Fraction | None:
    """ "64:45" and "30000/1001" as fractions; None where absent or 0."""
    top, _, bottom = (text or "0:1").replace("/", ":").partition(":")
    return Fraction(int(top), int(bottom)) if top.isdigit() and int(top) and int(bottom or 0) else None


def _fraction(text: str | None) -> dict[str, int] | None:
    ratio = _ratio(text)
    return {"Numerator": ratio.numerator, "Denominator": ratio.denominator} if ratio else None
