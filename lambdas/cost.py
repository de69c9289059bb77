"""What it costs to encode and to store a title, by list prices. Pure."""

from collections.abc import Iterable
from typing import TypedDict

from facts.prices import ENCODING, PROFESSIONAL, STORAGE
from lambdas.refusals import SourceRefused
from lambdas.shapes import Expected

HD = 720
"""Short side in pixels. From this size on, MediaConvert charges each minute twice."""


class Cost(TypedDict):
    """The cost in the title's row. It covers the home region alone; the copies in other regions cost storage too."""

    minutes: dict[str, float]
    """Rung (such as `720p`) to the normalised minutes that MediaConvert charges for it."""
    tier: str
    """`Basic`, or `Professional` if the picture is corrected."""
    usd: float
    """US dollars to encode the title once."""
    storage_usd: float
    """US dollars a month to store the upload and its renditions, if each rendition has its highest allowed bitrate."""


def normalised_minutes(seconds: float, short: int) -> float:
    """The minutes that MediaConvert charges for `seconds` of a rung whose short side is `short` pixels."""
    return seconds / 60 * (2 if short >= HD else 1)


def usd(shorts: Iterable[int], seconds: float) -> float:
    """US dollars to encode `seconds` once, in the Basic tier, to rungs with these short sides in pixels."""
    return sum(normalised_minutes(seconds, short) for short in shorts) * ENCODING.usd


def cost(expected: Expected, size: int, *, corrected: bool) -> Cost | None:
    """The cost of the planned renditions of an upload of `size` bytes. None if the length of the film is not known.

    `corrected`: the picture is deinterlaced, or its colours are converted.
    """
    seconds = expected["duration"]
    if seconds is None:
        return None
    rungs = expected["renditions"]
    minutes = {rung["name"]: normalised_minutes(seconds, min(rung["width"], rung["height"])) for rung in rungs}
    kept_gb = (size + sum(rung["max_bitrate"] for rung in rungs) / 8 * seconds) / 1e9
    return {
        "minutes": {name: round(value, 3) for name, value in minutes.items()},
        "tier": "Professional" if corrected else "Basic",
        "usd": round(sum(minutes.values()) * (PROFESSIONAL if corrected else ENCODING).usd, 4),
        "storage_usd": round(kept_gb * STORAGE.usd, 6),
    }


def check(found: Cost | None, most_usd: float) -> None:
    """Raise SourceRefused if the encode costs more than `most_usd` US dollars. 0 allows everything."""
    if not most_usd:
        return
    if found is None:
        raise SourceRefused(
            "The file does not say how long it lasts, so its cost cannot be computed. A title may cost at most"
            f" {most_usd:.2f} US dollars here. This command makes a copy that says its length, to upload instead:"
            " ffmpeg -i FILE -c copy NEW.mkv"
        )
    if found["usd"] > most_usd:
        minutes = sum(found["minutes"].values())
        raise SourceRefused(
            f"The encode of the film would cost {found['usd']:.2f} US dollars ({minutes:.0f} normalised minutes,"
            f" {found['tier']} tier). A title may cost at most {most_usd:.2f} here. Upload a shorter or smaller film,"
            " or ask an operator to raise maxTitleUsd."
        )
