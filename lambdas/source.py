"""Source: MediaConvert's account of a media file, as the plain source that `plan` reads. Pure."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from lambdas.refusals import SourceUnreadable
from lambdas.shapes import Audio, Source, Title, Video

FAULTS = {
    "BadRequestException": "The file is not a video, or is of a kind that cannot be read here.",
    "UnprocessableEntityException": "The file looks like a video, but it is damaged.",
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


def source(answer: Mapping[str, Any]) -> Source:
    """Map Probe's answer, the JSON as it is on the wire. Raises SourceUnreadable where it found no container."""
    results: list[dict[str, Any]] = answer.get("probeResults") or [{}]
    container: dict[str, Any] = results[0].get("container") or {}
    if not container.get("format"):
        raise SourceUnreadable(FAULTS["BadRequestException"])
    tracks: list[dict[str, Any]] = container.get("tracks") or []
    video = next((track for track in tracks if track.get("trackType") == "video"), None)
    sounds = [track for track in tracks if track.get("trackType") == "audio"]
    return {
        "container": container["format"],
        # The file may go on after the picture ends (a sound track often does), and it is the picture that we compare.
        "duration": (video or {}).get("duration") or container.get("duration"),
        "video": _video(video) if video else None,
        "audio": [_audio(number, track) for number, track in enumerate(sounds, 1)],
    }


def _video(track: Mapping[str, Any]) -> Video:
    stored: dict[str, Any] = track.get("videoProperties") or {}
    essence: dict[str, Any] = stored.get("codecMetadata") or {}

    def either(field: str) -> Any:
        """The container's word, or where it has none (MPEG-TS never does) the codec's own."""
        return stored.get(field) or essence.get(field)

    return {
        "codec": track.get("codec") or "UNKNOWN",
        "width": either("width") or 0,
        "height": either("height") or 0,
        "sample_aspect": _ratio(either("sampleAspectRatio")) or "1/1",
        "rotation": _quarter_turns(either("rotation") or 0),
        "frame_rate": _ratio(either("frameRate") or essence.get("codedFrameRate")),
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
        "language": str(stored.get("languageCode") or "und").lower(),
        "codec": track.get("codec") or "UNKNOWN",
        "channels": stored.get("channels") or 0,
        "sample_rate": stored.get("sampleRate") or 0,
    }


def _ratio(pair: Mapping[str, int] | None) -> str | None:
    """`{"numerator": 30000, "denominator": 1001}` -> `"30000/1001"`; None for nothing, and for 0/0."""
    if not pair or not pair.get("numerator") or not pair.get("denominator"):
        return None
    ratio = Fraction(pair["numerator"], pair["denominator"])
    return f"{ratio.numerator}/{ratio.denominator}"
