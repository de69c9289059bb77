"""Captions in the picture: which channels a film has, and how few of its bytes tell that."""

import time
from collections.abc import Sequence

import pytest

from lambdas.editions.line21 import MOST, channels
from tests.media_strange import CC1, CC2, CC3, CC4, caption_data
from tests.unit.lambdas.test_transport import packet

MIB = 1024 * 1024
NOTHING = (0, 0)
POPS_ON, ROLLS_UP, ERASES, TEXT = 0x20, 0x26, 0x2C, 0x2A


class Disk:
    """A film of `size` bytes with some content at places."""

    def __init__(self, size: int, content: dict[int, bytes]) -> None:
        self.size, self.content, self.taken = size, content, 0

    def read_many(self, places: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self.read(at, min(length, self.size - at)) for at, length in places]

    def read(self, at: int, length: int) -> bytes:
        self.taken += length
        data = bytearray(length)
        for place, held in self.content.items():
            inside = held[max(0, at - place) : max(0, at + length - place)]
            data[max(0, place - at) : max(0, place - at) + len(inside)] = inside
        return bytes(data)

    def channels(self) -> list[int]:
        return channels(self.read_many, self.size)


IDLE = caption_data(NOTHING, NOTHING)


def both(control: int, code: int) -> bytes:
    """A picture with a control code in the field of its channel."""
    return caption_data((control, code), NOTHING) if control in (CC1, CC2) else caption_data(NOTHING, (control, code))


def test_a_long_film_without_captions_costs_four_mebibytes() -> None:
    film = Disk(10**11, {5: b"GA94", 10**10: b"GA94\x01"})
    assert (film.channels(), film.taken) == ([], 4 * MIB)


def test_a_film_with_captions_costs_another_thirty_two() -> None:
    film = Disk(10**11, {5: IDLE, 10**11 // 16 * 5 + MIB: both(CC1, POPS_ON)})
    assert (film.channels(), film.taken) == ([1], 36 * MIB)


@pytest.mark.parametrize("code", [POPS_ON, ROLLS_UP])
@pytest.mark.parametrize(("number", "control"), [(1, CC1), (2, CC2), (3, CC3), (4, CC4)])
def test_a_channel_is_where_a_caption_begins(number: int, control: int, code: int) -> None:
    assert Disk(1000, {99: both(control, code)}).channels() == [number]


def test_field_two_written_like_field_one_is_still_field_two() -> None:
    assert Disk(1000, {99: caption_data(NOTHING, (CC1, POPS_ON))}).channels() == [3]


@pytest.mark.parametrize(
    "data",
    [
        IDLE,
        both(CC1, ERASES),
        both(CC1, TEXT),
        caption_data((ord("H"), ord("i")), (0x01, 0x20)),  # text without a beginning, and data about the program
        both(CC1, POPS_ON).replace(b"\xfc", b"\xf8"),  # not valid
        both(CC1, POPS_ON).replace(b"\xfc", b"\xfe"),  # CEA-708
        both(CC1, POPS_ON)[:-6],
    ],
)
def test_padding_and_other_services_are_no_captions(data: bytes) -> None:
    assert Disk(1000, {99: data}).channels() == []


@pytest.mark.parametrize("cut", range(1, 16))
def test_caption_data_goes_across_the_packets_of_a_transport_stream(cut: int) -> None:
    data = both(CC1, POPS_ON)
    first = b"\0" * (184 - cut) + data[:cut]
    sound = [packet(257, b"\1" * 184)] * 6
    stream = b"".join([*sound, packet(256, first), packet(257, b"\2" * 184), packet(256, data[cut:], begins=False)])
    assert Disk(len(stream), {0: stream}).channels() == [1]


def test_a_film_of_nothing_but_marks_takes_no_longer() -> None:
    data = b"GA94\x03\xdf\xff" * (2 * MIB // 7)
    began = time.process_time()
    assert channels(lambda places: [data] * len(places), 10**11) == []
    assert time.process_time() - began < 5
    assert channels(lambda places: [IDLE * (MOST - 1) + both(CC2, POPS_ON)] * len(places), 1000) == [2]
