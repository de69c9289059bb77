"""Finds out by their names which files beside a film belong to it. Pure.

`films/Dune.mp4` may have `films/Dune.de.vtt`, `films/Dune.en.sdh.srt`, `films/Dune.pt-BR.forced.vtt`, and a poster,
`films/Dune.jpg`.
"""

import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from lambdas.languages import UNKNOWN, language
from lambdas.titles import title_ids

Role: TypeAlias = Literal["subtitles", "sdh", "forced"]
"""`sdh` is for people who are deaf or hard of hearing. `forced` has only the parts in a foreign language, which every
viewer needs."""

CAPTIONS = frozenset({"vtt", "srt"})
POSTERS = frozenset({"jpg", "jpeg"})
EXTENSIONS = CAPTIONS | POSTERS

_ROLES: dict[str, Role] = {
    "sdh": "sdh", "cc": "sdh", "hi": "sdh", "captions": "sdh",
    "forced": "forced", "foreign": "forced",
    "subtitles": "subtitles", "subs": "subtitles", "default": "subtitles",
}  # fmt: skip
"""Words that people write in file names, in upper or lower case, and the role that each means."""


class Naming(NamedTuple):
    """The language and the role that a caption file's name states."""

    language: str
    """BCP 47 tag. `und` if the name does not say."""
    name: str
    """Name of the language in that language. Empty for `und`."""
    role: Role


def is_sidecar(key: str) -> bool:
    """Whether a file of this name is a caption file or a poster, and so belongs to a film."""
    return _extension(key) in EXTENSIONS


def stems(key: str) -> list[str]:
    """The stems of the films to which a sidecar may belong, the most likely first.

    `films/Dune.en.vtt` belongs to `films/Dune.en.mp4`, or else to `films/Dune.mp4`.
    """
    folder, slash, file = key.rpartition("/")
    parts = file.split(".")[:-1]
    return [f"{folder}{slash}{'.'.join(parts[:count])}" for count in range(len(parts), 0, -1) if parts[0]]


def films(key: str) -> Iterator[tuple[str, str]]:
    """(stem, title id) of each film that a sidecar may go with, the most likely first."""
    for stem in stems(unicodedata.normalize("NFC", key)):
        if naming(stem, key) is not None or is_poster(stem, key):
            for identity in dict.fromkeys(title_ids(f"{stem}.mp4")):
                yield stem, identity


def naming(stem: str, key: str) -> Naming | str | None:
    """Read the name of a caption file of the film with this stem.

    Returns None if the file does not belong to this film, and a word as text if it is neither a language nor a role.
    """
    words = _rest(stem, key)
    if words is None or words.pop() not in CAPTIONS:
        return None
    spoken, role = language(UNKNOWN), "subtitles"
    for word in words:
        if word.lower() in _ROLES:
            role = _ROLES[word.lower()]
        elif found := language(word):
            spoken = found
        else:
            # `Apollo.13.vtt` does not belong to `Apollo`: a part that is not a word is part of another film's name.
            return word if word.isalpha() else None
    assert spoken is not None  # noqa: S101 - the table has UNKNOWN
    return Naming(spoken.tag, spoken.name, role)


def is_poster(stem: str, key: str) -> bool:
    """Whether a file is the poster that the owner chose for the film with this stem."""
    words = _rest(stem, key)
    return words is not None and len(words) == 1 and words[0] in POSTERS


def _rest(stem: str, key: str) -> list[str] | None:
    """The words after the stem. The last one is the extension in lower case. None if the key does not begin so."""
    # Macs write an accent apart from its letter and other systems do not. Both mean the same name.
    stem, key = (unicodedata.normalize("NFC", text) for text in (stem, key))
    if not key.startswith(f"{stem}."):
        return None
    words = key.removeprefix(f"{stem}.").split(".")
    return None if "/" in words[-1] else [*words[:-1], words[-1].lower()]


def _extension(key: str) -> str:
    stem, _, extension = key.rpartition(".")
    return extension.lower() if stem.rpartition("/")[2] else ""
