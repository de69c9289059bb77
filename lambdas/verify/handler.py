"""The Lambda for Verify. It lists the renditions in S3 and reads their playlists.

It writes the title's first edition, and the fill list for the cache nodes.
"""

import json
import os
from typing import TypedDict

from lambdas import clients, names, upload
from lambdas.editions import film, writer
from lambdas.refusals import LOG, step
from lambdas.shapes import Expected, Published, Title
from lambdas.verify import core, fill

MEDIA_BUCKET = os.environ["MEDIA_BUCKET"]


class Event(TypedDict):
    title: Title
    prefix: str
    """Prefix of the version to check, without a slash at either end."""
    expected: Expected


@step
def handle(event: Event, _context: object) -> Published:
    """Returns the values to publish. Raises SourceMoved, SourceRefused, SourceTruncated or RenditionsIncomplete."""
    title, prefix, expected = event["title"], event["prefix"], event["expected"]
    upload.check(title)
    sizes = _sizes(prefix)
    master = _text(f"{prefix}/{names.MASTER}") if names.MASTER in sizes else ""
    texts = {name: _text(f"{prefix}/{name}") for name in core.playlists(expected, master) if name in sizes}
    texts[names.MASTER] = master
    verified = core.verify(prefix, expected, sizes, texts)
    LOG.info("verified", extra={"title": title["id"], "objects": len(sizes), "found": verified})
    listed = fill.fill_list(sizes, texts, verified["still"])
    writer.write_once(names.fill_list(prefix), json.dumps(listed, separators=(",", ":")).encode())
    ordered = {name: sizes.get(name, 0) for name in expected.get("captions", [])}
    remarks = film.remarks(title) + writer.take_embedded(title, prefix)
    remarks += writer.take_channels(title, prefix, ordered, verified["duration"])
    encode = writer.Encode(title["bucket"], title["stem"], prefix, verified["duration"], verified["still"])
    edition = writer.write(encode)
    return {**verified, **edition, "remarks": remarks}


def _sizes(prefix: str) -> dict[str, int]:
    pages = clients.client("s3").get_paginator("list_objects_v2").paginate(Bucket=MEDIA_BUCKET, Prefix=f"{prefix}/")
    return {
        found["Key"].removeprefix(f"{prefix}/"): found["Size"] for page in pages for found in page.get("Contents", [])
    }


def _text(key: str) -> str:
    return clients.client("s3").get_object(Bucket=MEDIA_BUCKET, Key=key)["Body"].read().decode()
