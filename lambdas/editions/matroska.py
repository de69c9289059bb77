"""Reads captions inside a Matroska film (RFC 9559): SubRip, WebVTT and SubStation Alpha. Pure: the caller reads bytes.

MediaConvert does not read the captions of Matroska. Most programs list the place of each caption in the file's index.
Then only the bytes of the captions are read. If the index does not list them, the whole film is read.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from lambdas.editions.embedded import LARGEST_INDEX, Read, ReadMany, SoundFlags, TextTrack, Timed
from lambdas.editions.sidecars import Role
from lambdas.editions.text import MOST_CUES

MAGIC = b"\x1a\x45\xdf\xa3"
LARGEST_SCAN = 2 * 1024**3
"""Most bytes of a film that is read as a whole. Inside a region, that takes half a minute."""
LARGEST_BLOCK = 65_536
"""Most bytes of one caption."""

SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
INFO, TIMESTAMP_SCALE, TRACKS, TRACK, CUES, CUE, CLUSTER = (
    0x1549A966, 0x2AD7B1, 0x1654AE6B, 0xAE, 0x1C53BB6B, 0xBB, 0x1F43B675,
)  # fmt: skip
NUMBER, KIND, CODEC, LANGUAGE, LANGUAGE_BCP47, FORCED, HEARING_IMPAIRED = (
    0xD7, 0x83, 0x86, 0x22B59C, 0x22B59D, 0x55AA, 0x55AB,
)  # fmt: skip
ENCODINGS, ENCODING, COMPRESSION, ALGORITHM, SETTINGS = 0x6D80, 0x6240, 0x5034, 0x4254, 0x4255
CUE_POSITIONS, CUE_TRACK, CUE_CLUSTER, CUE_RELATIVE = 0xB7, 0xF7, 0xF1, 0xF0
TIMESTAMP, SIMPLE_BLOCK, GROUP, BLOCK, DURATION = 0xE7, 0xA3, 0xA0, 0xA1, 0x9B
DEFAULT, VISUAL_IMPAIRED, CODEC_PRIVATE = 0x88, 0x55AC, 0x63A2
OPUS_SPATIAL = (2, 3)
"""Opus's mapping families of ambisonics (RFC 8486)."""
PICTURE, SOUND, SUBTITLES = 1, 2, 17
TEXT_CODECS = {"S_TEXT/UTF8", "S_TEXT/ASS", "S_TEXT/SSA", "S_TEXT/WEBVTT", "S_ASS", "S_SSA"}


class Element(NamedTuple):
    id: int
    begin: int
    start: int
    """Offset of the content; `begin` is that of the element itself. All are bytes from the beginning of the file."""
    end: int


class Described(NamedTuple):
    """A text track, before its captions are read."""

    number: int
    codec: str
    language: str
    role: Role
    algorithm: int | None
    """How its captions are compressed: 0 for zlib, 3 if their shared beginning is removed, None for not at all."""
    shared: bytes


def text_tracks(read: Read, read_many: ReadMany, size: int) -> list[TextTrack]:
    """The text tracks of a file of `size` bytes. Raises ValueError for a file that contradicts itself."""
    segment = next((element for element in _elements(read, 0, size) if element.id == SEGMENT), None)
    if segment is None:
        return []
    parts = _parts(read, segment, size)
    if TRACKS not in parts:
        return []
    described = [track for track in map(_describe, _within(_content(read, parts[TRACKS]), TRACK)) if track]
    if not described:
        return []
    info = _content(read, parts[INFO]) if INFO in parts else b""
    scale = _number(info, TIMESTAMP_SCALE, 1_000_000) / 1e9
    numbers = {track.number for track in described}
    places = _places(_content(read, parts[CUES]), numbers) if CUES in parts else {}
    blocks = _indexed(read_many, segment, places)
    if missing := numbers - {block.track for block in blocks}:
        blocks += _scanned(read, parts.get(CLUSTER), min(segment.end, size), missing)
    return [_track(track, blocks, scale) for track in described]


def sounds(read: Read, size: int) -> list[SoundFlags]:
    """The flags of every sound track, in the order of the file."""
    return [
        SoundFlags(
            bool(_number(entry, DEFAULT, 1)),
            bool(_number(entry, VISUAL_IMPAIRED, 0)),
            any(head[:8] == b"OpusHead" and head[18] in OPUS_SPATIAL for head in _within(entry, CODEC_PRIVATE)),
        )
        for entry in _entries(read, size, SOUND)
    ]


