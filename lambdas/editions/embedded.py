"""Data that a film's own file holds about its captions and its sound. Pure."""

from typing import NamedTuple

from lambdas.editions.sidecars import Role


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
