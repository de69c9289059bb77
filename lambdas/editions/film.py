"""Reads from an upload its captions, the flags of its sound tracks, and reasons not to encode it.

It reads only ranges of bytes: some kilobytes of a file of many gigabytes.
"""

import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lambdas import clients, upload
from lambdas.editions import line21, matroska, mp4, transport, whole
from lambdas.editions.embedded import SoundFlags, TextTrack
from lambdas.editions.text import plain, webvtt
from lambdas.languages import UNKNOWN, language
from lambdas.refusals import LOG, SourceRefused, SourceTruncated, SourceUnreadable
from lambdas.shapes import Source, Title

WINDOW = 1024 * 1024
"""Bytes that one request fetches if the reader reads in order."""
UNREADABLE = (ValueError, IndexError, KeyError, struct.error, zlib.error)
"""Exceptions of the readers for a file whose index contradicts itself."""
MP4 = ("mp4", "quicktime", "three_gp", "three_g2")
"""Probe's names of what is written in boxes."""
AT_ONCE = 16
"""Most requests at the same time."""


class Film:
    """An upload from which the readers of containers ask bytes."""

    def __init__(self, title: Title) -> None:
        self._object = upload.address(title)
        self.size = title["size"]
        self._at, self._held = 0, b""

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on, or fewer at the end of the file. Short reads in order share a request."""
        inside = offset - self._at
        if inside < 0 or inside + length > len(self._held):
            self._at, self._held, inside = offset, self._fetch(offset, max(length, WINDOW)), 0
        return self._held[inside : inside + length]

    def read_many(self, places: Sequence[tuple[int, int]]) -> list[bytes]:
        """The bytes of many places, each an (offset, length)."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._fetch, *zip(*places, strict=True))) if places else []

    def _fetch(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size) - 1
        if length <= 0 or end < offset:
            return b""
        return clients.client("s3").get_object(**self._object, Range=f"bytes={offset}-{end}")["Body"].read()


def texts(title: Title) -> tuple[dict[str, str], list[str]]:
    """The captions inside a film. Returns WebVTT by `<language>.<role>`, and a sentence about each that is left out.

    Captions are an extra. A mistake in them never stops a film from being published.
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
            "The captions inside the file could not be read. Upload them as a file beside the film, for example as"
            f" {title['stem'].rpartition('/')[2]}.en.srt."
        ]
    return _named(tracks)


def sounds(title: Title) -> list[SoundFlags]:
    """The flags of a film's sound tracks, in its order. Empty if the container has none, or is damaged."""
    film = Film(title)
    try:
        return (matroska if film.read(0, 4) == matroska.MAGIC else mp4).sounds(film.read, film.size)
    except UNREADABLE as error:
        LOG.warning("flags of sound tracks", extra={"title": title["id"], "error": repr(error)})
        return []


def pictures(title: Title) -> list[bool]:
    """Which of a film's video tracks players show, in its order; empty for a container that says nothing."""
    film = Film(title)
    try:
        return (matroska if film.read(0, 4) == matroska.MAGIC else mp4).pictures(film.read, film.size)
    except UNREADABLE as error:
        LOG.warning("flags of video tracks", extra={"title": title["id"], "error": repr(error)})
        return []


def interlaced(title: Title) -> bool:
    """Whether a QuickTime or MXF film says that its pictures are two fields."""
    film = Film(title)
    head = film.read(0, WINDOW)
    if head.startswith(whole.PARTITION):
        return any(layout in head for layout in FIELD_LAYOUTS)
    try:
        return mp4.interlaced(film.read, film.size)
    except UNREADABLE as error:
        LOG.warning("fields", extra={"title": title["id"], "error": repr(error)})
        return False


def channels(title: Title) -> list[int]:
    """The channels of captions inside the film's pictures: 1 to 4, as in CC1 to CC4."""
    film = Film(title)
    return line21.channels(film.read_many, film.size)


