"""Which point of presence is nearest to a country's viewers."""

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
    # Rounding may leave the arc cosine's domain for two places that are the same.
    return EARTH_KM * acos(min(1.0, sin(here) * sin(there) + cos(here) * cos(there) * cos(east - west)))


def nearest_pop(country: str, regions: Sequence[str]) -> str:
    """The region with the shortest way to a country; of equal ones the first."""
    return min(regions, key=lambda region: distance(country, region))


def countries_by_region(*, home: str, regions: Sequence[str]) -> dict[str, str]:
    """By region other than `home`: the codes of the countries that it is nearest to, with spaces between them.

    `home` gets every country that no other of `regions` is nearer to, and viewers whose country CloudFront does not
    know. Raises ValueError for a region that has no place on the map here.
    """
    if unknown := sorted({home, *regions} - REGIONS.keys()):
        raise ValueError(f"nearest_pop: no coordinates for {', '.join(unknown)}; add them to facts/regions.py")
    candidates = [home, *(region for region in regions if region != home)]
    by_region: dict[str, list[str]] = {}
    for country in countries():
        if (region := nearest_pop(country, candidates)) != home:
            by_region.setdefault(region, []).append(country)
    return {region: " ".join(codes) for region, codes in sorted(by_region.items())}
