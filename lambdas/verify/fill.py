"""The fill list of a version: the files that the cache nodes fetch before any viewer asks, in film order. Pure."""

from collections.abc import Mapping
from typing import TypedDict

from lambdas import names, playlist

HEAD_SECONDS = 180.0
"""The first minutes of every rung. A node fetches them for all titles before it fetches the rest of any title, because
a viewer who has watched so long will probably continue."""


class FillList(TypedDict):
    """The list as JSON. The nodes read it (node-fill.py)."""

    head: int
    """How many of the files, from the first on, belong to the first minutes."""
    files: list[tuple[str, int]]
    """(name, bytes) of each file."""


def fill_list(sizes: Mapping[str, int], texts: Mapping[str, str], still: str) -> FillList:
    """All files of a version, sorted by their time in the film, so that the segments of all rungs alternate.

    `sizes` and `texts` are those of `verify`. Files that have no time, such as the playlists, come first. `still` is
    the address of the poster. No viewer asks for the other stills or for captions that are not checked yet, so they are
    left out.
    """
    starts: dict[str, float] = {}
    for text in texts.values():
        media, at = playlist.media(text), 0.0
        for file, seconds in zip(media.files, media.seconds, strict=True):
            starts.setdefault(file, at)  # a playlist of I-frames names each segment several times
            at += seconds
    poster = still.rpartition("/")[2]
    wanted = [name for name in sizes if name == poster or not names.UNSEEN.fullmatch(name)]
    ordered = sorted(wanted, key=lambda name: (starts.get(name, 0.0), name in starts, name))
    head = sum(starts.get(name, 0.0) < HEAD_SECONDS for name in ordered)
    return {"head": head, "files": [(name, sizes[name]) for name in ordered]}
