"""Finds captions inside a film's pictures: CEA-608, which once was line 21 of the picture (CTA-608, CTA-708). Pure.

MediaConvert reads these captions, but its Probe does not report them. They lie in the user data of H.264, HEVC and
MPEG-2 pictures (ATSC A/53, part 4), two bytes a picture and field. This module looks at parts of the film, and only for
codes with which a caption begins. So it learns which channels have captions, but not what they say.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from lambdas.editions import transport
from lambdas.editions.embedded import ReadMany

SAMPLES = ((8, 512 * 1024), (16, 2 * 1024 * 1024))
"""(parts, bytes of each), spread over the film. The first look takes 4 MiB, as most films have no such captions. If a
picture has the mark, the second look takes 32 MiB, so that some parts hold the beginning of a caption."""
MARKED = re.compile(rb"GA94\x03(.).", re.DOTALL)
"""The mark of caption data, and the number of its triplets. A triplet is never two zero bytes and a small one, so
nothing was escaped among them."""
MOST = 1000
"""Marks of a part that are read. A minute of film has no more. A file could consist of marks."""
VALID, FIELD = 0xFC, 0x03
BEGINS = frozenset({0x20, 0x25, 0x26, 0x27, 0x29, 0x2F})
"""Control codes of a caption: it pops on, rolls up by two to four lines, is painted, or is shown. The codes that erase
are not among them, since programs without captions have these too; and text services have others."""


def channels(read_many: ReadMany, size: int) -> list[int]:
    """The channels that have captions: 1 to 4, as in CC1 to CC4."""
    found: set[int] = set()
    for count, length in SAMPLES:
        parts = read_many([(at, length) for at in range(0, size, max(length, size // count + 1))])
        streams = [stream for part in parts for stream in transport.payloads(part) or [part]]
        if not any(MARKED.search(stream) for stream in streams):
            return []
        found = {channel for stream in streams for channel in _begun(stream)}
        if len(parts) * length >= size:
            break
    return sorted(found)


def _begun(stream: bytes) -> Iterator[int]:
    for mark in islice(MARKED.finditer(stream), MOST):
        count = mark[1][0] & 0x1F
        yield from _channel(stream[mark.end() : mark.end() + 3 * count])


def _channel(triplets: Sequence[int]) -> Iterator[int]:
    for head, first, second in zip(triplets[::3], triplets[1::3], triplets[2::3], strict=False):
        # The highest bit of each byte is parity. The lowest one of the first names the field once more, not always
        # rightly.
        if head & VALID == VALID and head & FIELD < 2 and first & 0x76 == 0x14 and second & 0x7F in BEGINS:
            yield 1 + 2 * (head & FIELD) + (first >> 3 & 1)
