"""Derives the id of a title from the name of a file. Pure."""

import hashlib
import re
import unicodedata

LONGEST_ID = 80

EXTENSIONS = frozenset(
    "3g2 3gp asf avi divx flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogg ogv qt ts vob webm wmv".split()  # noqa: SIM905
)
"""Extensions of videos. They are not part of a title: `a.mp4` and `a.mov` are one film, `Apollo.13` and `Apollo.11` are
two."""


def title_id(key: str) -> str:
    """The id of the title that an upload of this key becomes, unless another film already has this id."""
    return title_ids(key)[0]


def title_ids(key: str) -> tuple[str, str]:
    """(id, other id) of the title for an upload of this key. It takes the other id if another film has the first."""
    return _slug(stem_of(key))


def stem_of(key: str) -> str:
    """The key without a video's extension, in Unicode's composed form. (A Mac writes the accent of `Café` apart.)"""
    key = unicodedata.normalize("NFC", key)
    stem, dot, extension = key.rpartition(".")
    named = stem.rpartition("/")[2].strip(".")  # empty for `films/.mp4`, which keeps its extension
    return stem if dot and named and extension.lower() in EXTENSIONS else key


def _slug(stem: str) -> tuple[str, str]:
    """(id, other id): `films/My Film` -> (`films-my-film`, the same with a hash). Safe in a path, a URL and a header.

    If the id would lose letters, digits or symbols (other scripts, emoji, a long name), both are the one with the hash:
    its eight hex digits keep two films apart. Case, accents and punctuation are dropped without a hash, so that people
    can read the addresses. Stems that differ only in these share an id, and the second film takes the other id.
    """
    decomposed = unicodedata.normalize("NFKD", stem)
    lost = any(unicodedata.category(character)[0] in "LNSC" for character in decomposed if not character.isascii())
    slug = re.sub(r"[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode().lower()).strip("-")
    digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
    other = "-".join(part for part in (slug[: LONGEST_ID - 9].strip("-"), digest) if part)
    return (slug if slug and not lost and len(slug) <= LONGEST_ID else other, other)
