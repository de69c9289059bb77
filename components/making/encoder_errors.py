"""MediaConvert's error codes, told apart: the file's own fault, our fault at once, or worth another try. Pure data.

Codes: "MediaConvert error codes" in the service's user guide. A code that is not here is tried again, and is then ours.
"""

OWNERS = {
    1010: "It cannot be opened: it is no video, or of a kind that the encoder does not know.",
    1020: "It holds no picture that the encoder can use.",
    1030: "Its picture cannot be decoded: it is damaged, or of a kind that the encoder does not know.",
    1075: "It ends in the middle of a track.",
    1076: "It ends before the length that it announces.",
    1404: "It was deleted before it was encoded. Upload it again.",
}
"""What the encoder says of the file, in a sentence for its owner: no other try would end otherwise."""

OURS = {
    1040: "The job names a sound track that the file does not have.",
    1041: "The job's sound settings do not fit the file.",
    1401: "MediaConvert's role may not read the upload.",
    3401: "MediaConvert's role may not write to the media bucket.",
    3403: "MediaConvert's role may not write to the media bucket.",
}
"""What no other try mends either, and an operator must."""


OWNERS_BY_TEXT, OURS_BY_TEXT = ({str(code): sentence for code, sentence in table.items()} for table in (OWNERS, OURS))
"""For the workflow's expressions, where an object's keys are text."""
