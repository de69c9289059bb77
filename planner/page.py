"""The planner's part of the pages: tables, each between two comments, and a chart."""

import re
from collections.abc import Mapping

from planner.chart import line_chart
from planner.plan import Demand, plan
from planner.tables import quota_table, rack_table, size_table, summary_table, year_table
from planner.year import WARM_WEEKS, Year, simulate

CHART = "docs/offload.svg"
PLACES = {"docs/scale.md": ("sizes", "quotas", "racks", "year"), "README.md": ("summary",)}
"""The tables of each page."""
SIZES = (
    Demand(1_000, titles=200, new_titles=5),
    Demand(1_000_000),
    Demand(220_000_000, titles=8_000, new_titles=150),
)


def blocks() -> tuple[dict[str, str], str]:
    """The tables by their names in the pages, and the chart as SVG."""
    plans, ways = [plan(demand) for demand in SIZES], simulate(Year())
    tables = {
        "sizes": size_table(plans),
        "quotas": quota_table(plans),
        "racks": rack_table(plans),
        "year": year_table(ways),
        "summary": summary_table(plans),
    }
    chart = line_chart(
        "Share of the viewers' bytes that the fleets serve, by week",
        {way.name: way.weekly[WARM_WEEKS:] for way in ways},
        across=f"weeks of the year, after {WARM_WEEKS} in which the caches fill",
        lowest=0.4,
        highest=1.0,
    )
    return {name: "\n".join(lines) for name, lines in tables.items()}, chart


def renewed(path: str, page: str, made: Mapping[str, str]) -> str:
    """The page with its tables up to date.

    Raises:
        ValueError: if the page has no place for a table, or two places.
    """
    for name in PLACES[path]:
        text = made[name]
        place = rf"(<!-- planner: {name} -->\n```text\n).*?(```\n<!-- end -->)"
        page, found = re.subn(place, lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page, flags=re.DOTALL)
        if found != 1:
            raise ValueError(f"{path} has {found} places for the table {name!r}, and needs one")
    return page
