"""Reads an upload's captions, what it says of its sound, and what forbids to encode it.

It reads ranges of bytes: of many gigabytes, some kilobytes.
"""

import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lambdas import clients, upload
from lambdas.editions import matroska, mp4, transport
from lambdas.editions.embedded import SoundFlags, TextTrack
from lambdas.editions.text import plain, webvtt
from lambdas.languages import UNKNOWN, language
from lambdas.refusals import LOG, SourceRefused
from lambdas.shapes import Title

WINDOW = 1024 * 1024
"""Bytes that one request of a reading in order fetches."""
UNREADABLE = (ValueError, IndexError, KeyError, struct.error, zlib.error)
"""What the readers raise for an index that contradicts itself."""
AT_ONCE = 16
"""Requests under way."""


class Film:
    """An upload, as the readers of its containers want it."""

    def __init__(self, title: Title) -> None:
        self._object = upload.address(title)
        self.size = title["size"]
        self._at, self._held = 0, b""

    def read(self, offset: int, length: int) -> bytes:
        """Fewer bytes at the end. Short reads that follow one another share a request."""
        inside = offset - self._at
        if inside < 0 or inside + length > len(self._held):
            self._at, self._held, inside = offset, self._fetch(offset, max(length, WINDOW)), 0
        return self._held[inside : inside + length]

    def read_many(self, places: Sequence[tuple[int, int]]) -> list[bytes]:
        """Of many (offset, length)."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._fetch, *zip(*places, strict=True))) if places else []

    def _fetch(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size) - 1
        if length <= 0 or end < offset:
            return b""
        return clients.client("s3").get_object(**self._object, Range=f"bytes={offset}-{end}")["Body"].read()


def texts(title: Title) -> tuple[dict[str, str], list[str]]:
    """The captions inside of a film: WebVTT by `<language>.<role>`, and sentences about those that cannot be had.

    They are an extra: what is wrong with them keeps no film from being published.
    """
    film = Film(title)
    try:
        if film.read(0, 4) == matroska.MAGIC:
            tracks = matroska.text_tracks(film.read, film.read_many, film.size)
        else:
            tracks = mp4.text_tracks(film.read, film.read_many, film.size)
    except UNREADABLE as error:
        LOG.warning("embedded captions", extra={"title": title["id"], "error": repr(error)})
        return {}, [
            "The captions inside of the file could not be read. Lay them beside it instead, for example as"
            f" {title['stem'].rpartition('/')[2]}.en.srt."
        ]
    return _named(tracks)


def sounds(title: Title) -> list[SoundFlags]:
    """What a film says of its sound tracks, in its order; empty for a container that says nothing, or is damaged."""
    film = Film(title)
    try:
        return (matroska if film.read(0, 4) == matroska.MAGIC else mp4).sounds(film.read, film.size)
    except UNREADABLE as error:
        LOG.warning("flags of sound tracks", extra={"title": title["id"], "error": repr(error)})
        return []


def check(title: Title, container: str) -> None:
    """Raise SourceRefused for what Probe does not tell: encryption, and several programs in one stream."""
    film = Film(title)
    if container in ("mp4", "quicktime", "three_gp", "three_g2") and _locked(film):
        raise SourceRefused(
            "The film is encrypted (DRM), and nobody here has its key. Upload it as it was before it was encrypted."
        )
    if container == "mpegts" and len(programs := transport.programs(film.read(0, 2 * WINDOW))) > 1:
        numbers = " and ".join([", ".join(map(str, programs[:-1])), str(programs[-1])])
        raise SourceRefused(
            f"The file holds {len(programs)} programs, numbers {numbers}, and a title is one. Upload one of them:"
            f" ffmpeg -i FILE -map 0:p:{programs[0]} -c copy ONE.ts takes number {programs[0]} out."
        )


def _locked(film: Film) -> bool:
    try:
        return mp4.locked(film.read, film.size)
    except UNREADABLE:
        return False  # the encoder will say what is wrong


def _named(tracks: list[TextTrack]) -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    problems: list[str] = []
    for number, track in enumerate(tracks, 1):
        spoken = language(track.language) or language(UNKNOWN)
        assert spoken is not None  # noqa: S101 - the table has UNKNOWN
        name = f"{spoken.tag}.{track.role}"
        cues = [plain(cue.start, cue.end, cue.text) for cue in track.cues if cue.end > max(cue.start, 0)]
        cues = [cue._replace(start=max(cue.start, 0)) for cue in cues if cue.text]
        if name in found:
            problems.append(
                f"Caption track {number} of the file is left out: another has its language and role ({name})."
            )
        elif cues:
            found[name] = webvtt(cues)
    return found, problems
