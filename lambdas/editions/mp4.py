"""Reads captions inside an MP4 or QuickTime film (ISO 14496-12 and 3GPP timed text, TS 26.245).

It is pure: the caller reads bytes. MediaConvert's Probe does not name the format of text tracks, and its list of inputs
has no timed text for MP4. So this module reads the film's index, and the bytes of the captions, but not the rest.
"""

import struct
from collections.abc import Iterator
from itertools import accumulate, islice

from lambdas.editions.boxes import Box, children, find, read_index, rows, top
from lambdas.editions.embedded import Read, ReadMany, SoundFlags, TextTrack, Timed
from lambdas.editions.text import MOST_CUES
from lambdas.languages import UNKNOWN

FIRST_BOXES = 32
"""Of a fragmented film, which has thousands. A reading of each would fetch the whole film."""
ENABLED = 1
"""Flag of a track header."""
DESCRIPTIONS = (b"urn:mpeg:dash:role:2011\0description\0", b"public.accessibility.describes-video")
"""The names of audio description in a `kind` box and in Apple's `tagc` box."""
SPATIAL = b"SA3D"
"""The box of a sound's description that says it is ambisonics (Google's Spatial Audio RFC, which YouTube and cameras
use)."""
FIELDS = b"fiel\2"
TEXT_HANDLERS, TEXT_FORMATS = (b"sbtl", b"text", b"subt"), (b"tx3g", b"text")
ALL_FORCED = 0x80000000
APPLE_LANGUAGES = "en fr de it nl sv es da pt no he ja ar fi el is mt tr hr zh ur hi th ko".split()  # noqa: SIM905
"""QuickTime's Macintosh language codes from 0 on, in order."""


def text_tracks(read: Read, read_many: ReadMany, size: int) -> list[TextTrack]:
    """The text tracks of a file of `size` bytes. Empty if the file has no index.

    Raises ValueError or struct.error if the index contradicts itself.
    """
    index = read_index(read, size)
    tracks = [_track(index, trak, read_many) for trak in children(index, 0, len(index)) if trak.kind == b"trak"]
    return [track for track in tracks if track is not None]


def sounds(read: Read, size: int) -> list[SoundFlags]:
    """The flags of every sound track, in the order of the file."""
    index = read_index(read, size)
    found: list[SoundFlags] = []
    for trak, default in of_kind(index, b"soun"):
        said, entry = find(index, trak, "udta"), find(index, trak, "mdia/minf/stbl/stsd")
        tags = index[said.start : said.end] if said else b""
        described = any(description in tags for description in DESCRIPTIONS)
        spatial = entry is not None and SPATIAL in index[entry.start : entry.end]
        found.append(SoundFlags(default, described, spatial))
    return found


def pictures(read: Read, size: int) -> list[bool]:
    """Of every video track, in the order of the file: whether players show it. They hide disabled ones."""
    return [default for _, default in of_kind(read_index(read, size), b"vide")]


def interlaced(read: Read, size: int) -> bool:
    """Whether a picture track says that its pictures are two fields (QuickTime's box `fiel`)."""
    index = read_index(read, size)
    described = [find(index, trak, "mdia/minf/stbl/stsd") for trak, _ in of_kind(index, b"vide")]
    return any(FIELDS in index[box.start : box.end] for box in described if box)


def of_kind(index: bytes, kind: bytes) -> Iterator[tuple[Box, bool]]:
    """The tracks with this handler, and whether each is enabled."""
    for trak in (child for child in children(index, 0, len(index)) if child.kind == b"trak"):
        handler, header = find(index, trak, "mdia/hdlr"), find(index, trak, "tkhd")
        if handler and header and index[handler.start + 8 : handler.start + 12] == kind:
            yield trak, bool(index[header.start + 3] & ENABLED)


LOCKED = (b"encv", b"enca", b"drmi", b"drms")
"""Sample formats of encrypted tracks: those of Common Encryption (ISO 23001-7), and Apple's."""


def locked(read: Read, size: int) -> bool:
    """Whether a track is encrypted."""
    index = read_index(read, size)
    traks = [child for child in children(index, 0, len(index)) if child.kind == b"trak"]
    found = [find(index, trak, "mdia/minf/stbl/stsd") for trak in traks]
    return any(index[box.start + 12 : box.start + 16] in LOCKED for box in found if box)


def films(read: Read, size: int) -> int:
    """How many whole files lie one after the other: each has a `ftyp` and a `moov`. Looks at the first boxes alone."""
    kinds = [box.kind for box in islice(top(read, size), FIRST_BOXES)]
    return min(kinds.count(b"ftyp"), kinds.count(b"moov"))


