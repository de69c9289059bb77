"""Source: MediaConvert's account of a media file, as the plain source that `plan` reads. Pure."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lambdas.editions.embedded import SoundFlags
from lambdas.refusals import SourceUnreadable
from lambdas.shapes import Audio, Source, Title, Video

FAULTS = {
    "BadRequestException": (
        "The file is not a video, or is of a kind that cannot be read here. MP4, QuickTime, Matroska, WebM, MXF, AVI,"
        " MPEG-TS and MPEG-PS will do."
    ),
    "UnprocessableEntityException": (
        "The file looks like a video, but it is damaged, or the upload was cut short. Upload it again, whole."
    ),
    "NotFoundException": "The file was deleted before it could be read.",
}
"""Error codes of Probe that say something of the file, in words for its owner. Any other is ours, or passes."""


def check(title: Title) -> None:
    """Raise SourceUnreadable for what needs no look inside."""
    if title["size"] == 0:
        raise SourceUnreadable("The file is empty (0 bytes). The upload may have been cut short.")


def fault(code: str | None) -> SourceUnreadable | None:
    """The refusal that Probe's error means, if it means one."""
    return SourceUnreadable(FAULTS[code]) if code in FAULTS else None


def source(answer: Mapping[str, Any], size: int) -> Source:
    """Map Probe's answer, the JSON as it is on the wire; `size` is the file's, in bytes.

    Raises SourceUnreadable where it found no container.
    """
    results: list[dict[str, Any]] = answer.get("probeResults") or [{}]
    container: dict[str, Any] = results[0].get("container") or {}
    if not container.get("format"):
        raise SourceUnreadable(FAULTS["BadRequestException"])
    tracks: list[dict[str, Any]] = container.get("tracks") or []
    pictures = [track for track in tracks if track.get("trackType") == "video"]
    video = _film(pictures)
    sounds = [track for track in tracks if track.get("trackType") == "audio"]
    return {
        "container": container["format"],
        "duration": _duration(video or {}, container, size),
        "video": _video(video, first=video is pictures[0]) if video else None,
        "audio": [_audio(number, track) for number, track in enumerate(sounds, 1)],
    }


def with_flags(found: Source, flags: Sequence[SoundFlags]) -> Source:
    """The source with what its file says of its sound tracks, if that speaks of as many as Probe does."""
    if len(flags) != len(found["audio"]):
        return found
    audio: list[Audio] = [
        {**track, "default": said.default, "description": said.description}
        for track, said in zip(found["audio"], flags, strict=True)
    ]
    return {**found, "audio": audio}


SLOWEST_BITS = 1000
"""Bits a second of the slowest film that anybody would upload. A file that claims less (ten hours in a megabyte) has a
clock that jumps, or a header that lies."""
SHORTEST_TRACK = 0.5
"""Seconds below which a track's own length is doubted where the whole file claims more."""


def _film(pictures: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The track that is the film: of those that last about as long as the longest, the largest; of equals the first.

    Editors and phones put stills, thumbnails and previews beside it, sometimes before it.
    """
    longest = max((track.get("duration") or 0 for track in pictures), default=0)
    long = [track for track in pictures if (track.get("duration") or 0) >= longest / 2]
    return max(long, key=_pixels, default=None)


def _pixels(track: Mapping[str, Any]) -> int:
    stored: dict[str, Any] = track.get("videoProperties") or {}
    return (stored.get("width") or 0) * (stored.get("height") or 0)


def _duration(video: Mapping[str, Any], container: Mapping[str, Any], size: int) -> float | None:
    """Seconds. The file may go on after the picture ends (a sound track often does): it is the picture that counts."""
    whole, own = container.get("duration"), video.get("duration")
    # A track header in the wrong time scale is short by a factor; a picture that is as short in truth is told of later.
    said = whole if own and whole and own < SHORTEST_TRACK < whole else own or whole
    return said if said and size * 8 >= said * SLOWEST_BITS else None


def _video(track: Mapping[str, Any], *, first: bool) -> Video:
    stored: dict[str, Any] = track.get("videoProperties") or {}
    essence: dict[str, Any] = stored.get("codecMetadata") or {}

    def either(field: str) -> Any:
        """The container's word, or where it has none (MPEG-TS never does) the codec's own."""
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
    """As MediaConvert's Rotate AUTO reads it: within a degree of a quarter turn, or no rotation."""
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
    """ISO 639-2 in small letters; MediaConvert and players take no other form."""
    return code.lower() if code and re.fullmatch(r"[A-Za-z]{3}", code) else "und"


def _ratio(pair: Mapping[str, int] | None) -> str | None:
    """`{"numerator": 30000, "denominator": 1001}` -> `"30000/1001"`; None for nothing, and for 0/0."""
    if not pair or not pair.get("numerator") or not pair.get("denominator"):
        return None
    ratio = Fraction(pair["numerator"], pair["denominator"])
    return f"{ratio.numerator}/{ratio.denominator}"
