"""Sounds: chooses the audio tracks of a film that become renditions, and names them. Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.languages import UNKNOWN, language
from lambdas.shapes import Audio

MOST = 24
"""Most sound renditions of one title. Each costs an encode, and a longer menu helps no viewer."""


STEREO, SURROUND = 2, 6
"""Channels. SURROUND is 5.1."""


class Sound(NamedTuple):
    """A rendition."""

    number: int
    """Of the film's sound, from 1. A sound in stereo and the same in 5.1 have one number."""
    channels: int
    """STEREO or SURROUND."""
    tracks: list[int]
    """Numbers of the source's sound tracks, from 1: one stereo track, or two tracks that are left and right."""
    language: str
    """BCP 47 tag. `und` if the source does not say."""
    label: str
    """Its name in MediaConvert, which allows only ASCII letters, digits and spaces."""
    description: bool
    """Whether it is audio description: it describes the picture to people who do not see it."""
    selection: str
    """MediaConvert's AudioTrackType. It says whether a player may choose the sound by itself."""
    spatial: int = 0
    """The number of channels of ambisonics; 0 for any other sound."""


def sounds(audio: Iterable[Audio], *, surround: bool = False) -> list[Sound]:
    """The stereo renditions, the default first. It is the track that the file marks as default, or else its first one.

    `surround`: what the file has in 5.1 is kept too. These renditions come after the stereo ones. No player chooses one
    unasked, since a viewer may have two speakers.

    A track in a format that the encoder does not know is left out. (A phone stores its spatial sound beside the same
    sound in AAC.)
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
    stereo = [
        Sound(
            at + 1,
            STEREO,
            [track["track"] for track in found],
            tag,
            label,
            described,
            _selection(at, (tag, described) in kinds[:at]),
            found[0]["channels"] if found[0].get("spatial") else 0,
        )
        for at, (found, (tag, described), label) in enumerate(zip(tracks, kinds, labels, strict=True))
    ]
    whole = [
        sound._replace(channels=SURROUND, label=f"{sound.label} Surround", selection=_selection(1, again=True))
        for sound, found in zip(stereo, tracks, strict=True)
        if surround and [track["channels"] for track in found] == [SURROUND]
    ]
    return [*stereo, *whole][:MOST]


def _rank(tracks: list[Audio]) -> tuple[bool, bool, int]:
    first = tracks[0]
    return first.get("description", False), not first.get("default", False), first["track"]


def _selection(at: int, again: bool) -> str:
    """AudioTrackType of the sound at index `at`. `again`: an earlier sound has the same language and description.

    HLS allows AUTOSELECT only if no two sounds are of the same kind (RFC 8216, 4.3.4.1.1).
    """
    return f"ALTERNATE_AUDIO_{'NOT_AUTO_SELECT' if again else 'AUTO_SELECT'}{'' if at else '_DEFAULT'}"


def distinct(wanted: Iterable[str]) -> list[str]:
    """The same names, with a number after a name that occurs again. HLS and menus need distinct names."""
    names: list[str] = []
    for name in wanted:
        taken = sum(other == name or other.startswith(f"{name} ") for other in names)
        names.append(f"{name} {taken + 1}" if name in names else name)
    return names


def own_names(sounds: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Maps a label such as `Track 2` to the language's own name, which MediaConvert could not write.

    `sounds` are the (label, language) of all sounds of a title, in their order.
    """
    labels: list[str] = []
    wanted: list[str] = []
    for label, tag in sounds:
        known, unwritten = language(tag), re.fullmatch(r"Track \d+((?: AD)?(?: Surround)?)", label)
        labels.append(label)
        wanted.append(f"{known.name}{unwritten[1]}" if unwritten and known and known.name else label)
    return {label: name for label, name in zip(labels, distinct(wanted), strict=True) if name != label}


def _is_channel(track: Audio) -> bool:
    """Whether it is one channel of a mix. Cameras (XDCAM) and editors write each channel as its own PCM track."""
    return track["codec"] == "PCM" and track["channels"] == 1


def _tag(code: str) -> str:
    known = language(code)
    return known.tag if known else UNKNOWN


def _label(tag: str, number: int, described: bool) -> str:
    """The language's own name if it needs only ASCII letters. The title's edition replaces the other labels."""
    known = language(tag)
    name = known.name if known and re.fullmatch(r"[\w\s]+", known.name, re.ASCII) else f"Track {number}"
    return f"{name} AD" if described else name
