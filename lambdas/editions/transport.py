"""Finds the packets and the programs of an MPEG transport stream (ISO 13818-1, 2.4.4). Pure."""

from collections.abc import Iterator

PACKET, SYNC = 188, 0x47
SIZES = (188, 192, 204)
"""Bytes from one packet to the next: as broadcast, with a camera's 4-byte clock before each packet, and with a
receiver's 16-byte check after each."""
PROGRAM_LIST, PROGRAM_MAP = 0, 2
"""Table ids of the program association table and of a program map table."""
PICTURES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x20, 0x24, 0x33, 0x42, 0xD1, 0xEA})
"""Stream types of video."""


def programs(data: bytes) -> list[int]:
    """Numbers of the programs whose video is in `data`, the beginning of a file. Empty if it is not a transport stream.

    A recording of one program often still lists the other programs of its channel. Those count only if packets of their
    video are there.
    """
    found: dict[int, bytes] = {}
    seen: set[int] = set()
    for packet in _packets(data):
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        seen.add(pid)
        start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        if packet[1] & 0x40:
            begins = start + 1 + packet[start] if start < PACKET else PACKET
            found.setdefault(pid, b"")
            if len(found[pid]) < 3 or len(found[pid]) < _length(found[pid]):
                found[pid] = packet[begins:]
        elif pid in found and len(found[pid]) < 4096:
            found[pid] += packet[start:]
    listed = _section(found.get(0, b""), PROGRAM_LIST)
    entries = [listed[at : at + 4] for at in range(8, len(listed) - 4, 4)]
    maps = {int.from_bytes(entry[:2], "big"): int.from_bytes(entry[2:], "big") & 0x1FFF for entry in entries}
    return sorted(
        number
        for number, pid in maps.items()
        if number and _pictures(_section(found.get(pid, b""), PROGRAM_MAP)) & seen
    )


def step(data: bytes) -> tuple[int, int] | None:
    """(bytes before the first packet, bytes from one packet to the next); None if it is no transport stream."""
    for size in SIZES:
        for start in range(size):
            if all(data[start + size * number : start + size * number + 1] == b"\x47" for number in range(5)):
                return start, size
    return None


def payloads(data: bytes) -> list[bytes]:
    """What the packets of each stream hold, joined. Empty if `data` is not of a transport stream."""
    found: dict[int, list[bytes]] = {}
    for packet in _packets(data):
        start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        found.setdefault((packet[1] & 0x1F) << 8 | packet[2], []).append(packet[start:])
    return [b"".join(parts) for parts in found.values()]


def _packets(data: bytes) -> Iterator[bytes]:
    start, size = step(data) or (len(data), PACKET)
    places = range(start, len(data) - PACKET + 1, size)
    yield from (data[at : at + PACKET] for at in places if data[at] == SYNC)


def _length(table: bytes) -> int:
    return 3 + (int.from_bytes(table[1:3], "big") & 0x0FFF)


def _section(table: bytes, kind: int) -> bytes:
    """The complete table of this kind, with its check sum. Empty if it is of another kind or incomplete."""
    return table[: _length(table)] if len(table) > 3 and table[0] == kind and len(table) >= _length(table) else b""


def _pictures(program: bytes) -> set[int]:
    """PIDs of the video streams of a program."""
    found: set[int] = set()
    at = 12 + (int.from_bytes(program[10:12], "big") & 0x0FFF)
    while at + 5 <= len(program) - 4:
        if program[at] in PICTURES:
            found.add(int.from_bytes(program[at + 1 : at + 3], "big") & 0x1FFF)
        at += 5 + (int.from_bytes(program[at + 3 : at + 5], "big") & 0x0FFF)
    return found
