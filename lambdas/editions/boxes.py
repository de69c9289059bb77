"""Walks the boxes of an MP4 or QuickTime file (ISO 14496-12). Pure: the caller reads bytes."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lambdas.editions.embedded import LARGEST_INDEX, Read


class Box(NamedTuple):
    kind: bytes
    start: int
    """Offset of the content, from the beginning of the data."""
    end: int


def read_index(read: Read, size: int) -> bytes:
    """The content of the first `moov` box, which is at the beginning of the file or at its end."""
    found = next((box for box in top(read, size) if box.kind == b"moov"), None)
    if found is None or found.end - found.start > LARGEST_INDEX:
        return b""
    return read(found.start, found.end - found.start)


def top(read: Read, size: int) -> Iterator[Box]:
    """The file's own boxes."""
    at = 0
    while at + 8 <= size:
        head = read(at, 16)
        length, kind = struct.unpack(">I4s", head[:8])
        skip = 8
        if length == 1 and len(head) == 16:
            length, skip = struct.unpack(">Q", head[8:])[0], 16
        length = length or size - at
        if length < skip:
            return
        yield Box(kind, at + skip, at + length)
        at += length


def children(data: bytes, start: int, end: int) -> Iterator[Box]:
    at = start
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, at)
        skip = 8
        if length == 1:
            length, skip = struct.unpack_from(">Q", data, at + 8)[0], 16
        if length < skip or at + length > end:
            return
        yield Box(kind, at + skip, at + length)
        at += length


def find(data: bytes, box: Box, path: str) -> Box | None:
    """The first box at a path such as `mdia/minf/stbl`."""
    for name in path.split("/"):
        found = next((child for child in children(data, box.start, box.end) if child.kind == name.encode()), None)
        if found is None:
            return None
        box = found
    return box


def rows(data: bytes, table: Box, kind: bytes, width: int) -> list[tuple[int, ...]]:
    """The rows of a table box. Each row is `width` unsigned 32-bit numbers."""
    box = find(data, table, kind.decode())
    if box is None:
        return []
    count = struct.unpack_from(">I", data, box.start + 4)[0]
    end = box.start + 8 + 4 * width * count
    return list(struct.iter_unpack(f">{width}I", data[box.start + 8 : end])) if end <= box.end else []
