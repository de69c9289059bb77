"""MediaConvert's codes: each is in one table, and each has a text."""

import itertools

import pytest

from facts.encoder_codes import NOT_READ, OURS, OWNERS, PASSING, warning

LISTED = (
    "1010 1020 1021 1022 1030 1040 1041 1042 1043 1056 1060 1075 1076 1080 1091 1092 1093 1401 1404 1432 1433 1434 1515"
    " 1517 1522 1550 1601 1602 1603 1700 1999 3400 3401 3403 3404 3408 3450 3451 3452 3453 3454 3455 3456 3457 3458"
    " 3999"
)
"""The guide's own list, "Error codes", read 2026-11."""


def test_every_code_that_the_guide_lists_is_told_apart_once() -> None:
    tables = (set(OWNERS), set(OURS), set(PASSING), set(NOT_READ))
    assert set(map(int, LISTED.split())) <= set[int]().union(*tables)
    for one, other in itertools.combinations(tables, 2):
        assert not one & other


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("240000 x 3", "Silence was added, at least 0.1 s, to keep picture and sound together. (3 times)"),
        (
            "230004 x 1",
            "A track's header (mdhd) is not whole: look at length and languages.",
        ),
        ("260000 x 2", "MediaConvert's warning 260000. (2 times)"),
        ("something else", "something else"),
    ],
)
def test_a_warning_is_shown_in_words(kept: str, said: str) -> None:
    assert warning(kept) == said
