"""Previews: the small pictures that a player shows while a viewer seeks, and the stills for the poster. Pure.

Previews are Roku's image-based trick play: sheets of small JPEG pictures in both manifests. AWS does not document what
the service calls their files: whoever wants them follows the manifests. Two hours are 29 sheets of some 100 kB each.
"""

import math
from collections.abc import Mapping
from typing import Any

from lambdas import names

LONG_SIDE = 240
"""Pixels of a preview: sharp at the size at which the page shows it, on most screens."""
COLUMNS = ROWS = 5
"""Of a sheet. Larger ones cost fewer requests, and the first preview comes later."""
MOST_PREVIEWS = 100
"""Of a short film, which has one a second at most; a long one has one every SLOWEST seconds."""
FASTEST, SLOWEST = 1, 10

STILLS_PER_FILM = 20
STILLS = STILLS_PER_FILM // 2 + 1
"""From the first frame, where the service always begins, to the middle of the film: later ones would tell the end."""
SKIPPED = STILLS_PER_FILM // 10
"""Stills of the first tenth: black, and logos."""
UNSTATED = 60
"""Seconds that a film which does not say how long it lasts is taken to last."""


def every(duration: float | None) -> int:
    """Seconds from one preview to the next."""
    return min(SLOWEST, max(FASTEST, round((duration or UNSTATED) / MOST_PREVIEWS)))


def trick_play(width: int, height: int, duration: float | None) -> dict[str, Any]:
    """CmafGroupSettings' part, for a picture that is shown at `width` x `height`."""
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
    """FrameCaptureSettings of the stills that `poster` chooses from."""
    return {
        "FramerateNumerator": STILLS_PER_FILM,
        "FramerateDenominator": max(1, math.floor(duration or UNSTATED)),
        "MaxCaptures": STILLS,
        "Quality": 80,
    }


def poster(sizes: Mapping[str, int]) -> str | None:
    """Name of the still that makes the best poster, of all objects' bytes by their names; None where there is none.

    It is the largest JPEG: a black or blurred picture compresses to little.
    """
    stills = sorted(name for name, size in sizes.items() if size and names.STILL.fullmatch(name))
    return max(stills[SKIPPED:] or stills, key=lambda name: sizes[name], default=None)
