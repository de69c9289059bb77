"""Writes a title's edition. Reads what lies beside and inside of the film in the uploads bucket, and the encode.

Nothing is ever written twice: an edition is named after what it holds, and a write is refused where the object exists.
"""

import os
import unicodedata
from typing import Any, NamedTuple

from lambdas import clients
from lambdas.editions import core
from lambdas.editions.film import texts
from lambdas.editions.sidecars import Naming, Role, naming
from lambdas.names import MANIFEST, MASTER
from lambdas.refusals import LOG, error_code
from lambdas.shapes import Edition, Title

MEDIA_BUCKET = os.environ["MEDIA_BUCKET"]

CONTENT_TYPES = {
    "vtt": "text/vtt; charset=utf-8",
    "m3u8": "application/vnd.apple.mpegurl",
    "mpd": "application/dash+xml",
    "jpg": "image/jpeg",
    "json": "application/json",
}
JPEG = b"\xff\xd8\xff"
POSTER = "poster.jpg"
EMBEDDED = "embedded"
"""Beside the encode, `embedded.en.sdh.vtt`: the film's own captions, named as if they lay beside a film."""


class Encode(NamedTuple):
    """An encode that is whole."""

    bucket: str
    """Of the upload."""
    stem: str
    """The upload's key without its extension."""
    prefix: str
    """`v/<xx>/<id>/<version>`."""
    duration: float
    """Seconds."""
    still: str
    """URL path of the poster that the encoder made."""


def take_embedded(title: Title, prefix: str) -> list[str]:
    """Write the captions inside of a film beside its encode under `prefix`. Returns sentences for the owner."""
    tracks, problems = texts(title)
    for name, text in tracks.items():
        write_once(f"{prefix}/{EMBEDDED}.{name}.vtt", text.encode())
    return problems


def write(encode: Encode) -> Edition:
    """Make the edition of what lies beside the film now, and write it unless it is there."""
    found = [core.Sidecar(item["Key"], item["LastModified"].isoformat(), item["Size"]) for item in _neighbours(encode)]
    choice = core.choose(encode.stem, found)
    poster = _bytes(encode.bucket, choice.poster) if choice.poster else None
    notes = list(choice.problems)
    if choice.poster and poster and not poster.startswith(JPEG):
        notes.append(f"{choice.poster.rpartition('/')[2]} is no JPEG picture.")
        poster = None
    captions = _embedded(encode.prefix)
    # What an owner lays beside a film replaces what the film holds of that kind.
    captions |= {(said.language, said.role): (key, encode.bucket, said) for key, said in choice.captions.items()}
    hls = _bytes(MEDIA_BUCKET, f"{encode.prefix}/{MASTER}").decode()
    if not captions and poster is None and not core.sound_names(hls):
        return {"manifests": encode.prefix, "captions": [], "poster": encode.still, "notes": notes}
    title, _, version = encode.prefix.rpartition("/")
    dash = _bytes(MEDIA_BUCKET, f"{encode.prefix}/{MANIFEST}").decode()
    read = {key: (said, _bytes(bucket, key)) for key, bucket, said in captions.values()}
    edition = core.edition(core.Version(version, encode.duration, hls, dash), read, poster)
    prefix = f"{title}/{edition['id']}"
    files = {name: text.encode() for name, text in edition["files"].items()} | ({POSTER: poster} if poster else {})
    # The manifests come last: who has their address finds what they name.
    for name in sorted(files, key=lambda name: name in (MASTER, MANIFEST)):
        write_once(f"{prefix}/{name}", files[name])
    LOG.info("edition", extra={"prefix": prefix, "captions": len(edition["tracks"])})
    return {
        "manifests": prefix,
        "captions": [
            {"language": track["language"], "name": track["name"], "role": track["role"]} for track in edition["tracks"]
        ],
        "poster": f"/{prefix}/{POSTER}" if poster else encode.still,
        "notes": [*notes, *edition["problems"]],
    }


def _neighbours(encode: Encode) -> list[dict[str, Any]]:
    """The objects whose keys begin with the film's stem: some may belong to another film.

    A Mac writes accents apart from their letters, so a name may be there in either form.
    """
    forms = {unicodedata.normalize(form, encode.stem) for form in ("NFC", "NFD")}
    return [found for form in sorted(forms) for found in _listed(encode.bucket, f"{form}.")]


def _embedded(prefix: str) -> dict[tuple[str, Role], tuple[str, str, Naming]]:
    """By language and role: (key, bucket, what its name says) of the film's own captions."""
    stem = f"{prefix}/{EMBEDDED}"
    named = {item["Key"]: naming(stem, item["Key"]) for item in _listed(MEDIA_BUCKET, f"{stem}.")}
    return {
        (said.language, said.role): (key, MEDIA_BUCKET, said) for key, said in named.items() if isinstance(said, Naming)
    }


def _listed(bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = clients.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found for page in pages for found in page.get("Contents", [])]


def _bytes(bucket: str, key: str) -> bytes:
    return clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def write_once(key: str, data: bytes) -> None:
    """Write an object of the media bucket, unless there is one already: it is the same. The key ends in its kind."""
    kind = CONTENT_TYPES[key.rpartition(".")[2]]
    try:
        clients.client("s3").put_object(Bucket=MEDIA_BUCKET, Key=key, Body=data, ContentType=kind, IfNoneMatch="*")
    except Exception as error:
        if error_code(error) != "PreconditionFailed":
            raise
