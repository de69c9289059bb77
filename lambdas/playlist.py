"""Reads HLS playlists (RFC 8216), as far as it is needed to check our own encoder's output. Pure."""

import re
from typing import NamedTuple

_SAID = ("LANGUAGE", "NAME", "CHARACTERISTICS", "CHANNELS")
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,"]*)')


class Variant(NamedTuple):
    """A rung of the multivariant playlist."""

    uri: str
    """URI of the rung's own playlist, relative to this one."""
    bandwidth: int
    """Bits a second that it takes at most, with its sound; 0 where the playlist does not say."""
    width: int
    height: int
    """Pixels. 0 if the playlist does not say."""


class Audio(NamedTuple):
    """A sound track of the multivariant playlist. A field is empty if the playlist does not say."""

    language: str
    name: str
    characteristics: str
    channels: str
    """Their number, and perhaps more behind a slash."""


class Multivariant(NamedTuple):
    """The playlist that a player opens first: it names the playlists of all renditions."""

    variants: list[Variant]
    audio: dict[str, Audio]
    """URI of each sound's playlist, relative to this one, to the sound."""
    images: list[str]
    """URIs of the playlists of preview sheets (the Image Media Playlist specification, 0.4)."""
    iframes: list[str]
    """URIs of the playlists that have only I-frames."""


class Media(NamedTuple):
    """One rendition's playlist."""

    files: list[str]
    """All files that a player fetches: the initialization segment and the segments."""
    seconds: list[float]
    """Seconds that each of the files plays. 0 for the initialization segment."""
    whole: bool
    """Whether it has a segment, an initialization segment and an end tag. A playlist of images needs only a segment."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(self.seconds)


def multivariant(text: str) -> Multivariant:
    """Read a multivariant playlist. Raises ValueError for a resolution or bandwidth that is not a number."""
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
            variants.append(Variant(line, int(stream.get("BANDWIDTH", "0")), int(width), int(height)))
            stream = None
    return Multivariant(variants, audio, images, iframes)


def media(text: str) -> Media:
    """Read a rendition's playlist. Raises ValueError for a duration that is not a number."""
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
