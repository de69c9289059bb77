"""Reads HLS playlists (RFC 8216), as far as checking our own encoder's takes. Pure."""

import re
from typing import NamedTuple

_SAID = ("LANGUAGE", "NAME", "CHARACTERISTICS")
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,"]*)')


class Variant(NamedTuple):
    """A rung of the multivariant playlist."""

    uri: str
    """Of the rung's own playlist, relative to this one."""
    width: int
    height: int
    """Pixels; 0 where the playlist does not say."""


class Audio(NamedTuple):
    """A sound track of the multivariant playlist; empty where a thing is not stated."""

    language: str
    name: str
    characteristics: str


class Multivariant(NamedTuple):
    """The playlist that a player opens first: it names the playlists of all renditions."""

    variants: list[Variant]
    audio: dict[str, Audio]
    """By the URI of its playlist, relative to this one."""
    images: list[str]
    """Playlists of sheets of previews (the Image Media Playlist specification, 0.4)."""
    iframes: list[str]
    """Playlists of I-frames alone."""


class Media(NamedTuple):
    """One rendition's playlist."""

    files: list[str]
    """Everything that a player fetches: the initialization segment and the segments."""
    seconds: list[float]
    """How long each of the files plays; 0 for the initialization segment."""
    whole: bool
    """It has a segment, and, unless it is of images, an initialization segment and an end."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(self.seconds)


def multivariant(text: str) -> Multivariant:
    """What a multivariant playlist names. Raises ValueError for a resolution that is no number."""
    variants: list[Variant] = []
    audio: dict[str, Audio] = {}
    images: list[str] = []
    iframes: list[str] = []
    stream: dict[str, str] | None = None
    for line in text.splitlines():
        if line.startswith("#EXT-X-STREAM-INF:"):
            stream = _attributes(line)
        elif line.startswith("#EXT-X-MEDIA:"):
            media = _attributes(line)
            if media.get("TYPE") == "AUDIO" and "URI" in media:
                audio[media["URI"]] = Audio(*(media.get(field, "") for field in _SAID))
        elif line.startswith("#EXT-X-IMAGE-STREAM-INF:"):
            images.append(_attributes(line).get("URI", ""))
        elif line.startswith("#EXT-X-I-FRAME-STREAM-INF:"):
            iframes.append(_attributes(line).get("URI", ""))
        elif stream is not None and line and not line.startswith("#"):
            width, _, height = stream.get("RESOLUTION", "0x0").partition("x")
            variants.append(Variant(line, int(width), int(height)))
            stream = None
    return Multivariant(variants, audio, images, iframes)


def media(text: str) -> Media:
    """What a rendition's playlist names. Raises ValueError for a duration that is no number."""
    files: list[str] = []
    seconds: list[float] = []
    duration = 0.0
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP:"):
            files.append(_attributes(line).get("URI", ""))
            seconds.append(0.0)
        elif line.startswith("#EXTINF:"):
            duration = float(line.removeprefix("#EXTINF:").partition(",")[0])
        elif line and not line.startswith("#"):
            files.append(line)
            seconds.append(duration)
    tags = {"#EXT-X-IMAGES-ONLY", "#EXT-X-ENDLIST"} & {*text.splitlines()}
    # The specification of images has no word on their playlist's end.
    whole = bool(files) if "#EXT-X-IMAGES-ONLY" in tags else len(files) > 1 and "#EXT-X-ENDLIST" in tags
    return Media(files, seconds, whole)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}