def pictures(read: Read, size: int) -> list[bool]:
    """Of every video track, in the order of the file: whether players begin with it. Who says nothing, says yes."""
    return [bool(_number(entry, DEFAULT, 1)) for entry in _entries(read, size, PICTURE)]


def stated(read: Read, size: int) -> int:
    """Where the file ends by its own words, in bytes. 0 if it leaves that open, as a live recording does."""
    segment = next((element for element in _elements(read, 0, size) if element.id == SEGMENT), None)
    if segment is None:
        return 0
    length, _ = _length(read(segment.begin, 16), 4)
    return 0 if length is None else segment.start + length


def _entries(read: Read, size: int, kind: int) -> list[bytes]:
    """The descriptions of the tracks of a kind."""
    segment = next((element for element in _elements(read, 0, size) if element.id == SEGMENT), None)
    parts = _parts(read, segment, size) if segment else {}
    entries = _within(_content(read, parts[TRACKS]), TRACK) if TRACKS in parts else []
    return [entry for entry in entries if _number(entry, KIND, 0) == kind]


class Block(NamedTuple):
    track: int
    time: int
    """In the units of the file's timestamp scale."""
    duration: int | None
    data: bytes


def _elements(read: Read, start: int, end: int) -> Iterator[Element]:
    """The elements from `start` to `end`, one after another. Their contents are not read."""
    at = start
    while at < end:
        head = read(at, 16)
        identity, width = _identity(head, 0)
        length, more = _length(head, width)
        if not width or not more:
            return
        begin = at + width + more
        stop = end if length is None else begin + length
        yield Element(identity, at, begin, min(stop, end))
        at = stop


def _identity(data: bytes, at: int) -> tuple[int, int]:
    """(id, width of the id in bytes) of the element at `at`. The width is 0 if no element is there."""
    width = 9 - data[at].bit_length() if at < len(data) and data[at] else 0
    if not 1 <= width <= 4 or at + width > len(data):
        return 0, 0
    return int.from_bytes(data[at : at + width], "big"), width


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    """(length, its width), both in bytes. The length is None if the file leaves it open. Width 0: there is none."""
    width = 9 - data[at].bit_length() if at < len(data) and data[at] else 0
    if not 1 <= width <= 8 or at + width > len(data):
        return None, 0
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width


def _parts(read: Read, segment: Element, size: int) -> dict[int, Element]:
    """The first element of each id, from those before the first cluster and those that a seek head names."""
    parts: dict[int, Element] = {}
    for element in _elements(read, segment.start, min(segment.end, size)):
        parts.setdefault(element.id, element)
        if element.id == CLUSTER:
            break
        if element.id == SEEK_HEAD:
            for seek in _within(_content(read, element), SEEK):
                at = segment.start + _number(seek, SEEK_POSITION, 0)
                found = next(iter(_elements(read, at, size)), None)
                if found is not None and found.id == _number(seek, SEEK_ID, 0):
                    parts.setdefault(found.id, found)
    return parts


def _content(read: Read, element: Element) -> bytes:
    if element.end - element.start > LARGEST_INDEX:
        raise ValueError(f"an index has {element.end - element.start} bytes")
    return read(element.start, element.end - element.start)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        identity, width = _identity(data, at)
        length, more = _length(data, at + width)
        if not width or not more or length is None:
            return
        at += width + more
        yield identity, data[at : at + length]
        at += length


def _within(data: bytes, identity: int) -> list[bytes]:
    return [content for found, content in _fields(data) if found == identity]


def _number(data: bytes, identity: int, default: int) -> int:
    return next((int.from_bytes(content, "big") for content in _within(data, identity)), default)


def _describe(entry: bytes) -> Described | None:
    fields = dict(reversed(list(_fields(entry))))
    codec = fields.get(CODEC, b"").rstrip(b"\0").decode("ascii", "replace")
    if int.from_bytes(fields.get(KIND, b""), "big") != SUBTITLES or codec not in TEXT_CODECS:
        return None
    language = fields.get(LANGUAGE_BCP47) or fields.get(LANGUAGE) or b"eng"  # the format's own default
    role: Role = (
        "forced" if any(fields.get(FORCED, b"")) else "sdh" if any(fields.get(HEARING_IMPAIRED, b"")) else "subtitles"
    )
    packed = [
        part for encoding in _within(fields.get(ENCODINGS, b""), ENCODING) for part in _within(encoding, COMPRESSION)
    ]
    algorithm = _number(packed[0], ALGORITHM, 0) if packed else None
    shared = next(iter(_within(packed[0], SETTINGS)), b"") if packed else b""
    number = int.from_bytes(fields.get(NUMBER, b""), "big")
    return Described(number, codec, language.rstrip(b"\0").decode("ascii", "replace"), role, algorithm, shared)


