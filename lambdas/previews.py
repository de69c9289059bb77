"""Previews: the small pictures that a player shows while a viewer seeks, and the stills for the poster. Pure.

Previews are Roku's image-based trick play: sheets of small JPEG pictures, which both manifests list. AWS does not
document their file names, so readers take the names from the manifests. A film of two hours has 29 sheets of about
100 kB each.
"""

import math
from collections.abc import Mapping
from typing import Any

from lambdas import names

LONG_SIDE = 240
"""Long side of a preview in pixels. It looks sharp on most screens at the size at which the page shows it."""
COLUMNS = ROWS = 5
"""Previews across and down a sheet. Larger sheets cost fewer requests, but then the first preview comes later."""
MOST_PREVIEWS = 100
"""About this many previews of a film, as far as FASTEST and SLOWEST allow. A long film has more."""
FASTEST, SLOWEST = 1, 10
"""Shortest and longest time from one preview to the next, in seconds."""

STILLS_PER_FILM = 20
"""The whole film would have this many stills."""
STILLS = STILLS_PER_FILM // 2 + 1
"""Stills that are made: from the first frame, where the service always begins, to the middle of the film. Later ones
would show how it ends."""
SKIPPED = STILLS_PER_FILM // 10
"""Stills of the first tenth of the film, which is often black or shows logos."""
UNSTATED = 60
"""Assumed length in seconds of a film that does not say its length."""


def every(duration: float | None) -> int:
    """Seconds from one preview to the next."""
    return min(SLOWEST, max(FASTEST, round((duration or UNSTATED) / MOST_PREVIEWS)))


def trick_play(width: int, height: int, duration: float | None) -> dict[str, Any]:
    """The part of CmafGroupSettings that orders previews of a picture that is shown at `width` x `height` pixels."""
    scale = LONG_SIDE / max(width, height)
    return {
        "ImageBasedTrickPlay": "ADVANCED",
        "ImageBasedTrickPlaySettings": {
            "IntervalCadence": "FOLLOW_CUSTOM",
            "ThumbnailInterval": every(duration),
            # The service's own limits: a multiple of 8, and an even number.
            "ThumbnailWidth": max(8, round(width * scale / 8) * 8),
            "ThumbnailHeight": max(2, round(height * scale / 2) * 2),
            "TileWidth": COLUMNS,
            "TileHeight": ROWS,
        },
    }


def captures(duration: float | None) -> dict[str, Any]:
    """FrameCaptureSettings for the stills from which `poster` chooses."""
    return {
        "FramerateNumerator": STILLS_PER_FILM,
        "FramerateDenominator": max(1, math.floor(duration or UNSTATED)),
        "MaxCaptures": STILLS,
        "Quality": 80,
    }


def poster(sizes: Mapping[str, int]) -> str | None:
    """Name of the best still for the poster. None if there is no still. `sizes` maps an object's name to its bytes.

    It is the largest JPEG, because a black or blurred picture makes a small file.
    """
    stills = sorted(name for name, size in sizes.items() if size and names.STILL.fullmatch(name))
    return max(stills[SKIPPED:] or stills, key=lambda name: sizes[name], default=None)
