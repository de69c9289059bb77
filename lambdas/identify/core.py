"""Identify: which title an upload is, if it is a film at all. Pure."""

import hashlib
import re
import unicodedata
from typing import TypedDict

from lambdas.refusals import NotAFilm
from lambdas.shapes import Title

LONGEST_ID = 80
LONGEST_NAME = 200
LONGEST_SEQUENCER = 64

EXTENSIONS = frozenset(
    "3g2 3gp asf avi divx flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogg ogv qt ts vob webm wmv".split()  # noqa: SIM905
)
"""A video's extension is no part of a title: `Apollo.13` and `Apollo.11` are two films, `a.mp4` and `a.mov` are one."""

BESIDE_A_FILM = frozenset(
    {
        *("jpg", "jpeg", "png", "gif", "webp", "tif", "tiff", "bmp", "heic", "svg", "psd", "pdf"),
        *("srt", "vtt", "ass", "ssa", "sub", "idx", "smi", "scc", "stl", "ttml", "dfxp", "sbv"),
        *("nfo", "txt", "md", "xml", "json", "csv", "log", "html", "url", "md5", "sha1", "sha256", "sfv", "torrent"),
        *("part", "partial", "crdownload", "tmp", "filepart", "download"),
    }
)
"""Extensions of pictures, subtitles and notes that lie beside films, and of uploads that are not done yet."""
BY_NAME = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
FOLDERS = frozenset({"__macosx", ".ds_store", ".trashes", ".spotlight-v100", "$recycle.bin", "@eadir"})

JOINERS = "\u200c\u200d"
"""Invisible, and part of how Persian words and many emoji are written."""


class Upload(TypedDict):
    """The object of an S3 "Object Created" event; EventBridge gives the key as it is, not URL-encoded."""

    bucket: str
    key: str
    etag: str
    size: int
    sequencer: str
    version_id: str
    """Of the object: the uploads bucket is versioned."""
    time: str
    """Of the event, ISO 8601 in UTC."""


def title_id(key: str) -> str:
    """The id of the title that an upload of this key becomes, unless another film has it."""
    return title_ids(key)[0]


def title_ids(key: str) -> tuple[str, str]:
    """The id of the title that an upload of this key becomes, and the one that it takes where another film has that."""
    return _slug(_stem(key))


def identify(upload: Upload) -> Title:
    """Name the title. Raises NotAFilm for what lies beside films and is none.

    It refuses nothing else: a title must have an id before it can be said what is wrong with it.
    """
    key = upload["key"]
    _a_film(key)
    stem = _stem(key)
    identity, other = title_ids(key)
    return {
        "id": identity,
        "other": other,
        "stem": stem,
        "name": _display_name(stem) or identity,
        "sequencer": upload["sequencer"].ljust(LONGEST_SEQUENCER, "0"),
        "uploaded": upload["time"],
        "bucket": upload["bucket"],
        "key": key,
        "etag": upload["etag"].strip('"'),
        "size": int(upload["size"]),
        "source": upload["version_id"],
        "uri": f"s3://{upload['bucket']}/{key}",
    }


def _a_film(key: str) -> None:
    """Raise NotAFilm by the name alone: what a Mac, Windows, a camera or a download manager leaves beside films."""
    *folders, name = key.lower().split("/")
    if (
        not name.strip(".")
        or name.startswith(".")  # of these `._film.mp4`, a Mac's AppleDouble, looks most like a film
        or name in BY_NAME
        or name.rpartition(".")[2] in BESIDE_A_FILM
        or not FOLDERS.isdisjoint(folders)
    ):
        raise NotAFilm(f"{key!r} is not a film's name, and was left where it is.")


def _stem(key: str) -> str:
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


def _display_name(stem: str) -> str:
    """The file's own name, without control characters and the marks that turn the direction of a whole line."""
    name = unicodedata.normalize("NFC", stem.rpartition("/")[2])
    kept = (c if unicodedata.category(c)[0] != "C" or c in JOINERS else " " for c in name)
    return " ".join("".join(kept).split())[:LONGEST_NAME].rstrip()
