"""Source: translates MediaConvert's Probe answer into the plain data that `plan` reads. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from lambdas.editions.embedded import SoundFlags
from lambdas.refusals import SourceUnreadable
from lambdas.shapes import Audio, Source, Title, Video

FAULTS = {
    "BadRequestException": (
        "The file is not a video, or its format cannot be read here. Upload it as MP4, QuickTime, Matroska, WebM, MXF,"
        " AVI, MPEG-TS or MPEG-PS."
    ),
    "UnprocessableEntityException": (
        "The file looks like a video, but it is damaged or incomplete. Upload the whole file again."
    ),
    "NotFoundException": "The file was deleted before it could be read. Upload it again.",
}
"""Probe's error codes that are about the file, each with the sentence for its owner. Any other error is our fault, or
is temporary."""


def check(title: Title) -> None:
    """Raise SourceUnreadable for an empty file. It need not be opened for that."""
    if title["size"] == 0:
        raise SourceUnreadable("The file is empty (0 bytes). The upload may have been interrupted. Upload it again.")


def fault(code: str | None) -> SourceUnreadable | None:
    """The refusal for Probe's error code. None if the error is not about the file."""
    return SourceUnreadable(FAULTS[code]) if code in FAULTS else None


def nothing_said() -> Sequence[bool]:
    """The flags of a file that has none."""
    return ()


def source(answer: Mapping[str, Any], size: int, shown: Callable[[], Sequence[bool]] = nothing_said) -> Source:
    """Translate Probe's answer (the JSON as the service sent it). `size` is the size of the file in bytes. `shown`
    reads which video tracks players show, if the file says so.

    Raises SourceUnreadable if Probe found no container.
    """
    results: list[dict[str, Any]] = answer.get("probeResults") or [{}]
    container: dict[str, Any] = results[0].get("container") or {}
    if not container.get("format"):
        raise SourceUnreadable(FAULTS["BadRequestException"])
    tracks: list[dict[str, Any]] = container.get("tracks") or []
    pictures = [track for track in tracks if track.get("trackType") == "video"]
    video = _film(pictures, shown() if len(pictures) > 1 else ())
    sounds = [track for track in tracks if track.get("trackType") == "audio"]
    return {
        "container": container["format"],
        "duration": _duration(video or {}, container, size),
        "video": _video(video, first=video is pictures[0]) if video else None,
        "audio": [_audio(number, track) for number, track in enumerate(sounds, 1)],
    }


def with_flags(found: Source, flags: Sequence[SoundFlags]) -> Source:
    """The source with the flags of its sound tracks. Without them if Probe found another number of sound tracks."""
    if len(flags) != len(found["audio"]):
        return found
    audio: list[Audio] = [
        {**track, "default": said.default, "description": said.description, "spatial": said.spatial}
        for track, said in zip(found["audio"], flags, strict=True)
    ]
    return {**found, "audio": audio}


def with_fields(found: Source, interlaced: Callable[[], bool]) -> Source:
    """The source, deinterlaced if its container says that it has fields. Probe tells that of some codecs alone."""
    video = found["video"]
    if video is None or video["interlaced"] or video["codec"] in TELLING:
        return found
    return {**found, "video": {**video, "interlaced": video["codec"] == ALWAYS_FIELDS or interlaced()}}


def with_channels(found: Source, channels: Callable[[], list[int]]) -> Source:
    """The source with the channels of captions in its pictures, if it is of a kind from which MediaConvert reads
    them."""
    video = found["video"]
    if video is None or found["container"] not in CAPTIONED or video["codec"] not in CAPTIONED_CODECS:
        return found
    return {**found, "channels": numbers} if (numbers := channels()) else found


CAPTIONED, CAPTIONED_CODECS = ("mp4", "quicktime", "mpegts", "mxf"), ("AVC", "HEVC", "MPEG2")
"""Containers from which MediaConvert reads captions in the picture ("Captions support tables" of its guide), and codecs
that have a place for them."""

TELLING = ("AVC", "HEVC", "MPEG2", "VP8", "VP9", "AV1")
"""Codecs of whose fields Probe tells, and those that have none."""
ALWAYS_FIELDS = "DV"


