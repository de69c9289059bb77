"""Finds the point of presence that is nearest to a country's viewers."""

from collections.abc import Sequence
from math import acos, cos, radians, sin

from facts.countries import countries
from facts.regions import REGIONS

EARTH_KM = 6371


def distance(country: str, region: str) -> float:
    """Kilometres from a country's viewers to a region, over the globe."""
    (here, east), (there, west) = (
        [radians(degrees) for degrees in place] for place in (countries()[country], REGIONS[region].place)
    )
    # For two equal places rounding may give a value just over 1, which acos refuses.
    return EARTH_KM * acos(min(1.0, sin(here) * sin(there) + cos(here) * cos(there) * cos(east - west)))


def nearest_pop(country: str, regions: Sequence[str]) -> str:
    """The region with the shortest distance to a country. If two are equally near, the first of them."""
    return min(regions, key=lambda region: distance(country, region))


def countries_by_region(*, home: str, regions: Sequence[str]) -> dict[str, str]:
    """For each region but `home`: the codes of the countries that are nearest to it, with spaces between them.

    `home` serves all other countries, and viewers whose country CloudFront does not know. Raises ValueError for a
    region without coordinates in facts/regions.py.
    """
    if unknown := sorted({home, *regions} - REGIONS.keys()):
        raise ValueError(f"nearest_pop: no coordinates for {', '.join(unknown)}; add them to facts/regions.py")
    candidates = [home, *(region for region in regions if region != home)]
    by_region: dict[str, list[str]] = {}
    for country in countries():
        if (region := nearest_pop(country, candidates)) != home:
            by_region.setdefault(region, []).append(country)
    return {region: " ".join(codes) for region, codes in sorted(by_region.items())}
