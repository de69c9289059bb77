"""Describes a media file in the words of the API's Probe, for Probe and for the encoder. Runs ffprobe on files."""

import json
import math
import subprocess
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.media.commands import words
from local.media.wire import MODEL, Json

TABLES: Json = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))
NAMES: dict[str, dict[str, str]] = {
    member: {theirs: ours for ours, all_theirs in names.items() for theirs in all_theirs}
    for member, names in TABLES["names"].items()
}


class MediaError(Exception):
    """A source, or an encode, that fails with one of the service's own codes.

    1010 cannot be opened, 1020 no video, 1030 decoding failed, 1040 settings, 1076 ends early, 1092 the sound cannot be
    decoded, 1401 and 1404 S3 refused, 1999 unknown. `recognised`: the container is known, but the file is broken.
    """

    def __init__(self, code: int, message: str, *, recognised: bool = False) -> None:
        super().__init__(message)
        self.code, self.recognised = code, recognised


def inspect(path: Path) -> Json:
    """The API's Container of a local file: Format, Duration (s), BitRate and Tracks. Raises MediaError 1010.

    `Patient`, which is not the API's, says that the beginning of the file was not enough to tell of its picture.
    """
    found = _inspect(path, [])
    pictures = [track for track in found["Tracks"] if track["TrackType"] == "video"]
    if all(track["VideoProperties"]["Width"] for track in pictures):
        return found
    return {**_inspect(path, words("patient")), "Patient": True}


def _inspect(path: Path, patience: list[str]) -> Json:
    command = words("inspect") + words("safe_input") + patience + [path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        # A demuxer that recognised the file names itself in its error: "[mov,mp4,m4a,3gp @ 0x…] moov atom not found".
        lines = [line.partition("] ") for line in done.stderr.splitlines() if line.startswith("[")]
        named = [reason for _, _, reason in lines if "whitelist" not in reason]
        reason = named[0] if named else "No parser found for container"
        raise MediaError(1010, f"Failed probe/open: [{reason}]", recognised=bool(named))
    report = json.loads(done.stdout)
    container = _members("Container", report["format"])
    brand = NAMES["brand"].get(report["format"].get("tags", {}).get("major_brand", "").strip()[:3])
    tracks = [_track(stream, container) for stream in report["streams"] if not _is_cover(stream)]
    tracks = [track for track in tracks if track["TrackType"]]
    return {**container, "Format": brand or container["Format"], "Tracks": tracks}


def track_mappings(container: Json) -> list[Json]:
    """The API's TrackMappings: the track numbers of each kind."""
    kinds, tracks = ("video", "audio", "data"), container.get("Tracks", [])
    return [
        {f"{k.title()}TrackIndexes": [track["Index"] for track in tracks if track["TrackType"] == k] for k in kinds}
    ]


def _track(stream: Json, container: Json) -> Json:
    track: Json = {"Index": stream["index"] + 1, **_members("Track", stream)}
    # Matroska states a track's length in a tag, "00:00:02.040000000". Some containers state only the file's length.
    tag = [float(part) for part in stream.get("tags", {}).get("DURATION", "").split(":") if part]
    tagged = sum(part * 60**power for power, part in enumerate(reversed(tag)))
    track["Duration"] = track["Duration"] or tagged or container["Duration"]
    starts = float(stream.get("start_time") or 0)
    if container["Format"] == "mp4" and "nb_frames" not in stream and 0 < starts < track["Duration"]:
        track["Duration"] -= starts  # of fragments, ffprobe gives where they end
    if track["TrackType"] == "video":
        stream = {**stream, **_rates(stream)}
        track["VideoProperties"] = {**_members("VideoProperties", stream), "Rotation": _rotation(stream)}
        if track["Codec"] in ("AVC", "HEVC", "MPEG2"):  # the service reports these members for no other codec
            dolby = [data["dv_profile"] for data in stream.get("side_data_list", []) if "dv_profile" in data]
            codec = {**_members("CodecMetadata", stream), "DolbyVision": {"Profile": dolby[0]} if dolby else None}
            track["VideoProperties"]["CodecMetadata"] = codec
    if track["TrackType"] == "audio":
        language = stream.get("tags", {}).get("language")
        track["AudioProperties"] = {**_members("AudioProperties", stream), "LanguageCode": language}
    return track


def _rates(stream: Json) -> Json:
    """ffprobe's rates. If it does not know one, it guesses a frame for each tick, often thousands a second."""
    top, bottom = map(int, stream["r_frame_rate"].split("/"))
    guess = stream["r_frame_rate"] if bottom and top <= 1000 * bottom else "0/0"
    return {"r_frame_rate": guess, **({"avg_frame_rate": guess} if stream["avg_frame_rate"] == "0/0" else {})}


def _members(structure: str, report: Json) -> Json:
    """The fields of names.toml, each with the type that the model needs."""
    shapes = MODEL.shape_for(structure).members
    fields: dict[str, str] = TABLES["fields"][structure]
    return {member: _value(member, shapes[member], report.get(theirs)) for member, theirs in fields.items()}


def _value(member: str, shape: Any, raw: Any) -> Any:
    if member in NAMES:
        unnamed = [word for word in ("UNKNOWN", "UNSPECIFIED") if word in shape.metadata.get("enum", ())]
        return NAMES[member].get(raw, *unnamed)
    if raw is not None and shape.type_name == "structure":  # "64:45", "30000/1001"; "0:1" and "0/0" say nothing
        top, bottom = (int(part) for part in raw.replace("/", ":").split(":"))
        exact = Fraction(top, bottom) if top and bottom else None
        return {"Numerator": exact.numerator, "Denominator": exact.denominator} if exact else None
    types = {"integer": int, "long": int, "double": float, "string": str}
    return None if raw is None else types[shape.type_name](raw)


def _is_cover(stream: Json) -> bool:
    """Whether it is cover art. ffprobe calls it a video stream; the service does not count it as a track."""
    return bool(stream["disposition"].get("attached_pic"))


def _rotation(stream: Json) -> int | None:
    """Degrees clockwise. As on AWS, an angle that is no multiple of 90 counts as 0. Mirroring counts as none."""
    matrices = [data["displaymatrix"] for data in stream.get("side_data_list", []) if "displaymatrix" in data]
    rows = [line.split(":")[1].split() for line in matrices[0].splitlines() if ":" in line] if matrices else []
    if not rows:
        return None
    (a, b), (c, d) = ([int(number) for number in row[:2]] for row in rows[:2])
    if a * d - b * c < 0:
        a = -a  # upright all the same, but left and right as they were stored
    degrees = round(math.degrees(math.atan2(b, a))) % 360
    return degrees if degrees in (90, 180, 270) else None
