"""What a film's own file says of its captions and its sound. Pure."""

from typing import NamedTuple

from lambdas.editions.sidecars import Role


class Timed(NamedTuple):
    """One caption: seconds from the film's start, and its lines as text that nothing has escaped."""

    start: float
    end: float
    text: str


class TextTrack(NamedTuple):
    """A text track of a film."""

    language: str
    """As the file has it: three letters of ISO 639-2, or BCP 47."""
    role: Role
    cues: list[Timed]


class SoundFlags(NamedTuple):
    """What a film's file says of one of its sound tracks, and MediaConvert's Probe does not."""

    default: bool
    """A player begins with it."""
    description: bool
    """It describes the picture to those who do not see it."""