def _places(cues: bytes, numbers: set[int]) -> dict[tuple[int, int], None]:
    """The places of captions by the index: (cluster, place in it), each once."""
    found: dict[tuple[int, int], None] = {}
    for cue in _within(cues, CUE):
        for position in _within(cue, CUE_POSITIONS):
            if _number(position, CUE_TRACK, 0) in numbers and _within(position, CUE_RELATIVE):
                found[_number(position, CUE_CLUSTER, 0), _number(position, CUE_RELATIVE, 0)] = None
    if len(found) > MOST_CUES:
        raise ValueError(f"the index names {len(found)} captions")
    return found


def _indexed(read_many: ReadMany, segment: Element, places: dict[tuple[int, int], None]) -> list[Block]:
    clusters = sorted({cluster for cluster, _ in places})
    heads = dict(zip(clusters, read_many([(segment.start + at, 64) for at in clusters]), strict=True))
    starts, times = dict[int, int](), dict[int, int]()
    for at, head in heads.items():
        _, width = _identity(head, 0)
        _, more = _length(head, width)
        starts[at] = segment.start + at + width + more
        times[at] = _number(head[width + more :], TIMESTAMP, 0)
    blocks: list[Block] = []
    texts = read_many([(starts[cluster] + relative, LARGEST_BLOCK // 16) for cluster, relative in places])
    for (cluster, _), data in zip(places, texts, strict=True):
        if block := _block(*next(_fields(data), (0, b"")), times[cluster]):
            blocks.append(block)
    return blocks


def _scanned(read: Read, first: Element | None, end: int, numbers: set[int]) -> list[Block]:
    """The captions of these tracks, from the whole film. Raises ValueError if the film is too large for that."""
    if first is None:
        return []
    if end > LARGEST_SCAN:
        raise ValueError("the film has no index of its captions, and is too large to be read as a whole")
    blocks: list[Block] = []
    for cluster in _elements(read, first.begin, end):
        if cluster.id != CLUSTER:
            continue
        time = 0
        for element in _elements(read, cluster.start, cluster.end):
            if element.id == TIMESTAMP:
                time = int.from_bytes(read(element.start, element.end - element.start), "big")
            elif element.id in (GROUP, SIMPLE_BLOCK) and element.end - element.start <= LARGEST_BLOCK:
                block = _block(element.id, read(element.start, element.end - element.start), time)
                if block and block.track in numbers:
                    blocks.append(block)
    return blocks


def _block(identity: int, content: bytes, cluster_time: int) -> Block | None:
    duration: int | None = None
    if identity == GROUP:
        fields = dict(_fields(content))
        content, duration = (
            fields.get(BLOCK, b""),
            int.from_bytes(fields[DURATION], "big") if DURATION in fields else None,
        )
    elif identity != SIMPLE_BLOCK:
        return None
    track, width = _length(content, 0)
    if track is None or not width or len(content) < width + 3:
        return None
    time = cluster_time + int.from_bytes(content[width : width + 2], "big", signed=True)
    return Block(track, time, duration, content[width + 3 :])


def _track(track: Described, blocks: list[Block], scale: float) -> TextTrack:
    own = sorted((block for block in blocks if block.track == track.number), key=lambda block: block.time)
    cues: list[Timed] = []
    for number, block in enumerate(own):
        # A caption without a duration stays until the next one.
        end = block.time + block.duration if block.duration else own[number + 1].time if number + 1 < len(own) else None
        start = block.time * scale
        text = _text(track, block.data)
        if text.strip():
            cues.append(Timed(start, end * scale if end else start + 5, text))
    return TextTrack(track.language, track.role, cues)


def _text(track: Described, data: bytes) -> str:
    if track.algorithm == 0:
        data = zlib.decompressobj().decompress(data, LARGEST_BLOCK)
    elif track.algorithm == 3:
        data = track.shared + data
    text = data.decode("utf-8", "replace").replace("\0", "")
    if "ASS" in track.codec or "SSA" in track.codec:
        # The fields are ReadOrder, Layer, Style, Name, three margins, Effect, Text.
        text = re.sub(r"\\[Nn]", "\n", text.split(",", 8)[-1]).replace(r"\h", " ")
    return text
