"""The bench's table. On a terminal it is drawn; elsewhere each figure is a line."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figures import Row, Spread, ratio, spread


def number(value: float) -> str:
    """A figure with three significant digits: 0.0123, 1.23, 12.3, 1234. A count (an int) is not rounded."""
    if isinstance(value, int):
        return str(value)
    exponent = int(f"{value:.2e}".partition("e")[2])
    return f"{value:.{max(0, 2 - exponent)}f}"


def cell(figure: Spread, unit: str = "") -> str:
    """`1.23 s (1.20-1.31)`. The range is left out if there is none."""
    middle, low, high = (number(value) for value in figure)
    text = f"{middle} {unit}".strip()
    return text if low == high else f"{text} ({low}-{high})"


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Five cells: name, figure, name of the comparison, its figure, the ratio. The last three may be empty."""
    figure = cell(spread(row.values), row.unit)
    if not row.reference:
        return row.what, figure, "", "", ""
    reference = cell(spread(row.reference), row.unit)
    return row.what, figure, row.against, reference, cell(ratio(row.values, row.reference))


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows below the names of their parts. Figures are medians, with the range of rounds in brackets."""
    parts = list(dict.fromkeys(row.part for row in rows))
    if not console.is_terminal:
        for part in parts:
            console.print(part, markup=False, highlight=False)
            for what, figure, against, reference, times in (cells(row) for row in rows if row.part == part):
                compared = f"; {against}: {reference}; ratio {times}" if times else ""
                line = f"  {what}: {figure}{compared}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("", "median (min-max)", "compared with", "its median (min-max)", "ratio (min-max)"):
        table.add_column(heading)
    for part in parts:
        table.add_row(Text(part, style="bold"))
        for line in (cells(row) for row in rows if row.part == part):
            table.add_row(*(Text(text) for text in (f"  {line[0]}", *line[1:])))
        table.add_section()
    console.print(table)