SLOWEST_BITS = 1000
"""Lowest bitrate of a film that anybody would upload, in bits a second. If a file claims less (ten hours in a
megabyte), its timestamps jump or its header is wrong."""
SHORTEST_TRACK = 0.5
"""Seconds. A track's own length below this is not believed if the whole file claims more."""


def _film(pictures: list[dict[str, Any]], shown: Sequence[bool]) -> dict[str, Any] | None:
    """The track that is the film. It lasts at least half as long as the longest one. Of these, it is a track that
    players show, and then the largest.

    If several have the same size, it is the first one. Editors and phones add tracks of stills, thumbnails and
    previews, sometimes before the film.
    """
    flags = shown if len(shown) == len(pictures) else [True] * len(pictures)
    longest = max((track.get("duration") or 0 for track in pictures), default=0)
    long = [
        (flag, track)
        for flag, track in zip(flags, pictures, strict=True)
        if (track.get("duration") or 0) >= longest / 2
    ]
    best = max(long, key=lambda pair: (pair[0], _pixels(pair[1])), default=None)
    return best and best[1]


def _pixels(track: Mapping[str, Any]) -> int:
    stored: dict[str, Any] = track.get("videoProperties") or {}
    return (stored.get("width") or 0) * (stored.get("height") or 0)


def _duration(video: Mapping[str, Any], container: Mapping[str, Any], size: int) -> float | None:
    """Length in seconds. The length of the picture counts, since a sound track often goes on after it."""
    whole, own = container.get("duration"), video.get("duration")
    # A track header in a wrong time scale states too short a length. If the picture really is that short, verify says
    # so.
    said = whole if own and whole and own < SHORTEST_TRACK < whole else own or whole
    return said if said and size * 8 >= said * SLOWEST_BITS else None


def _video(track: Mapping[str, Any], *, first: bool) -> Video:
    stored: dict[str, Any] = track.get("videoProperties") or {}
    essence: dict[str, Any] = stored.get("codecMetadata") or {}

    def either(field: str) -> Any:
        """The value in the container, or the codec's value if the container has none (MPEG-TS never has)."""
        return stored.get(field) or essence.get(field)

    return {
        "stream": None if first else track.get("index"),
        "codec": track.get("codec") or "UNKNOWN",
        "width": either("width") or 0,
        "height": either("height") or 0,
        "sample_aspect": _ratio(either("sampleAspectRatio")) or "1/1",
        "rotation": _quarter_turns(either("rotation") or 0),
        "frame_rate": _ratio(either("frameRate") or essence.get("codedFrameRate")),
        "coded_rate": _ratio(essence.get("codedFrameRate")),
        "dolby_vision": (essence.get("dolbyVision") or {}).get("profile"),
        "interlaced": bool(essence.get("fieldOrder")) or "interlaced" in str(essence.get("scanType")).lower(),
        "color_transfer": either("transferCharacteristics") or "UNSPECIFIED",
    }


def _quarter_turns(degrees: float) -> int:
    """The rotation in degrees as MediaConvert's Rotate AUTO reads it: 0 unless within a degree of a quarter turn."""
    nearest = round(degrees / 90) * 90
    return nearest % 360 if abs(degrees - nearest) <= 1 else 0


def _audio(number: int, track: Mapping[str, Any]) -> Audio:
    stored: dict[str, Any] = track.get("audioProperties") or {}
    return {
        "track": number,
        "language": _language(stored.get("languageCode")),
        "codec": track.get("codec") or "UNKNOWN",
        "channels": stored.get("channels") or 0,
        "sample_rate": stored.get("sampleRate") or 0,
    }


def _language(code: str | None) -> str:
    """The ISO 639-2 code in lower case, the only form that MediaConvert and players take. `und` for any other code."""
    return code.lower() if code and re.fullmatch(r"[A-Za-z]{3}", code) else "und"


def _ratio(pair: Mapping[str, int] | None) -> str | None:
    """`{"numerator": 30000, "denominator": 1001}` -> `"30000/1001"`. None for None, and for 0/0."""
    if not pair or not pair.get("numerator") or not pair.get("denominator"):
        return None
    ratio = Fraction(pair["numerator"], pair["denominator"])
    return f"{ratio.numerator}/{ratio.denominator}"
