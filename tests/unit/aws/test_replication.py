"""Replication: the buckets to which an object is copied, by the rules of its own bucket."""

from typing import Any

import pytest

from local.aws.replication import destinations

RULE = {
    "Status": "Enabled",
    "Filter": {"Prefix": "v/"},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": "arn:aws:s3:::media-there"},
}


@pytest.mark.parametrize(
    ("change", "key", "marker", "goes"),
    [
        ({}, "v/00/film", False, True),
        ({}, "v/00/film", True, True),
        ({}, "fill/list.json", False, False),
        ({"Status": "Disabled"}, "v/00/film", False, False),
        ({"DeleteMarkerReplication": {"Status": "Disabled"}}, "v/00/film", True, False),
        ({"Filter": None, "Prefix": "fill/"}, "fill/list.json", False, True),
    ],
)
def test_an_object_goes_where_a_rule_sends_it(change: dict[str, Any], key: str, marker: bool, goes: bool) -> None:
    elsewhere = {**RULE, "Filter": {"Prefix": "x/"}}
    assert list(destinations([elsewhere, {**RULE, **change}], key, marker=marker)) == ["media-there"] * goes
