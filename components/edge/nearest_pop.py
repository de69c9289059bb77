"""The code of the CloudFront Function that picks a viewer's point of presence, with what it has to know put in."""

import csv
import json
from collections.abc import Sequence
from functools import cache
from itertools import filterfalse
from math import acos, cos, radians, sin
from pathlib import Path

from facts.regions import REGIONS

LONGEST_CODE = 10 * 1024
"""Bytes of a CloudFront Function (quota, cannot be raised)."""

Place = tuple[float, float]


@cache
def countries() -> dict[str, Place]:
    """By ISO 3166 code, as CloudFront-Viewer-Country gives it: where the country's viewers are taken to be."""
    with Path(__file__).with_name("countries.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(filterfalse(lambda line: line.startswith("#"), file))
        return {row["country"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}


def nearest_pop(country: str, regions: Sequence[str]) -> str:
    """The region with the shortest way to a country, over the globe; of equal ones the first."""

    def angle(region: str) -> float:
        (here, east), (there, west) = (
            [radians(degrees) for degrees in place] for place in (place_of, REGIONS[region].place)
        )
        # Rounding may leave the arc cosine's domain for two places that are the same.
        return acos(min(1.0, sin(here) * sin(there) + cos(here) * cos(there) * cos(east - west)))

    place_of = countries()[country]
    return min(regions, key=angle)


def nearest_pop_code(*, home: str, regions: Sequence[str], failover_status: Sequence[int]) -> str:
    """JavaScript for a `cloudfront-js-2.0` viewer-request function; origins must be named `pop-<region>` and `media`.

    `home` gets every country that no other of `regions` is nearer to, and viewers whose country CloudFront does not
    know. Raises ValueError for a region that has no place on the map here, or code that CloudFront would refuse.
    """
    if unknown := sorted({home, *regions} - REGIONS.keys()):
        raise ValueError(f"nearest_pop: no coordinates for {', '.join(unknown)}; add them to facts/regions.py")
    candidates = [home, *(region for region in regions if region != home)]
    by_region: dict[str, list[str]] = {}
    for country in countries():
        if (region := nearest_pop(country, candidates)) != home:
            by_region.setdefault(region, []).append(country)
    data = {
        "failover": list(failover_status),
        "countries": {region: " ".join(codes) for region, codes in sorted(by_region.items())},
    }
    template = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    code = template.replace("__DATA__", json.dumps(data))
    if len(code.encode()) > LONGEST_CODE:
        raise ValueError(f"nearest_pop: {len(code.encode())} bytes, CloudFront takes {LONGEST_CODE}")
    return code
