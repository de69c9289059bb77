"""Upload: which files go where, in which parts, and which of those are there already. Pure but for reading the files.

S3 itself remembers an upload that was interrupted: its parts lie there for a week, with the MD5 of each as its
ETag (the bucket is encrypted with S3's own keys). So nothing is kept here, and another machine can go on.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lambdas.identify.core import identify
from lambdas.refusals import NotAFilm
from lambdas.shapes import Title
from lambdas.titles import EXTENSIONS
from operate.screen import Refusal

MEBIBYTE = 1 << 20
MOST_PARTS = 10_000
LARGEST_PART = 5 << 30
"""Both by S3."""
LONGEST_KEY = 1024
"""Bytes of UTF-8, by S3."""


class Film(NamedTuple):
    """A file to upload."""

    path: Path
    key: str
    size: int

    @property
    def named(self) -> Title:
        """What the workflow will call it, but for what only the upload's event says."""
        event: Any = {
            "key": self.key,
            "etag": "",
            "size": 0,
            "sequencer": "",
            "version_id": "",
            "bucket": "",
            "time": "",
        }
        return identify(event)


class Part(NamedTuple):
    """A part of a file. Numbers begin at 1."""

    number: int
    start: int
    size: int


def films(paths: Sequence[Path]) -> tuple[list[Film], list[Path]]:
    """What is to be uploaded, and the files in folders that are no films. Raises Refusal for what cannot be.

    A file's key is its name. A folder's films keep its name and their place in it: `season-1/02.mp4`.
    """
    found: list[Film] = []
    skipped: list[Path] = []
    for given in paths:
        path = given.resolve() if given.name in ("", "..") else given
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
            taken = [file for file in inside if file.suffix.lower().lstrip(".") in EXTENSIONS]
            if not taken:
                raise Refusal(f"{given}: no film in this folder; known by their names: {', '.join(sorted(EXTENSIONS))}")
            skipped += [file for file in inside if file not in taken]
            found += [_film(file, f"{path.name}/{file.relative_to(path).as_posix()}") for file in taken]
        elif path.is_file():
            found.append(_film(path, path.name))
        else:
            raise Refusal(
                f"{given}: " + ("is neither a file nor a folder" if path.exists() else "there is no such file")
            )
    _distinct(found)
    return found, skipped


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _film(path: Path, key: str) -> Film:
    key = key.encode(errors="replace").decode()  # a name that is not UTF-8 has no key in S3
    size = path.stat().st_size
    if not size:
        raise Refusal(f"{path}: is empty")
    if size > MOST_PARTS * LARGEST_PART:
        raise Refusal(f"{path}: has {size} bytes; S3 takes {MOST_PARTS * LARGEST_PART}")
    if len(key.encode()) > LONGEST_KEY:
        raise Refusal(f"{path}: its key has {len(key.encode())} bytes; S3 takes {LONGEST_KEY}. Give it a shorter name")
    film = Film(path, key, size)
    try:
        _ = film.named
    except NotAFilm as error:
        raise Refusal(f"{path}: {error}") from None
    return film


def _distinct(found: Iterable[Film]) -> None:
    seen: dict[str, Film] = {}
    for film in found:
        other = seen.setdefault(film.named["stem"], film)
        if other is not film:
            raise Refusal(f"{film.path} and {other.path} are one film by their names: rename one, or leave one out")


def parts(size: int) -> list[Part]:
    """The parts of a file. By its size alone: another run must cut it at the same places, and a file that is uploaded
    again must get the same ETag, by which the platform knows that it is the same film."""
    each = max(16, math.ceil(size / MOST_PARTS / MEBIBYTE)) * MEBIBYTE
    return [Part(number, start, min(each, size - start)) for number, start in enumerate(range(0, size, each), start=1)]


def content(film: Film, part: Part) -> bytes:
    """The bytes of a part. Raises Refusal where the file became shorter meanwhile."""
    with film.path.open("rb") as file:
        file.seek(part.start)
        read = file.read(part.size)
    if len(read) != part.size:
        raise Refusal(f"{film.path}: became shorter while it was read")
    return read


def missing(film: Film, kept: Mapping[int, tuple[str, int]]) -> Iterator[Part]:
    """The parts that S3 does not have yet, or has of other bytes. `kept`: ETag and size by number."""
    for part in parts(film.size):
        etag, size = kept.get(part.number, ("", 0))
        same = (
            size == part.size and etag.strip('"') == hashlib.md5(content(film, part), usedforsecurity=False).hexdigest()
        )
        if not same:
            yield part
