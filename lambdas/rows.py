"""Rows of the catalogue: their plain values, and the upload's event that a row was made from. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
"""A title's attributes as plain Python values."""

STATES = ("REGISTERED", "PROCESSING", "PUBLISHED", "REJECTED", "FAILED")
OURS = "Something went wrong on our side, not with your file. It is kept, and its operators have been told."
"""The reason that owners read if the fault is ours."""

UNKNOWN_VERSION = "unknown"
"""Takes the place of S3's version id, if a row was written before rows had one."""

NOTES = "/"
"""This character is in the key of every item that is not a title. The id of a title never has it."""


def iso(moment: datetime) -> str:
    """A time in the format of S3's events. Such texts sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(item: Mapping[str, Mapping[str, Any]]) -> Row:
    """A DynamoDB item as plain values. Whole numbers become integers."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        number = float(content)
        return int(number) if number.is_integer() else number
    if kind == "L":
        return [_value(member) for member in content]
    if kind == "M":
        return plain(content)
    return None if kind == "NULL" else content


def event_of(row: Row, bucket: str) -> dict[str, Any]:
    """The part of an upload's event that the workflow reads, from the row that its claim wrote.

    Rows of earlier releases lack the upload's version and time. Then the upload is known by its bytes, and its time is
    that of the row's last change. That is later than the upload and earlier than the next one.
    """
    upload = {field: row[field] for field in ("key", "etag", "size", "sequencer")}
    upload["version-id"] = row.get("source") or UNKNOWN_VERSION
    time = row.get("uploaded") or row["updated"]
    return {"requested": True, "time": time, "detail": {"bucket": {"name": bucket}, "object": upload}}


def taken_down(title_id: str) -> str:
    """Key of the note that a title was taken down. Its upload may still be there, and must not become a title again."""
    return f"taken-down{NOTES}{title_id}"
