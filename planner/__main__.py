"""`make plan`: what an audience needs, which quotas it meets, what it costs. `make scale` updates docs/scale.md."""

from pathlib import Path
from typing import Annotated, Any

import typer

from local.engine import ProgramError, run_program
from planner.bill import PROJECT, shape
from planner.page import CHART, PLACES, SIZES, blocks, renewed
from planner.plan import Demand, plan
from planner.tables import quota_table, rack_table, size_table

app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True)
DEFAULT = Demand(1)


def option(text: str) -> Any:
    """An option of the command with its help text."""
    return typer.Option(help=text)


@app.command()
def size(
    subscribers: Annotated[list[int] | None, typer.Argument(help="One column each. Default: the page's sizes.")] = None,
    concurrency: Annotated[float, option("Share of subscribers watching at the busiest moment.")] = DEFAULT.concurrency,
    mbps: Annotated[float, option("Average Mb/s of one stream.")] = DEFAULT.mbps,
    load: Annotated[float, option("Mean traffic, as a share of the busiest moment's.")] = DEFAULT.load,
    titles: Annotated[int, option("Titles in the catalogue.")] = DEFAULT.titles,
    hours: Annotated[float, option("Hours of one title.")] = DEFAULT.hours,
    zipf: Annotated[float, option("Exponent of popularity.")] = DEFAULT.zipf,
    new_titles: Annotated[int, option("New titles a month.")] = DEFAULT.new_titles,
    regions: Annotated[int, option("0: chosen by the subscribers.")] = DEFAULT.regions,
    origin_share: Annotated[float, option("Largest share of bytes from buckets.")] = DEFAULT.origin_share,
    hit_seconds: Annotated[float, option("`make bench`: CPU for 1 GB, node hit.")] = DEFAULT.hit_seconds,
    fill_seconds: Annotated[float, option("`make bench`: the same, node fill.")] = DEFAULT.fill_seconds,
    stack: Annotated[str, option("Stack whose ladder the films have. Default: the default ladder.")] = "",
) -> None:
    """Print what an audience needs, the quotas that it meets, and from which size your own racks are cheaper."""
    given = Demand(
        1, concurrency, mbps, load, titles, hours, zipf, new_titles, regions, origin_share, hit_seconds, fill_seconds
    )
    try:
        steps = shape(run_program(PROJECT, stack=stack)).steps if stack else DEFAULT.steps
        # The page's sizes have catalogues of their own. Only options that differ from the defaults replace theirs.
        chosen = {name: value for name, value in given._asdict().items() if value != getattr(DEFAULT, name)}
        demands = [given._replace(subscribers=each) for each in subscribers or ()]
        demands = demands or [demand._replace(**chosen) for demand in SIZES]
        demands = [demand._replace(steps=steps) for demand in demands]
        plans = [plan(demand) for demand in demands]
    except (ProgramError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for table in (size_table, quota_table, rack_table):
        print("\n".join(table(plans)), end="\n\n")


@app.command()
def page(root: Annotated[Path, typer.Option(help="Where docs/ is.")] = Path()) -> None:
    """Update the planner's tables in README.md and docs/, and the chart. The text around them stays."""
    made, chart = blocks()
    for name in PLACES:
        path = root / name
        path.write_text(renewed(name, path.read_text(encoding="utf-8"), made), encoding="utf-8")
    (root / CHART).write_text(chart, encoding="utf-8")


if __name__ == "__main__":
    app()
