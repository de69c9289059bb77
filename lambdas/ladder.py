"""The ladder: which renditions a source of a given size gets. Pure arithmetic; touches nothing.

Its steps are config (`ladder`); those here are the default.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

REVISION = "3"
"""Part of the content. Change it together with anything that changes the result of an encode (this file, plan's job).
Then the next upload of the same bytes makes a new version. A test compares it with the job's fingerprint."""


TALLEST = 2160
"""Short side of the tallest rung, in pixels. H.264's highest level allows it at 60 frames a second."""

MOST_PIXELS = 4096 * 2160
"""Level 5.2 decodes 2,073,600 macroblocks a second: 60 frames of this size."""

SMALLEST, LARGEST = 32, 8192
"""Sides, in pixels, that MediaConvert accepts for an output."""


class Step(NamedTuple):
    """One step of the ladder, before a source is known: a size, and the limits of an encode at this size."""

    short: int
    """Short side in pixels, so that a portrait film has the same rungs as a landscape one."""
    max_bitrate: int
    """Most bits a second of a 16:9 picture with up to 30 frames a second."""
    quality: int
    """QVBR level, 1 to 10."""


# 1080 and 720 have the values of MediaConvert's QVBR guidelines. Each maximum is at most twice the next one, so that a
# player never has to fall far. It is also so low that the average stays above half of it (Apple's authoring rules).
STEPS = (
    Step(2160, 12_000_000, 8),
    Step(1080, 6_000_000, 8),
    Step(720, 4_000_000, 8),
    Step(540, 2_000_000, 7),
    Step(360, 1_000_000, 7),
    Step(270, 500_000, 7),
)

Steps = Sequence[Step]
"""Tallest first."""


def steps_of(text: str) -> Steps:
    """The steps from a text of `written`. An empty text gives the default."""
    return tuple(Step(*step) for step in json.loads(text)) if text else STEPS


def written(steps: Steps) -> str:
    """The steps as text for the environment of the handlers."""
    return json.dumps([tuple(step) for step in steps], separators=(",", ":"))


def revision_of(steps: Steps, *, surround: bool = False) -> str:
    """Text that changes if the same bytes would be encoded differently. `surround`: 5.1 is kept.

    For the default ladder in stereo it is only REVISION, so that a stack with this ladder encodes nothing again.
    """
    own = written(steps)
    ladder = REVISION if own == written(STEPS) else f"{REVISION}-{hashlib.sha256(own.encode()).hexdigest()[:8]}"
    return f"{ladder}-surround" if surround else ladder


def content_of(etag: str, steps: Steps = STEPS, *, surround: bool = False) -> str:
    """12 hex digits: the same bytes and the same revision give the same content."""
    return hashlib.sha256(f"{etag}{revision_of(steps, surround=surround)}".encode()).hexdigest()[:12]


def mistakes(steps: Steps) -> Iterator[str]:
    """What is wrong with a ladder, one sentence for each value."""
    for step in steps:
        if step.short % 2 or not SMALLEST <= step.short <= TALLEST:
            yield f"short {step.short} must be an even number of pixels from {SMALLEST} to {TALLEST}"
        elif (most := _most_bits(step.short)) < step.max_bitrate:
            yield (
                f"maxBitrate {step.max_bitrate} of the {step.short}p step is more than H.264 allows at that size:"
                f" at most {most}"
            )
    for upper, lower in itertools.pairwise(steps):
        pair = f"{upper.short}p and {lower.short}p"
        if lower.short >= upper.short:
            yield f"{pair}: each step must be smaller than the one before"
        elif not lower.max_bitrate < upper.max_bitrate <= 2 * lower.max_bitrate:
            yield (
                f"{pair}: maxBitrate goes from {upper.max_bitrate} to {lower.max_bitrate}. It must fall, but at most"
                " to a half, so that players always have a suitable step"
            )
        elif lower.quality > upper.quality:
            yield f"{pair}: quality must not rise from {upper.quality} to {lower.quality} as the picture gets smaller"


def _most_bits(short: int) -> int:
    """The highest ceiling that leaves a 16:9 step, at 60 frames a second, at the level that its size needs."""
    level = _level(short * 16 // 9, short, 60, 0)
    kilobits = next(kilobits for name, _, _, kilobits in LEVELS if name == level)
    return int(kilobits * 1000 / MOTION)


SPACING = 0.8
"""A step is left out where its ceiling is above this share of the next rung's: no viewer would see a difference."""

# H.264, table A-1: macroblocks a second, macroblocks a frame, kb/s in High profile (1.25 times Main's).
LEVELS = (
    ("LEVEL_2_1", 19_800, 792, 5_000),
    ("LEVEL_3", 40_500, 1_620, 12_500),
    ("LEVEL_3_1", 108_000, 3_600, 17_500),
    ("LEVEL_3_2", 216_000, 5_120, 25_000),
    ("LEVEL_4", 245_760, 8_192, 25_000),
    ("LEVEL_4_2", 522_240, 8_704, 62_500),
    ("LEVEL_5", 589_824, 22_080, 168_750),
    ("LEVEL_5_1", 983_040, 36_864, 300_000),
    ("LEVEL_5_2", 2_073_600, 36_864, 300_000),
)


class Rung(NamedTuple):
    """One rendition of one source: a step, fitted to the source's shape and frame rate."""

    name: str
    """Names its files, such as `720p`."""
    width: int
    height: int
    """Pixels, both even."""
    max_bitrate: int
    """Bits a second."""
    quality: int
    """QVBR level, 1 to 10."""
    level: str
    """MediaConvert's name of the lowest H.264 level that allows the rung. By it, players know what they can decode."""


MOTION = 1.5
"""Factor for maximum bitrates above 30 frames a second. It is not 2, because such frames differ less from one
another."""


def ladder(width: int, height: int, frame_rate: float, steps: Steps = STEPS) -> list[Rung]:
    """The rungs, tallest first, for a picture that is shown at `width` x `height` (pixels, after rotation, square).

    The first rung has the source's own size, with even sides, but at most the tallest step and MOST_PIXELS. Below it
    come all steps that are clearly smaller. So no picture is scaled up, and a source that is smaller than every step
    has one rung.
    """
    short, aspect = min(width, height), Fraction(max(width, height), min(width, height))
    shorts = [min(short, steps[0].short, int(math.sqrt(MOST_PIXELS / aspect)))]
    for step in steps:
        if step.max_bitrate <= SPACING * _widescreen(shorts[-1], steps):
            shorts.append(step.short)
    sides = [(_even(shorts[0]), _even(shorts[0] * aspect))]
    sides += [(short, _even(short * aspect + 1)) for short in shorts[1:]]
    return [_rung(a, b, frame_rate, steps) if height > width else _rung(b, a, frame_rate, steps) for a, b in sides]


def _rung(width: int, height: int, frame_rate: float, steps: Steps) -> Rung:
    short = min(width, height)
    area = min(width * height / (short * short * 16 / 9), 1.5)  # a very wide picture needs no more
    motion = MOTION if frame_rate > 30 else 1.0
    max_bitrate = max(100_000, round(_widescreen(short, steps) * area * motion / 1000) * 1000)
    quality, level = _above(short, steps).quality, _level(width, height, frame_rate, max_bitrate)
    return Rung(f"{short}p", width, height, max_bitrate, quality, level)


def _above(short: int, steps: Steps) -> Step:
    """The smallest step that is at least as large."""
    return min((step for step in steps if step.short >= short), key=lambda step: step.short)


def _widescreen(short: int, steps: Steps) -> float:
    """Maximum bitrate of a 16:9 rung, interpolated linearly between the steps."""
    above = _above(short, steps)
    below = max((step for step in steps if step.short < short), key=lambda step: step.short, default=Step(0, 0, 0))
    share = (short - below.short) / (above.short - below.short)
    return below.max_bitrate + share * (above.max_bitrate - below.max_bitrate)


def _even(side: Fraction | int) -> int:
    """The largest even side up to this one. 4:2:0 has one colour sample for two pixels. No rung exceeds its source."""
    return int(side) // 2 * 2


def _level(width: int, height: int, frame_rate: float, max_bitrate: int) -> str:
    across, down = math.ceil(width / 16), math.ceil(height / 16)
    frame = across * down
    for name, macroblocks_second, macroblocks_frame, kilobits_second in LEVELS:
        # No side may be longer than the square root of eight frames.
        if (
            frame * frame_rate <= macroblocks_second
            and frame <= macroblocks_frame
            and max(across, down) ** 2 <= 8 * macroblocks_frame
            and max_bitrate <= kilobits_second * 1000
        ):
            return name
    return "AUTO"
