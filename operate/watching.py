"""Counts who watches a title now, from the players' reports, and reads its languages from its playlist."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from lambdas import names, playlist
from lambdas.experience.core import LONGEST_GAP
from lambdas.rows import Row
from operate.cloud import Cloud

MOST_PAGES = 20
"""Most pages of the log of reports that are read. If there are more, the number is shown as "at least"."""
GONE = ("end", "exit", "fail")


def now(cloud: Cloud, title: str) -> str:
    """The number of open views of a title, in words. Empty if players do not report, or the stack is too old."""
    group = cloud.outputs.get("reports_log")
    if not group:
        return ""
    since = datetime.now(UTC) - timedelta(seconds=LONGEST_GAP)
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000), filterPattern=f'"{title}"'
    )  # fmt: skip
    lines, whole = list[str](), True
    try:
        for number, page in enumerate(pages):
            lines += [line for event in page["events"] for line in event["message"].splitlines()]
            if number + 1 == MOST_PAGES:
                whole = False
                break
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":  # nobody has watched anything yet
            raise
    count = len(open_views(lines, title))
    return f"{'' if whole else 'at least '}{count} now, of those whose players report"


def open_views(lines: Iterable[str], title: str) -> set[str]:
    """Sessions of a title that have not ended. `lines` are reports in the order of time."""
    found: set[str] = set()
    for said in _reports(lines):
        if said.get("title") == title and isinstance(session := said.get("session"), str):
            (found.discard if said.get("event") in GONE else found.add)(session)
    return found


def _reports(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def languages(cloud: Cloud, row: Row) -> list[str]:
    """The languages of a title's sounds, from its playlist. Empty if the title has no sound or does not play."""
    if not row.get("prefix"):
        return []
    key = f"{row['prefix']}/{names.MASTER}"
    try:
        found = cloud.client("s3").get_object(Bucket=cloud.name("media_bucket"), Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return []
        raise
    return [spoken(track) for track in playlist.multivariant(found.decode()).audio.values()]


def spoken(track: playlist.Audio) -> str:
    """A sound track in words: `de`, `en (described)`."""
    described = "describes-video" in track.characteristics
    return (track.language or track.name or "unknown") + (" (described)" if described else "")
