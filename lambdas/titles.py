"""Which title a file's name means. Pure."""

import hashlib
import re
import unicodedata

LONGEST_ID = 80

EXTENSIONS = frozenset(
    "3g2 3gp asf avi divx flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogg ogv qt ts vob webm wmv".split()  # noqa: SIM905
)
"""A video's extension is no part of a title: `Apollo.13` and `Apollo.11` are two films, `a.mp4` and `a.mov` are one."""


def title_id(key: str) -> str:
    """The id of the title that an upload of this key becomes, unless another film has it."""
    return title_ids(key)[0]


def title_ids(key: str) -> tuple[str, str]:
    """The id of the title that an upload of this key becomes, and the one that it takes where another film has that."""
    return _slug(stem_of(key))


def stem_of(key: str) -> str:
    """The key without a video's extension, composed: a Mac sends `Café` with its accent apart."""
    key = unicodedata.normalize("NFC", key)
    stem, dot, extension = key.rpartition(".")
    named = stem.rpartition("/")[2].strip(".")  # of `films/.mp4` nothing would be left
    return stem if dot and named and extension.lower() in EXTENSIONS else key


def _slug(stem: str) -> tuple[str, str]:
    """`films/My Film` -> `films-my-film`: safe in a path, a URL, a shell and a header; and the other id, with a hash.

    Where letters, digits or symbols are lost (other scripts, emoji, length), both are the one with the hash: eight hex
    digits of the stem's keep two films apart. Case, accents and punctuation fold without one, for addresses that people
    read: stems that differ in those alone share an id, and whichever comes second takes the other.
    """
    decomposed = unicodedata.normalize("NFKD", stem)
    lost = any(unicodedata.category(character)[0] in "LNSC" for character in decomposed if not character.isascii())
    slug = re.sub(r"[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode().lower()).strip("-")
    digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
    other = "-".join(part for part in (slug[: LONGEST_ID - 9].strip("-"), digest) if part)
    return (slug if slug and not lost and len(slug) <= LONGEST_ID else other, other)
