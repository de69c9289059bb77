"""Finds out whether a film's file is whole, by what its container says of its own end. Pure: the caller reads bytes."""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from lambdas.editions import matroska, mp4, transport
from lambdas.editions.boxes import Box, children, find, read_index, rows, top
from lambdas.editions.embedded import Read

HERE = 1
"""Flag of a data reference: the track's data lies in this file."""
PARTITION = bytes.fromhex("060e2b34020501010d0102010102")
"""How an MXF file begins (SMPTE ST 377-1): the key of its header partition, without its status."""

TAIL = 16 * 1024 * 1024
"""Bytes at the end of a fragmented film, in which its last fragment begins. Fragments are of some seconds."""
PROGRAM_STREAM = b"\0\0\1\xba"
LAST_PACKET = re.compile(rb".*\x00\x00\x01[\xbd-\xef](..)", re.DOTALL)
"""The last packet of a program stream, and its length (ISO 13818-1, 2.5.3)."""
LARGEST_PACKET = 65_535 + 6


def stated(read: Read, size: int) -> int:
    """Bytes that the file has at least, by its own words. 0 if it says nothing."""
    head = read(0, 64)
    if head[:4] == matroska.MAGIC:
        return matroska.stated(read, size)
    if head[:4] == b"RIFF":
        # 0 and the largest number stand for a size that was not known. Of files above a gigabyte it is that of a part.
        # Some programs count a little too much.
        length = int.from_bytes(head[4:8], "little") + 8
        return length if 8 < length < 1 << 32 and size < 0.98 * length else 0
    if head.startswith(PARTITION):
        at = 16 + (1 + (head[16] & 0x7F) if head[16] & 0x80 else 1)
        return int.from_bytes(head[at + 24 : at + 32], "big")  # where the footer begins
    return _stated_mp4(read, size)


def _stated_mp4(read: Read, size: int) -> int:
    index = read_index(read, size)
    ends = [_last(index, table) for trak, table in _tables(index) if not _is_elsewhere(index, trak)]
    ends += [_listed(read, box) for box in islice(top(read, size), mp4.FIRST_BOXES) if box.kind == b"sidx"]
    return max(ends, default=0)


def _listed(read: Read, box: Box) -> int:
    """Where the fragments end that a segment index lists (ISO 14496-12, 8.16.3)."""
    data = read(box.start, box.end - box.start)
    at = 12 + (16 if data[0] else 8)
    skipped = int.from_bytes(data[at - (8 if data[0] else 4) : at], "big")
    [count] = struct.unpack_from(">H", data, at + 2)
    entries = struct.iter_unpack(">III", data[at + 4 : at + 4 + 12 * count])
    return box.end + skipped + sum(size & 0x7FFFFFFF for size, _, _ in entries)


def seconds(read: Read, size: int) -> float:
    """Length of all fragments of an MP4, which some say at the beginning. 0 if it says nothing."""
    index = read_index(read, size)
    film = Box(b"moov", 0, len(index))
    header, whole = find(index, film, "mvhd"), find(index, film, "mvex/mehd")
    if header is None or whole is None:
        return 0.0
    [scale] = struct.unpack_from(">I", index, header.start + (20 if index[header.start] else 12))
    return int.from_bytes(index[whole.start + 4 : whole.end], "big") / scale if scale else 0.0


def torn(read: Read, size: int) -> bool:
    """Whether the file ends in the middle of a packet or a fragment. It does not say how much should follow."""
    if step := transport.step(read(0, 8192)):
        start, length = step
        # Beside a packet lies a clock before it, or a check after it, or nothing.
        return (size - start) % length not in (0, transport.PACKET)
    if read(0, 4) == PROGRAM_STREAM:
        at = max(0, size - LARGEST_PACKET)
        last = LAST_PACKET.match(read(at, LARGEST_PACKET))
        return last is not None and at + last.end() + int.from_bytes(last[1], "big") > size
    index = read_index(read, size)
    if not find(index, Box(b"moov", 0, len(index)), "mvex"):
        return False
    tail = max(0, size - TAIL)
    data = read(tail, TAIL)
    last = data.rfind(b"mfhd")
    if last < 12 or data[last - 8 : last - 4] != b"moof":
        return False
    return tail + _end(data, last - 12) > size


