"""Programs of a transport stream. A program counts only if its video is in the file."""

from collections.abc import Mapping

import pytest

from lambdas.editions.transport import programs

H264, AAC, TELETEXT = 0x1B, 0x0F, 0x06


def packet(pid: int, payload: bytes, *, begins: bool = True) -> bytes:
    head = bytes([0x47, (0x40 if begins else 0) | pid >> 8, pid & 0xFF, 0x10])
    return (head + payload).ljust(188, b"\xff")


def section(kind: int, body: bytes) -> bytes:
    """The table with a pointer before it and a check sum of zeros."""
    length = 5 + len(body) + 4
    return bytes([0, kind, 0xB0 | length >> 8, length & 0xFF, 0, 1, 0xC1, 0, 0]) + body + b"sums"


def listing(maps: Mapping[int, int]) -> bytes:
    body = b"".join(number.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big") for number, pid in maps.items())
    return packet(0, section(0, body))


def program(pid: int, streams: Mapping[int, int]) -> bytes:
    entries = (bytes([kind]) + (0xE000 | own).to_bytes(2, "big") + b"\xf0\x00" for own, kind in streams.items())
    return packet(pid, section(2, b"\xe1\x00\xf0\x00" + b"".join(entries)))


TWO = listing({0: 16, 1: 32, 2: 33}) + program(32, {256: H264, 257: AAC}) + program(33, {258: H264, 259: TELETEXT})
FIRST = b"".join(packet(256, b"\0\0\1", begins=False) for _ in range(5))
SECOND = packet(258, b"\0\0\1")


def apart(stream: bytes, size: int) -> bytes:
    """The same packets, each with a clock before it or a check after it."""
    before, after = (size - 188, 0) if size == 192 else (0, size - 188)
    return b"".join(bytes(before) + stream[at : at + 188] + bytes(after) for at in range(0, len(stream), 188))


@pytest.mark.parametrize("size", [188, 192, 204])
@pytest.mark.parametrize("cut", [0, 77])
def test_programs_that_are_there_are_counted(size: int, cut: int) -> None:
    # A recording may begin in the middle of a packet.
    lead = apart(FIRST, size)[cut:]
    assert programs(lead + apart(TWO + FIRST + SECOND, size)) == [1, 2]


def test_a_program_that_is_listed_and_not_recorded_does_not_count() -> None:
    assert programs(TWO + FIRST) == [1]


def test_a_program_of_sound_alone_does_not_count() -> None:
    stream = listing({1: 32, 2: 33}) + program(32, {256: H264}) + program(33, {258: AAC}) + FIRST + SECOND
    assert programs(stream) == [1]


def test_a_long_list_goes_on_in_the_next_packet() -> None:
    maps = {number: 32 if number == 1 else 1000 + number for number in range(1, 80)}
    whole = section(0, b"".join(n.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big") for n, pid in maps.items()))
    pieces = packet(0, whole[:184]) + packet(0, whole[184:], begins=False)
    assert programs(pieces + program(32, {256: H264}) + FIRST) == [1]


@pytest.mark.parametrize("data", [b"", b"G" * 2000, b"\0" * 5000, b"#EXTM3U\n" * 300, FIRST])
def test_other_data_has_no_programs(data: bytes) -> None:
    assert programs(data) == []
