"""Which files beside a film belong to it, by their names. Pure.

`films/Dune.mp4` may have `films/Dune.de.vtt`, `films/Dune.en.sdh.srt`, `films/Dune.pt-BR.forced.vtt`, and a poster,
`films/Dune.jpg`.
"""

import unicodedata
from typing import Literal, NamedTuple, TypeAlias

from lambdas.languages import UNKNOWN, language

Role: TypeAlias = Literal["subtitles", "sdh", "forced"]
"""`sdh` is for the deaf and hard of hearing; `forced` is for what even those need who understand the film."""

CAPTIONS = frozenset({"vtt", "srt"})
POSTERS = frozenset({"jpg", "jpeg"})
EXTENSIONS = CAPTIONS | POSTERS

_ROLES: dict[str, Role] = {
    "sdh": "sdh", "cc": "sdh", "hi": "sdh", "captions": "sdh",
    "forced": "forced", "foreign": "forced",
    "subtitles": "subtitles", "subs": "subtitles", "default": "subtitles",
}  # fmt: skip
"""What people write in file names, in any case."""


class Naming(NamedTuple):
    """What a caption file's name says."""

    language: str
    """BCP 47; `und` where the name says nothing."""
    name: str
    """The language's own name for itself; empty for `und`."""
    role: Role


def is_sidecar(key: str) -> bool:
    """Whether a file of this name goes with a film, and is none itself."""
    return _extension(key) in EXTENSIONS


def stems(key: str) -> list[str]:
    """The stems of the films that a sidecar may go with, the most likely first.

    `films/Dune.en.vtt` goes with `films/Dune.en.mp4`, or else with `films/Dune.mp4`.
    """
    folder, slash, file = key.rpartition("/")
    parts = file.split(".")[:-1]
    return [f"{folder}{slash}{'.'.join(parts[:count])}" for count in range(len(parts), 0, -1) if parts[0]]


def naming(stem: str, key: str) -> Naming | str | None:
    """What the name of a caption file says, for the film of this stem.

    None where the file is not of this film. A word that is neither a language nor a role is returned as it is.
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
            # `Apollo.13.vtt` is no file of `Apollo`: what is no word at all belongs to another film's name.
            return word if word.isalpha() else None
    assert spoken is not None  # noqa: S101 - the table has UNKNOWN
    return Naming(spoken.tag, spoken.name, role)


def is_poster(stem: str, key: str) -> bool:
    """Whether a file is the picture that its owner chose for the film of this stem."""
    words = _rest(stem, key)
    return words is not None and len(words) == 1 and words[0] in POSTERS


def _rest(stem: str, key: str) -> list[str] | None:
    """The words after the stem, the extension last and in lower case; None where the key does not begin with it."""
    # Macs write accents apart from their letters, others do not: one name.
    stem, key = (unicodedata.normalize("NFC", text) for text in (stem, key))
    if not key.startswith(f"{stem}."):
        return None
    words = key.removeprefix(f"{stem}.").split(".")
    return None if "/" in words[-1] else [*words[:-1], words[-1].lower()]


def _extension(key: str) -> str:
    stem, _, extension = key.rpartition(".")
    return extension.lower() if stem.rpartition("/")[2] else ""