def _track(data: bytes, trak: Box, read_many: ReadMany) -> TextTrack | None:
    handler, table = find(data, trak, "mdia/hdlr"), find(data, trak, "mdia/minf/stbl")
    header, described = find(data, trak, "mdia/mdhd"), find(data, trak, "mdia/minf/stbl/stsd")
    if handler is None or table is None or header is None or described is None:
        return None
    if data[handler.start + 8 : handler.start + 12] not in TEXT_HANDLERS:
        return None
    if data[described.start + 12 : described.start + 16] not in TEXT_FORMATS:
        return None
    wide = data[header.start] == 1
    scale, language = (
        struct.unpack_from(">I", data, header.start + (20 if wide else 12))[0],
        _language(data, header, wide),
    )
    forced = struct.unpack_from(">I", data, described.start + 24)[0] == ALL_FORCED
    shift = _shift(data, trak, scale)
    samples = [sample for sample in _samples(data, table) if sample[3] > 2]
    if len(samples) > MOST_CUES:
        raise ValueError(f"a text track has {len(samples)} samples")
    texts = read_many([(offset, size) for _, _, offset, size in samples])
    cues = [
        Timed(start / scale + shift, (start + length) / scale + shift, text)
        for (start, length, _, _), text in zip(samples, map(_text, texts), strict=True)
        if text.strip()
    ]
    return TextTrack(language, "forced" if forced else "subtitles", cues)


def _language(data: bytes, header: Box, wide: bool) -> str:
    """The language: three letters of ISO 639-2, of five bits each. Older QuickTime files have a number of Apple's."""
    packed = struct.unpack_from(">H", data, header.start + (32 if wide else 20))[0]
    if packed < 0x400:
        return APPLE_LANGUAGES[packed] if packed < len(APPLE_LANGUAGES) else UNKNOWN
    return "".join(chr(0x60 + (packed >> shift & 31)) for shift in (10, 5, 0))


def _shift(data: bytes, trak: Box, scale: int) -> float:
    """Seconds by which the edit list moves the track. An empty edit delays it. A media time cuts its beginning off."""
    movie = next((b for b in children(data, 0, len(data)) if b.kind == b"mvhd"), None)
    if movie is None:
        return 0.0
    movie_scale = struct.unpack_from(">I", data, movie.start + (20 if data[movie.start] == 1 else 12))[0]
    shift = 0.0
    for duration, media_time in edits(data, trak):
        if media_time >= 0:
            return shift - media_time / scale
        shift += duration / movie_scale
    return shift


def edits(data: bytes, trak: Box) -> list[tuple[int, int]]:
    """(duration, time of the media that it shows or -1 for nothing) of each edit of a track."""
    box = find(data, trak, "edts/elst")
    if box is None:
        return []
    entry, length = (">qq", 20) if data[box.start] == 1 else (">ii", 12)
    count = struct.unpack_from(">I", data, box.start + 4)[0]
    return [struct.unpack_from(entry, data, box.start + 8 + number * length) for number in range(count)]


def _samples(data: bytes, table: Box) -> list[tuple[int, int, int, int]]:
    """(start, duration, offset, size) of each sample. Times are in units of the track's time scale."""
    durations = [length for count, length in rows(data, table, b"stts", 2) for _ in range(min(count, MOST_CUES + 1))]
    sizes = _sizes(data, table)
    chunks = [row[0] for row in rows(data, table, b"stco", 1)] or [
        (high << 32) + low for high, low in rows(data, table, b"co64", 2)
    ]
    runs = rows(data, table, b"stsc", 3)
    samples: list[tuple[int, int, int, int]] = []
    starts = [0, *accumulate(durations)]
    for number, (first, held, _) in enumerate(runs):
        last = runs[number + 1][0] - 1 if number + 1 < len(runs) else len(chunks)
        for chunk in chunks[first - 1 : last]:
            offset = chunk
            for _ in range(held):
                at = len(samples)
                if at >= min(len(sizes), len(durations)):
                    return samples
                samples.append((starts[at], durations[at], offset, sizes[at]))
                offset += sizes[at]
    return samples


def _sizes(data: bytes, table: Box) -> list[int]:
    box = find(data, table, "stsz")
    if box is None:
        return []
    one, count = struct.unpack_from(">II", data, box.start + 4)
    if one:
        return [one] * min(count, MOST_CUES + 1)
    return [row[0] for row in struct.iter_unpack(">I", data[box.start + 12 : min(box.start + 12 + 4 * count, box.end)])]


def _text(sample: bytes) -> str:
    length = int.from_bytes(sample[:2], "big")
    text = sample[2 : 2 + length]
    return text.decode("utf-16" if text[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-8", "replace")
