"""Data that a film's own file holds about its captions and its sound, and how its readers ask for bytes. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lambdas.editions.sidecars import Role

Read = Callable[[int, int], bytes]
"""Takes (offset, length) and returns these bytes of the file, or fewer at its end."""
ReadMany = Callable[[Sequence[tuple[int, int]]], list[bytes]]
"""Reads many places, each an (offset, length), at once."""

LARGEST_INDEX = 64 * 1024 * 1024
"""Most bytes of an index. It has some tens of bytes per frame, so this is enough for a day of film."""


class Timed(NamedTuple):
    """One caption: start and end in seconds from the film's start, and its lines as unescaped text."""

    start: float
    end: float
    text: str


class TextTrack(NamedTuple):
    """A text track of a film."""

    language: str
    """As it is in the file: three letters of ISO 639-2, or BCP 47."""
    role: Role
    cues: list[Timed]


class SoundFlags(NamedTuple):
    """Flags of a sound track that MediaConvert's Probe does not report."""

    default: bool
    """A player begins with this track."""
    description: bool
    """It is audio description: it describes the picture to people who do not see it."""
    spatial: bool = False
    """Its channels are ambisonics: the first holds the whole scene, and none is a speaker's."""
