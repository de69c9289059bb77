"""Identify: which title, and which version of it, an upload is. Pure."""

import hashlib
import re
import unicodedata
from typing import TypedDict

from lambdas.ladder import REVISION
from lambdas.shapes import Title

LONGEST_ID = 80
LONGEST_NAME = 200

EXTENSIONS = frozenset(
    "3g2 3gp asf avi divx flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogg ogv qt ts vob webm wmv".split()  # noqa: SIM905
)
"""A video's extension is no part of a title: `Apollo.13` and `Apollo.11` are two films, `a.mp4` and `a.mov` are one."""

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


def title_id(key: str) -> str:
    """The id of the title that an upload of this key becomes."""
    return _slug(_stem(key))


def identify(upload: Upload) -> Title:
    """Name the title. Never refuses: a title must have an id before it can be said what is wrong with it."""
    key, etag = upload["key"], upload["etag"].strip('"')
    stem, identity = _stem(key), title_id(key)
    content = _digest(f"{etag}{REVISION}", 12)
    version = _digest(f"{content}/{upload['version_id']}", 12)
    return {
        "id": identity,
        "stem": stem,
        "name": _display_name(stem) or identity,
        "version": version,
        "content": content,
        "prefix": f"v/{_digest(identity, 2)}/{identity}/{version}",
        "sequencer": upload["sequencer"].zfill(32),
        "bucket": upload["bucket"],
        "key": key,
        "etag": etag,
        "size": int(upload["size"]),
        "source": upload["version_id"],
        "uri": f"s3://{upload['bucket']}/{key}",
    }


def _stem(key: str) -> str:
    """The key without a video's extension."""
    stem, dot, extension = key.rpartition(".")
    named = stem.rpartition("/")[2].strip(".")  # of `films/.mp4` nothing would be left
    return stem if dot and named and extension.lower() in EXTENSIONS else key


def _slug(stem: str) -> str:
    """`films/My Film` -> `films-my-film`: safe in a path, a URL, a shell and a header.

    Where letters, digits or symbols are lost (other scripts, emoji, length), eight hex digits of the stem's hash keep
    two films apart. Case, accents and punctuation fold without one, for addresses that people read: stems that
    differ in those alone share an id, and it is `stem` that tells them apart.
    """
    decomposed = unicodedata.normalize("NFKD", stem)
    lost = any(unicodedata.category(character)[0] in "LNSC" for character in decomposed if not character.isascii())
    slug = re.sub(r"[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode().lower()).strip("-")
    if slug and not lost and len(slug) <= LONGEST_ID:
        return slug
    digest = _digest(stem, 8)
    return "-".join(part for part in (slug[: LONGEST_ID - 9].strip("-"), digest) if part)


def _digest(text: str, length: int) -> str:
    """The first hex digits of the text's hash."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _display_name(stem: str) -> str:
    """The file's own name, without control characters and the marks that turn the direction of a whole line."""
    name = unicodedata.normalize("NFC", stem.rpartition("/")[2])
    kept = (c if unicodedata.category(c)[0] != "C" or c in JOINERS else " " for c in name)
    return " ".join("".join(kept).split())[:LONGEST_NAME].rstrip()
