"""MediaConvert's error and warning codes, from its user guide: "Error codes" and "Warning codes", read 2026-11.

There is a table for each of those who can mend an error: the file's owner, an operator, or time. An encode that ends
with a code of no table is tried again, and is then for an operator. The guide lists some codes whose text could not be
read. They are in NOT_READ, and are also tried again.
"""

OWNERS = {
    1010: "It cannot be opened: it is no video, or of a kind that the encoder does not know.",
    1020: "It holds no picture that the encoder can use.",
    1021: "It holds no sound that the encoder can use.",
    1030: "Its picture cannot be decoded: it is damaged, or of a kind that the encoder does not know.",
    1075: "Its tracks cannot be told apart: the file is damaged.",
    1076: "It ends before the length that it announces.",
    1092: "Its sound cannot be decoded: it is damaged, or of a kind that the encoder does not know.",
    1404: "It was deleted before it was encoded. Upload it again.",
}
"""Faults of the file, with a sentence for its owner. Another try would end with the same error."""

OURS = {
    1040: "The job's settings do not fit the file, or one another.",
    1041: "The job's settings do not fit accelerated transcoding.",
    1042: "The job is too small for accelerated transcoding.",
    1060: "The job cuts the film at times that it does not have.",
    1080: "The job's MXF settings are wrong.",
    1091: "MediaConvert may not encrypt what it makes.",
    1401: "MediaConvert's role may not read the upload, or may not write to the media bucket.",
    1432: "MediaConvert's role lacks a right.",
    1433: "MediaConvert's role does not exist.",
    1434: "MediaConvert may not assume its role.",
    1515: "MediaConvert's role lacks a right, or is malformed.",
    3400: "The job's input is an HLS playlist that MediaConvert does not take.",
    3401: "The job's input is an address that needs a login.",
    3403: "The job's input is an address that MediaConvert may not read.",
    3404: "The job's input is an address where nothing is.",
    3457: "A policy of the account forbids the place of the job's input.",
}
"""Faults that an operator must mend, since another try would end with the same error."""

PASSING = {
    1050: "disk full",
    1056: "a file could not be opened",
    1507: "disk full",
    1550: "a fault of accelerated transcoding",
    1999: "unknown",
    3408: "an input's server failed",
    3450: "an input's server failed",
    3451: "an input's server did not answer",
    3999: "an input's server failed",
}
"""Faults that another try may mend. Only a test reads this table, since every code that is not above is tried again."""

NOT_READ = frozenset({1022, 1043, 1093, 1517, 1522, 1601, 1602, 1603, 1700, 3452, 3453, 3454, 3455, 3456, 3458})
"""Codes that the guide's page lists, but whose sections could not be read when this was written."""

WARNINGS = {
    100000: "The job could not move to another queue.",
    230002: "The sound's time table is damaged: look whether picture and sound fit.",
    230004: "A track's header (mdhd) is not whole: look at length and languages.",
    240000: "Silence was added, at least 0.1 s, to keep picture and sound together.",
    240001: "Sound was dropped, at least 0.1 s, to keep picture and sound together.",
    250001: "A caption's font is not known, and another was taken.",
    250002: "A Dolby sound had a bit rate that is not allowed, and got a higher one.",
    270000: "S3 was slow to take what was made.",
}
"""Sentences for warnings, which a title's row keeps as `code x count`. A code that is not here is shown as a number."""

OWNERS_BY_TEXT, OURS_BY_TEXT = ({str(code): sentence for code, sentence in table.items()} for table in (OWNERS, OURS))
"""The same tables for the workflow's expressions, in which an object's keys are text."""


def warning(kept: str) -> str:
    """The sentence for a warning of a title's row, such as `240000 x 3`."""
    code, _, count = kept.partition(" x ")
    said = WARNINGS.get(int(code), f"MediaConvert's warning {code}.") if code.isdecimal() else kept
    return f"{said} ({count} times)" if count.isdecimal() and count != "1" else said
