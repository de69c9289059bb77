"""Sounds: which of a film's audio tracks become renditions, and what each is called. Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.languages import UNKNOWN, language
from lambdas.shapes import Audio

MOST = 24
"""Sound renditions of one title: each costs an encode, and a menu with more helps no viewer."""


class Sound(NamedTuple):
    """A stereo rendition."""

    tracks: list[int]
    """Numbers of the source's sound tracks: one, or two that are left and right."""
    language: str
    """BCP 47; `und` where the source says nothing."""
    label: str
    """What MediaConvert may call it: its labels hold ASCII letters, digits and spaces alone."""
    description: bool
    """It describes the picture to those who do not see it."""
    selection: str
    """MediaConvert's AudioTrackType: whether players may choose it unasked."""


def sounds(audio: Iterable[Audio]) -> list[Sound]:
    """The stereo renditions, the default first: the one that the file says is, or else its first one.

    A track of a format that the encoder does not know is left out (a phone's spatial sound lies beside the same sound
    in AAC).
    """
    groups: dict[tuple[str, bool, int], list[Audio]] = {}
    for track in audio:
        if track["codec"] != "UNKNOWN":
            apart = 0 if _is_channel(track) else track["track"]
            groups.setdefault((_tag(track["language"]), track.get("description", False), apart), []).append(track)
    # By EBU R 123 the first two channels are left and right; the others hold the same mix again, or parts of it.
    tracks = sorted((found[:2] for found in groups.values()), key=_rank)[:MOST]
    kinds = [(_tag(first["language"]), first.get("description", False)) for first, *_ in tracks]
    labels = distinct(_label(tag, number, described) for number, (tag, described) in enumerate(kinds, 1))
    return [
        Sound(
            [track["track"] for track in found], tag, label, described, _selection(at, (tag, described) in kinds[:at])
        )
        for at, (found, (tag, described), label) in enumerate(zip(tracks, kinds, labels, strict=True))
    ]


def _rank(tracks: list[Audio]) -> tuple[bool, bool, int]:
    first = tracks[0]
    return first.get("description", False), not first.get("default", False), first["track"]


def _selection(at: int, again: bool) -> str:
    """HLS lets players choose among several sounds unasked only if no two are of one kind (RFC 8216, 4.3.4.1.1)."""
    return f"ALTERNATE_AUDIO_{'NOT_AUTO_SELECT' if again else 'AUTO_SELECT'}{'' if at else '_DEFAULT'}"


def distinct(wanted: Iterable[str]) -> list[str]:
    """The same names, with a number behind those that another has already: HLS demands it, and so do menus."""
    names: list[str] = []
    for name in wanted:
        taken = sum(other == name or other.startswith(f"{name} ") for other in names)
        names.append(f"{name} {taken + 1}" if name in names else name)
    return names


def own_names(sounds: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The languages' own names for the labels of those that MediaConvert could not write.

    `sounds` are (label, language) of all of a title's, in their order.
    """
    labels: list[str] = []
    wanted: list[str] = []
    for label, tag in sounds:
        known, unwritten = language(tag), re.fullmatch(r"Track \d+( AD)?", label)
        labels.append(label)
        wanted.append(f"{known.name}{unwritten[1] or ''}" if unwritten and known and known.name else label)
    return {label: name for label, name in zip(labels, distinct(wanted), strict=True) if name != label}


def _is_channel(track: Audio) -> bool:
    """Whether it is one channel of a mix: cameras (XDCAM) and editors write each as a track of PCM of its own."""
    return track["codec"] == "PCM" and track["channels"] == 1


def _tag(code: str) -> str:
    known = language(code)
    return known.tag if known else UNKNOWN


def _label(tag: str, number: int, described: bool) -> str:
    """The language's own name where ASCII has its letters; the title's edition names the others."""
    known = language(tag)
    name = known.name if known and re.fullmatch(r"[\w\s]+", known.name, re.ASCII) else f"Track {number}"
    return f"{name} AD" if described else name
