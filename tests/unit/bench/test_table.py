"""The table that the bench prints."""

import io

import pytest
from rich.console import Console

from bench.figures import Row, Spread
from bench.table import cell, number, show

ROWS = [
    Row("Serving", "node hit, 1 GB", "s", [0.12, 0.10, 0.11], "static [sendfile]", [0.10, 0.10, 0.10]),
    Row("Serving", "origin fetches", "", [1], "nginx's default cache", [200]),
    Row("Registering", "dev", "MB", [162.0, 162.0]),
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (0.0009996, "0.00100"),
        (0.001234, "0.00123"),
        (0.9996, "1.00"),
        (1.0, "1.00"),
        (1, "1"),
        (12.34, "12.3"),
        (99.96, "100"),
        (162.4, "162"),
        (12345.6, "12346"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_cell_leaves_out_a_range_that_is_none() -> None:
    assert cell(Spread(2.0, 1.0, 3.0), "s") == "2.00 s (1.00-3.00)"
    assert cell(Spread(2.0, 2.0, 2.001), "s") == "2.00 s"
    assert cell(Spread(2.0, 2.0, 2.0)) == "2.00"


def test_without_a_terminal_each_figure_is_a_line() -> None:
    out = io.StringIO()
    show(ROWS, Console(file=out, width=40))
    assert out.getvalue().splitlines() == [
        "Serving",
        "  node hit, 1 GB: 0.110 s (0.100-0.120); static [sendfile]: 0.100 s; ratio 1.10 (1.00-1.20)",
        "  origin fetches: 1; nginx's default cache: 200; ratio 0.00500",
        "Registering",
        "  dev: 162 MB",
    ]


def test_on_a_terminal_it_is_one_table_with_every_figure() -> None:
    out = io.StringIO()
    show(ROWS, Console(file=out, width=160, force_terminal=True, color_system=None))
    lines = [[part.strip() for part in line.split("│")] for line in out.getvalue().splitlines()]
    assert ["node hit, 1 GB", "0.110 s (0.100-0.120)", "static [sendfile]", "0.100 s", "1.10 (1.00-1.20)"] in lines
    assert ["dev", "162 MB", "", "", ""] in lines
    assert [line[0] for line in lines].index("Serving") < [line[0] for line in lines].index("Registering")