def _end(data: bytes, at: int) -> int:
    """Where the boxes end that begin at `at`. Of the last one, more may be stated than is there."""
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        length = int.from_bytes(data[at + 8 : at + 16], "big") if length == 1 else length or len(data) - at
        at += max(length, 8)
    return at if at >= len(data) else len(data) + 1


def _tables(index: bytes) -> Iterator[tuple[Box, Box]]:
    """Every track, and its table of samples."""
    for trak in children(index, 0, len(index)):
        if trak.kind == b"trak" and (table := find(index, trak, "mdia/minf/stbl")):
            yield trak, table


def _last(index: bytes, table: Box) -> int:
    """Where the last chunk of a track ends."""
    chunks = [at for (at,) in rows(index, table, b"stco", 1)]
    chunks = chunks or [(high << 32) + low for high, low in rows(index, table, b"co64", 2)]
    if not chunks:
        return 0
    last = max(range(len(chunks)), key=chunks.__getitem__)
    sizes, before = find(index, table, "stsz"), 0
    # If all samples have one size, it may be in another unit than bytes: QuickTime's old sound formats have 1.
    if sizes is None or struct.unpack_from(">I", index, sizes.start + 4)[0]:
        return chunks[last] + 1
    runs = rows(index, table, b"stsc", 3)
    for (first, held, _), (following, _, _) in zip(runs, [*runs[1:], (len(chunks) + 1, 0, 0)], strict=True):
        if last + 1 < following:
            at = sizes.start + 12 + 4 * (before + (last + 1 - first) * held)
            return chunks[last] + sum(row[0] for row in struct.iter_unpack(">I", index[at : at + 4 * held]))
        before += (following - first) * held
    return chunks[last] + 1


def elsewhere(read: Read, size: int) -> bool:
    """Whether the picture or the sound of an MP4 lies in other files, which its data references name."""
    index = read_index(read, size)
    return any(_is_elsewhere(index, trak) for kind in (b"vide", b"soun") for trak, _ in mp4.of_kind(index, kind))


def _is_elsewhere(index: bytes, trak: Box) -> bool:
    listed, described = find(index, trak, "mdia/minf/dinf/dref"), find(index, trak, "mdia/minf/stbl/stsd")
    if listed is None or described is None:
        return False
    files = list(children(index, listed.start + 8, listed.end))
    for entry in children(index, described.start + 8, described.end):
        number = int.from_bytes(index[entry.start + 6 : entry.start + 8], "big")  # from 1 on
        file = files[number - 1]
        # Some cameras forget the flag, and name no file either.
        if not index[file.start + 3] & HERE and index[file.start + 4 : file.end].strip(b"\0"):
            return True
    return False


def shows(read: Read, size: int) -> tuple[bool, bool]:
    """(Whether the index of an MP4 lists a picture, whether its edit lists show one). Fragments list their own."""
    index = read_index(read, size)
    traks = [trak for trak, _ in mp4.of_kind(index, b"vide")]
    if not traks or any(box.kind == b"moof" for box in islice(top(read, size), mp4.FIRST_BOXES)):
        return True, True
    times = [rows(index, trak, b"mdia/minf/stbl/stts", 2) for trak in traks]
    ends = [sum(count * ticks for count, ticks in lasting) for lasting in times]
    listed = any(count for lasting in times for count, _ in lasting)
    return listed, any(_is_shown(mp4.edits(index, trak), end) for trak, end in zip(traks, ends, strict=True))


def _is_shown(edits: list[tuple[int, int]], end: int) -> bool:
    return not edits or any(lasts and 0 <= begins < end for lasts, begins in edits)
