"""Reads the boxes of fragmented MP4 (ISO/IEC 14496-12): the times that a segment itself states, without manifests."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

CONTAINERS = {b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf", b"edts"}
NOT_A_KEYFRAME = 0x00010000


class Init(NamedTuple):
    """Values of an initialisation segment, which are valid for all segments after it."""

    timescale: int
    default_duration: int
    default_flags: int
    edits: list[tuple[int, int]]
    """(duration, media time) of each entry of the edit list."""


class Segment(NamedTuple):
    """Times are in ticks of the initialisation segment's timescale."""

    start: int
    """Decoding time of the first sample."""
    end: int
    first_shown: int
    last_shown: int
    """The end of the sample that is shown last."""
    starts_with_key: bool
    fragments: int
    samples: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """(type, payload) of every box, depth first."""
    at, end = start, len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if not 8 <= size <= end - at:
            raise ValueError(f"box {kind!r} at {at} states {size} bytes of {end - at}")
        yield kind, data[at + 8 : at + size]
        if kind in CONTAINERS:
            yield from boxes(data, at + 8, at + size)
        at += size


def read_init(data: bytes) -> Init:
    found = dict(boxes(data))
    timescale = struct.unpack(">I", found[b"mdhd"][12:16] if found[b"mdhd"][0] == 0 else found[b"mdhd"][20:24])[0]
    duration, _, flags = struct.unpack(">III", found[b"trex"][12:24])
    edits: list[tuple[int, int]] = []
    if b"elst" in found:
        body = found[b"elst"]
        shape, size = (">Qq", 20) if body[0] else (">Ii", 12)
        count = struct.unpack(">I", body[4:8])[0]
        edits = [struct.unpack_from(shape, body, 8 + size * at) for at in range(count)]
    return Init(timescale, duration, flags, edits)


def read_segment(data: bytes, init: Init) -> Segment:
    fragments = list(_fragments(data, init))
    samples = [sample for fragment in fragments for sample in fragment]
    for earlier, later in pairwise(samples):
        if earlier[0] + earlier[1] != later[0]:
            raise ValueError(f"a gap inside the segment: {earlier} is followed by {later}")
    shown = [(start + offset, start + offset + duration) for start, duration, offset, _ in samples]
    return Segment(
        start=samples[0][0],
        end=samples[-1][0] + samples[-1][1],
        first_shown=min(first for first, _ in shown),
        last_shown=max(last for _, last in shown),
        starts_with_key=not samples[0][3] & NOT_A_KEYFRAME,
        fragments=len(fragments),
        samples=len(samples),
    )


def _fragments(data: bytes, init: Init) -> Iterator[list[tuple[int, int, int, int]]]:
    """(decoding time, duration, composition offset, flags) of each sample of each fragment."""
    duration, flags, time = init.default_duration, init.default_flags, 0
    for kind, body in boxes(data):
        options = int.from_bytes(body[1:4], "big") if len(body) >= 4 else 0
        if kind == b"tfhd":
            fields = iter(struct.unpack(f">{(len(body) - 8) // 4}I", body[8:]))
            given = {bit: next(fields) for bit in (0x2, 0x8, 0x10, 0x20) if options & bit}
            duration, flags = given.get(0x8, init.default_duration), given.get(0x20, init.default_flags)
        elif kind == b"tfdt":
            time = int.from_bytes(body[4:], "big")
        elif kind == b"trun":
            yield list(_run(body, options, time, duration, flags))


def _run(body: bytes, options: int, time: int, duration: int, flags: int) -> Iterator[tuple[int, int, int, int]]:
    count, at = struct.unpack(">I", body[4:8])[0], 8
    at += 4 if options & 0x1 else 0
    first_flags = struct.unpack(">I", body[at : at + 4])[0] if options & 0x4 else None
    at += 4 if options & 0x4 else 0
    for number in range(count):
        values = {0x100: duration, 0x200: 0, 0x400: flags, 0x800: 0}
        for bit in values:
            if options & bit:
                signed = bit == 0x800 and body[0] == 1
                values[bit] = int.from_bytes(body[at : at + 4], "big", signed=signed)
                at += 4
        own_flags = first_flags if number == 0 and first_flags is not None else values[0x400]
        yield time, values[0x100], values[0x800], own_flags
        time += values[0x100]
