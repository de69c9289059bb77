"""What a title costs, by list prices: to encode it, and to keep it. Pure."""

from collections.abc import Iterable
from typing import TypedDict

from facts.prices import ENCODING, PROFESSIONAL, STORAGE
from lambdas.refusals import SourceRefused
from lambdas.shapes import Expected

HD = 720
"""Short side from which on MediaConvert counts a minute twice."""


class Cost(TypedDict):
    """As the title's row keeps it. Of the home region alone: each copy of the renditions is kept for a price too."""

    minutes: dict[str, float]
    """Normalised minutes that MediaConvert charges, by rung."""
    tier: str
    """`Basic`, or `Professional` where the picture is corrected."""
    usd: float
    """US dollars for encoding it once."""
    storage_usd: float
    """US dollars a month for the upload and its renditions, at what the encoder may not exceed."""


def normalised_minutes(seconds: float, short: int) -> float:
    """The minutes that MediaConvert charges for so many seconds of a rung with this short side (pixels)."""
    return seconds / 60 * (2 if short >= HD else 1)


def usd(shorts: Iterable[int], seconds: float) -> float:
    """US dollars for encoding so many seconds once, in the Basic tier, to rungs with these short sides."""
    return sum(normalised_minutes(seconds, short) for short in shorts) * ENCODING.usd


def cost(expected: Expected, size: int, *, corrected: bool) -> Cost | None:
    """Of what is planned, from an upload of `size` bytes; None where its length is not known.

    `corrected`: it is deinterlaced, or its colours are converted.
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
    """Raise SourceRefused for what costs more to encode than a title may. 0 allows everything."""
    if not most_usd:
        return
    if found is None:
        raise SourceRefused(
            "The file does not say how long it lasts, so nobody can say what it would cost, and a title may cost"
            f" {most_usd:.2f} US dollars here. This writes its length: ffmpeg -i FILE -c copy NEW.mkv"
        )
    if found["usd"] > most_usd:
        minutes = sum(found["minutes"].values())
        raise SourceRefused(
            f"To encode the film would cost {found['usd']:.2f} US dollars ({minutes:.0f} normalised minutes,"
            f" {found['tier']}), and a title may cost {most_usd:.2f} here. Upload a shorter or a smaller one, or ask an"
            " operator to raise maxTitleUsd."
        )
