"""Writes a title's edition. Reads the files beside the film, the captions inside it, and the encode's manifests.

No object is written twice: an edition is named by its content, and S3 refuses a write if the object exists.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lambdas import clients
from lambdas.editions import core
from lambdas.editions.film import texts
from lambdas.editions.sidecars import Naming, Role, naming
from lambdas.editions.text import BrokenCaptions, parse, webvtt, within
from lambdas.languages import UNKNOWN
from lambdas.names import CAPTIONS, MANIFEST, MASTER
from lambdas.refusals import LOG, error_code
from lambdas.rows import iso
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
"""The film's own captions are in the encode's folder, such as `embedded.en.sdh.vtt`. They are named like files beside a
film. Those from its picture are named after their channel, `embedded.cc1.vtt`."""
CHANNEL = re.compile(rf".*/{EMBEDDED}\.(cc[1-4])\.vtt")


class Encode(NamedTuple):
    """A complete encode."""

    bucket: str
    """Bucket of the upload."""
    stem: str
    """The upload's key without its extension."""
    prefix: str
    """`v/<xx>/<id>/<version>`."""
    duration: float
    """Seconds."""
    still: str
    """URL path of the poster that the encoder made."""


def take_embedded(title: Title, prefix: str) -> list[str]:
    """Write the captions inside a film into the encode's folder, `prefix`. Returns sentences for the owner."""
    tracks, problems = texts(title)
    for name, text in tracks.items():
        write_once(f"{prefix}/{EMBEDDED}.{name}.vtt", text.encode())
    return problems


def take_channels(title: Title, prefix: str, ordered: Mapping[str, int], duration: float) -> list[str]:
    """Check the captions that the encoder read from the picture. Those that can be shown join the film's own.

    `ordered` maps their names to their bytes. Of an absent file that is 0: AWS does not say what it makes of a channel
    without text. Returns sentences for the owner.
    """
    problems: list[str] = []
    for file, size in ordered.items():
        channel = file.removeprefix(f"{CAPTIONS}_").removesuffix(".vtt")
        try:
            data = _bytes(MEDIA_BUCKET, f"{prefix}/{file}") if size else b""
            cues = within(parse(data), duration)
        except BrokenCaptions as broken:
            problems.append(
                f"The captions in the film's picture ({channel.upper()}) are left out: {broken} Upload them as a file"
                f" beside the film, for example as {title['stem'].rpartition('/')[2]}.en.sdh.srt."
            )
        else:
            write_once(f"{prefix}/{EMBEDDED}.{channel}.vtt", webvtt(cues).encode())
    return problems


def write(encode: Encode) -> Edition:
    """Make the edition from the files that are beside the film now, and write it unless it exists."""
    looked = iso(datetime.now(UTC))
    found = [core.Sidecar(item["Key"], item["LastModified"].isoformat(), item["Size"]) for item in _neighbours(encode)]
    choice = core.choose(encode.stem, found)
    poster = _bytes(encode.bucket, choice.poster) if choice.poster else None
    notes = list(choice.problems)
    if choice.poster and poster and not poster.startswith(JPEG):
        notes.append(f"{choice.poster.rpartition('/')[2]} is left out: it is not a JPEG picture.")
        poster = None
    captions = _embedded(encode.prefix)
    # A file beside the film replaces the film's own captions of the same language and role.
    captions |= {(said.language, said.role): (key, encode.bucket, said) for key, said in choice.captions.items()}
    hls = _bytes(MEDIA_BUCKET, f"{encode.prefix}/{MASTER}").decode()
    if not captions and poster is None and not core.sound_names(hls):
        return {"manifests": encode.prefix, "captions": [], "poster": encode.still, "notes": notes, "looked": looked}
    title, _, version = encode.prefix.rpartition("/")
    dash = _bytes(MEDIA_BUCKET, f"{encode.prefix}/{MANIFEST}").decode()
    read = {key: (said, _bytes(bucket, key)) for key, bucket, said in captions.values()}
    edition = core.edition(core.Version(version, encode.duration, hls, dash), read, poster)
    prefix = f"{title}/{edition['id']}"
    files = {name: text.encode() for name, text in edition["files"].items()} | ({POSTER: poster} if poster else {})
    # The manifests are written last, so that all files that they name exist before them.
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
        "looked": looked,
    }


def _neighbours(encode: Encode) -> list[dict[str, Any]]:
    """The objects whose keys begin with the film's stem. Some of them may belong to another film.

    A Mac writes an accent apart from its letter, so both forms of the stem are listed.
    """
    forms = {unicodedata.normalize(form, encode.stem) for form in ("NFC", "NFD")}
    return [found for form in sorted(forms) for found in _listed(encode.bucket, f"{form}.")]


def _embedded(prefix: str) -> dict[tuple[str, Role], tuple[str, str, Naming]]:
    """The film's own captions: (language or channel, role) to (key, bucket, what its name says)."""
    stem = f"{prefix}/{EMBEDDED}"
    named = {item["Key"]: _said(stem, item["Key"]) for item in _listed(MEDIA_BUCKET, f"{stem}.")}
    return {
        (said.language if said.language != UNKNOWN else said.name or UNKNOWN, said.role): (key, MEDIA_BUCKET, said)
        for key, said in named.items()
        if isinstance(said, Naming)
    }


def _said(stem: str, key: str) -> Naming | str | None:
    """What the name of the film's own captions says. Channels are for people who are deaf; none states a language."""
    channel = CHANNEL.fullmatch(key)
    return Naming(UNKNOWN, channel[1].upper(), "sdh") if channel else naming(stem, key)


def _listed(bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = clients.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found for page in pages for found in page.get("Contents", [])]


def _bytes(bucket: str, key: str) -> bytes:
    return clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def write_once(key: str, data: bytes) -> None:
    """Write an object of the media bucket, unless it exists, since then it is the same. The key has an extension."""
    kind = CONTENT_TYPES[key.rpartition(".")[2]]
    try:
        clients.client("s3").put_object(Bucket=MEDIA_BUCKET, Key=key, Body=data, ContentType=kind, IfNoneMatch="*")
    except Exception as error:
        if error_code(error) != "PreconditionFailed":
            raise
