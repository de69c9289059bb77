"""Countries, and one place for the viewers of each."""

import csv
from functools import cache
from itertools import filterfalse
from pathlib import Path

Place = tuple[float, float]
"""Latitude and longitude, in degrees."""


@cache
def countries() -> dict[str, Place]:
    """Places by ISO 3166 code, as the header CloudFront-Viewer-Country has it."""
    with Path(__file__).with_name("countries.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(filterfalse(lambda line: line.startswith("#"), file))
        return {row["country"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}
