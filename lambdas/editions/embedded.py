"""Captions inside a film's own file, as what they say and when. Pure."""

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
