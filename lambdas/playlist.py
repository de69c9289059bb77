"""Reads HLS playlists (RFC 8216), as far as checking our own encoder's takes. Pure."""

import re
from typing import NamedTuple

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,"]*)')


class Variant(NamedTuple):
    """A rung of the multivariant playlist."""

    uri: str
    """Of the rung's own playlist, relative to this one."""
    width: int
    height: int
    """Pixels; 0 where the playlist does not say."""


class Multivariant(NamedTuple):
    """The playlist that a player opens first: it names the playlists of all renditions."""

    variants: list[Variant]
    audio: list[str]
    """URIs of the sound tracks' playlists, relative to this one."""


class Media(NamedTuple):
    """One rendition's playlist."""

    files: list[str]
    """Everything that a player fetches: the initialization segment and the segments."""
    seconds: list[float]
    """How long each of the files plays; 0 for the initialization segment."""
    ended: bool
    """Whether the playlist says that nothing follows (EXT-X-ENDLIST)."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(self.seconds)


def multivariant(text: str) -> Multivariant:
    """What a multivariant playlist names. Raises ValueError for a resolution that is no number."""
    variants: list[Variant] = []
    audio: list[str] = []
    stream: dict[str, str] | None = None
    for line in text.splitlines():
        if line.startswith("#EXT-X-STREAM-INF:"):
            stream = _attributes(line)
        elif line.startswith("#EXT-X-MEDIA:"):
            media = _attributes(line)
            if media.get("TYPE") == "AUDIO" and "URI" in media:
                audio.append(media["URI"])
        elif stream is not None and line and not line.startswith("#"):
            width, _, height = stream.get("RESOLUTION", "0x0").partition("x")
            variants.append(Variant(line, int(width), int(height)))
            stream = None
    return Multivariant(variants, audio)


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
    return Media(files, seconds, "#EXT-X-ENDLIST" in text.splitlines())


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}
