"""Filling at night: the files that caches keep, and the gain over a year."""

import pytest

from planner.chart import line_chart
from planner.page import CHART, PLACES, blocks, renewed
from planner.year import DAYS, Year, days, simulate
from tests.declared import ROOT

SHORT = Year(titles=100, new_a_week=1, plays_a_day=60)


def test_a_year_is_made_of_weeks_with_premieres_and_weekends() -> None:
    year = list(days(SHORT))
    assert len(year) == DAYS
    assert {index % 7 for index, day in enumerate(year) if day.published} == {4}
    assert sum(len(day.plays) for day in year[5::7]) > 1.4 * sum(len(day.plays) for day in year[0::7])
    assert days(SHORT).__next__() == year[0], "seeded"
    assert list(days(SHORT._replace(seed=2))) != year


def test_knowing_more_serves_more() -> None:
    pulled, nightly, forecast, known = simulate(SHORT)
    assert pulled.offload < nightly.offload < forecast.offload < known.offload < 1
    assert pulled.first_days < forecast.first_days
    assert pulled.filled == 0 < forecast.filled < known.filled
    assert all(len(way.weekly) == DAYS // 7 for way in (pulled, nightly, forecast, known))


def test_disks_that_hold_everything_miss_each_part_once() -> None:
    pulled, *_ = simulate(SHORT._replace(capacity=3.0))
    assert pulled.offload > 0.99


def test_the_pages_have_what_the_planner_says_today() -> None:
    made, chart = blocks()
    for name in PLACES:
        page = (ROOT / name).read_text(encoding="utf-8")
        assert renewed(name, page, made) == page, f"{name} is out of date: run `make scale`"
    assert (ROOT / CHART).read_text(encoding="utf-8") == chart, "run `make scale`"


def test_a_page_without_a_place_for_a_table_is_named() -> None:
    with pytest.raises(ValueError, match=r"README\.md has 0 places for the table 'summary', and needs one"):
        renewed("README.md", "no place", {"summary": "1"})


def test_a_chart_draws_each_line_from_edge_to_edge() -> None:
    drawn = line_chart("a < b", {"one": [0.0, 1.0], "two": [1.0, 0.5]}, across="weeks", lowest=0, highest=1)
    assert drawn.count("<polyline") == 2
    assert "a &lt; b" in drawn
    assert 'points="56.0,280.0 544.0,16.0"' in drawn
    with pytest.raises(ValueError, match="lines of one length"):
        line_chart("", {"one": [0.0, 1.0], "two": [1.0]}, across="", lowest=0, highest=1)