FIELD_LAYOUTS = (bytes.fromhex("320c000101"), bytes.fromhex("320c000103"))
"""MXF's Frame Layout (SMPTE ST 377-1, annex G.2), of one byte: the fields lie apart, or line by line."""


def remarks(title: Title) -> list[str]:
    """Sentences about a film that was published although its file may lack something."""
    film = Film(title)
    try:
        torn = whole.torn(film.read, film.size)
    except UNREADABLE as error:
        LOG.warning("end of the file", extra={"title": title["id"], "error": repr(error)})
        return []
    return [TORN] if torn else []


TORN = (
    "The file ends in the middle of a packet, and does not say how long it was. Perhaps it was cut short. If its end is"
    " missing, upload it again, whole."
)


STILLS = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif")
"""How photos begin that phones store in the boxes of MP4 (ISO 23008-12), after four bytes."""


def check_kind(title: Title) -> None:
    """Raise SourceUnreadable for a photo. Some readers take it for a film of one picture, others for a damaged one."""
    if Film(title).read(4, 8) in STILLS:
        raise SourceUnreadable("The file is a photo (HEIC or AVIF), and no video. Upload a film.")


def check(title: Title, found: Source) -> None:
    """Raise a Refusal for what Probe does not report: a file that was cut or holds no picture, encryption, and several
    films or programs in one file."""
    check_kind(title)
    film = Film(title)
    try:
        _check_whole(film)
        if found["container"] in MP4:
            _check_mp4(film, found["duration"])
    except UNREADABLE as error:
        LOG.warning("index", extra={"title": title["id"], "error": repr(error)})  # the encoder will say what is wrong
    if found["container"] == "mpegts" and len(programs := transport.programs(film.read(0, 2 * WINDOW))) > 1:
        numbers = " and ".join([", ".join(map(str, programs[:-1])), str(programs[-1])])
        raise SourceRefused(
            f"The file holds {len(programs)} programs (numbers {numbers}), but a title is one program. Upload one of"
            f" them. This command writes program {programs[0]} to ONE.ts:"
            f" ffmpeg -i FILE -map 0:p:{programs[0]} -c copy ONE.ts"
        )


def _check_whole(film: Film) -> None:
    """The encoder takes what is there for all, unless much is missing."""
    if (stated := whole.stated(film.read, film.size)) > film.size:
        raise SourceTruncated(
            f"The file says that it has {stated:,} bytes or more, but it has {film.size:,}. It was cut short. Upload it"
            " again, whole."
        )


def _check_mp4(film: Film, duration: float | None) -> None:
    if mp4.locked(film.read, film.size):
        raise SourceRefused(
            "The film is encrypted (DRM), and this platform has no key for it. Upload the film without encryption."
        )
    if whole.elsewhere(film.read, film.size):
        raise SourceRefused(
            "The picture or the sound lies in another file, to which this one only points. Export the film as a file"
            " that holds everything (QuickTime calls it self-contained)."
        )
    listed, shown = whole.shows(film.read, film.size)
    if not listed:
        raise SourceUnreadable(
            "The file describes a film, but holds no picture of it. Perhaps the recording was not finished, or this is"
            " only the first part of a stream. Upload the whole film."
        )
    if not shown:
        raise SourceRefused(
            "The file's edit list shows no moment of its picture: each edit begins after the end, lasts no time, or is"
            " empty. Export the film again."
        )
    if duration and (stated := whole.seconds(film.read, film.size)) > duration + max(1, 0.02 * duration):
        raise SourceTruncated(
            f"The file says that it lasts {stated:.1f} s, but it holds {duration:.1f} s. It was cut short. Upload it"
            " again, whole."
        )
    if (count := mp4.films(film.read, film.size)) > 1:
        raise SourceRefused(
            f"The file is {count} MP4 files, one after the other, and players show the first alone. Upload each by"
            " itself, or join them in an editor."
        )


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
                f"Caption track {number} of the file is left out: another has the same language and role ({name})."
            )
        elif cues:
            found[name] = webvtt(cues)
    return found, problems
