"""The fill list of a version: what the cache nodes fetch before anybody asks, in the order of the film. Pure."""

from collections.abc import Mapping
from typing import TypedDict

from lambdas import names, playlist

HEAD_SECONDS = 180.0
"""Of every rung: what a node has before the rest of any title. Who has watched so long is likely to go on."""


class FillList(TypedDict):
    """What the list holds, as JSON. The nodes read it (node-fill.py)."""

    head: int
    """How many of the files are the first minutes."""
    files: list[tuple[str, int]]
    """Name and bytes."""


def fill_list(sizes: Mapping[str, int], texts: Mapping[str, str], still: str) -> FillList:
    """All files of a version: what every player reads first, then the segments of all rungs side by side.

    `sizes` and `texts` as for `verify`. What no playlist places in time, such as the playlists themselves, is first.
    `still` is the poster's address. Nobody asks for the other stills; they stay in the bucket until the version goes.
    """
    starts: dict[str, float] = {}
    for text in texts.values():
        media, at = playlist.media(text), 0.0
        for file, seconds in zip(media.files, media.seconds, strict=True):
            starts.setdefault(file, at)  # a playlist of I-frames names a segment several times
            at += seconds
    poster = still.rpartition("/")[2]
    wanted = [name for name in sizes if name == poster or not names.STILL.fullmatch(name)]
    ordered = sorted(wanted, key=lambda name: (starts.get(name, 0.0), name in starts, name))
    head = sum(starts.get(name, 0.0) < HEAD_SECONDS for name in ordered)
    return {"head": head, "files": [(name, sizes[name]) for name in ordered]}
