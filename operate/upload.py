"""Upload: decides which files to upload, under which keys, and which parts are missing. It only reads the files.

S3 itself remembers an interrupted upload. It keeps the parts for a week, with the MD5 of each as its ETag (since the
bucket is encrypted with S3's own keys). So nothing is stored locally, and another machine can continue.
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
"""S3's limits: the number of parts, and the bytes of one part."""
LONGEST_KEY = 1024
"""S3's limit: bytes of UTF-8."""


class Film(NamedTuple):
    """A file to upload."""

    path: Path
    key: str
    size: int

    @property
    def named(self) -> Title:
        """The title as the workflow will identify it. Fields that only the upload's event has are empty."""
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
    """A part of a file. Numbers begin at 1. Start and size are in bytes."""

    number: int
    start: int
    size: int


def films(paths: Sequence[Path]) -> tuple[list[Film], list[Path]]:
    """(films to upload, files in folders that are not films). Raises Refusal for a path that cannot be uploaded.

    The key of a file is its name. The key of a film in a folder has the folder's name and the path inside it, such as
    `season-1/02.mp4`.
    """
    found: list[Film] = []
    skipped: list[Path] = []
    for given in paths:
        path = given.resolve() if given.name in ("", "..") else given
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
            taken = [file for file in inside if file.suffix.lower().lstrip(".") in EXTENSIONS]
            if not taken:
                raise Refusal(f"{given}: this folder has no film. Films end in one of: {', '.join(sorted(EXTENSIONS))}")
            skipped += [file for file in inside if file not in taken]
            found += [_film(file, f"{path.name}/{file.relative_to(path).as_posix()}") for file in taken]
        elif path.is_file():
            found.append(_film(path, path.name))
        else:
            raise Refusal(
                f"{given}: " + ("it is neither a file nor a folder" if path.exists() else "there is no such file")
            )
    found = list(dict.fromkeys(found))  # the same file may be named twice
    _distinct(found)
    return found, skipped


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _film(path: Path, key: str) -> Film:
    key = key.encode(errors="replace").decode()  # S3's keys are UTF-8; a file's name may be something else
    size = path.stat().st_size
    if not size:
        raise Refusal(f"{path}: the file is empty")
    if size > MOST_PARTS * LARGEST_PART:
        raise Refusal(f"{path}: the file has {size} bytes. S3 allows at most {MOST_PARTS * LARGEST_PART}")
    if len(key.encode()) > LONGEST_KEY:
        raise Refusal(f"{path}: its key has {len(key.encode())} bytes. S3 allows {LONGEST_KEY}. Use a shorter name")
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
            raise Refusal(f"{film.path} and {other.path} have the name of one film. Rename one, or leave one out")


def parts(size: int) -> list[Part]:
    """The parts of a file of `size` bytes. They depend only on the size, so that another run makes the same parts.

    Then a file that is uploaded again also gets the same ETag, and the platform knows that it is the same film.
    """
    each = max(16, math.ceil(size / MOST_PARTS / MEBIBYTE)) * MEBIBYTE
    return [Part(number, start, min(each, size - start)) for number, start in enumerate(range(0, size, each), start=1)]


def content(film: Film, part: Part) -> bytes:
    """The bytes of a part. Raises Refusal if the file has become shorter."""
    with film.path.open("rb") as file:
        file.seek(part.start)
        read = file.read(part.size)
    if len(read) != part.size:
        raise Refusal(f"{film.path}: the file became shorter while it was read. Run this again when it is complete")
    return read


def missing(film: Film, kept: Mapping[int, tuple[str, int]]) -> Iterator[Part]:
    """The parts that S3 does not have, or has with other bytes. `kept` maps a part's number to (ETag, size)."""
    for part in parts(film.size):
        etag, size = kept.get(part.number, ("", 0))
        same = (
            size == part.size and etag.strip('"') == hashlib.md5(content(film, part), usedforsecurity=False).hexdigest()
        )
        if not same:
            yield part
