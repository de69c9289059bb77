"""Identify: decides whether an upload is a film, and which title it is. Pure."""

import unicodedata
from typing import TypedDict

from lambdas.refusals import NotAFilm
from lambdas.shapes import Title
from lambdas.titles import stem_of, title_ids

LONGEST_NAME = 200
LONGEST_SEQUENCER = 64

BESIDE_A_FILM = frozenset(
    {
        *("jpg", "jpeg", "png", "gif", "webp", "tif", "tiff", "bmp", "heic", "svg", "psd", "pdf"),
        *("srt", "vtt", "ass", "ssa", "sub", "idx", "smi", "scc", "stl", "ttml", "dfxp", "sbv"),
        *("nfo", "txt", "md", "xml", "json", "csv", "log", "html", "url", "md5", "sha1", "sha256", "sfv", "torrent"),
        *("part", "partial", "crdownload", "tmp", "filepart", "download"),
    }
)
"""Extensions of pictures, subtitles and notes beside films, and of uploads that are not complete yet."""
BY_NAME = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
FOLDERS = frozenset({"__macosx", ".ds_store", ".trashes", ".spotlight-v100", "$recycle.bin", "@eadir"})

JOINERS = "\u200c\u200d"
"""Invisible characters that Persian words and many emoji need."""


class Upload(TypedDict):
    """The object of an S3 "Object Created" event. EventBridge does not URL-encode the key."""

    bucket: str
    key: str
    etag: str
    size: int
    sequencer: str
    version_id: str
    """Version of the object. (The uploads bucket is versioned.)"""
    time: str
    """Time of the event, ISO 8601 in UTC."""


def identify(upload: Upload) -> Title:
    """Make the title of an upload. Raises NotAFilm if the file is not a film.

    It refuses nothing else, because every other refusal is written to a title, and for that the title needs an id.
    """
    key = upload["key"]
    _a_film(key)
    stem = stem_of(key)
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
    """Raise NotAFilm for files that a Mac, Windows, a camera or a download manager leaves. Only the name counts."""
    *folders, name = key.lower().split("/")
    if (
        not name.strip(".")
        or name.startswith(".")  # such as `._film.mp4`, a Mac's AppleDouble file
        or name in BY_NAME
        or name.rpartition(".")[2] in BESIDE_A_FILM
        or not FOLDERS.isdisjoint(folders)
    ):
        raise NotAFilm(f"{key!r} is not the name of a film, so the file was left as it is.")


def _display_name(stem: str) -> str:
    """The file's own name, without control characters and without marks that change the direction of the text."""
    name = unicodedata.normalize("NFC", stem.rpartition("/")[2])
    kept = (c if unicodedata.category(c)[0] != "C" or c in JOINERS else " " for c in name)
    return " ".join("".join(kept).split())[:LONGEST_NAME].rstrip()
