"""A line chart as SVG text, small enough to need no library. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 56, 176, 16, 40
COLOURS = ("#b3541e", "#1f6f8b", "#5b7f3a", "#6b4c9a")
"""They are dark enough for text on white. People who confuse red and green can tell them apart."""


def line_chart(title: str, lines: Mapping[str, Sequence[float]], *, across: str, lowest: float, highest: float) -> str:
    """Draw lines over their index. All have the same length. Values are shares, and the axis shows them in percent,
    from `lowest` to `highest`. `across` is the text below the other axis.

    Raises ValueError for no line, lines of different lengths, or fewer than two points.
    """
    lengths = {len(values) for values in lines.values()}
    if len(lengths) != 1 or (length := lengths.pop()) < 2:
        raise ValueError("a chart needs lines of one length, two points at least")

    def x(index: float) -> float:
        return LEFT + index / (length - 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (highest - value) / (highest - lowest) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12" fill="#333">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for step in range(7):
        value = lowest + step / 6 * (highest - lowest)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>',
            f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.0%}</text>',
        ]
    parts += [
        f'<text x="{x(0):.1f}" y="{HEIGHT - 22}">1</text>',
        f'<text x="{x(length - 1):.1f}" y="{HEIGHT - 22}" text-anchor="end">{length}</text>',
        f'<text x="{x((length - 1) / 2):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>',
    ]
    for colour, (name, values) in zip(COLOURS, lines.items(), strict=False):
        points = " ".join(f"{x(index):.1f},{y(value):.1f}" for index, value in enumerate(values))
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{WIDTH - RIGHT + 8}" y="{y(values[-1]) + 4:.1f}" fill="{colour}">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
