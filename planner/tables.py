"""The planner's tables as text, as the command prints them and docs/scale.md quotes them. Pure."""

from collections.abc import Iterator, Sequence

from facts.instances import INSTANCE_TYPES
from facts.quotas import ENCODING_JOBS
from facts.racks import SERVER_GBPS
from planner.bill import three_digits, together
from planner.plan import BALANCER_GBPS, Plan, verdict
from planner.racks import crossover_gbps, edge_month, rack_month, servers
from planner.year import WARM_WEEKS, Served

NAME, CELL = 34, 20
"""Characters of a table's first column, and of each other column."""


def line(name: str, cells: Sequence[str]) -> str:
    """One row."""
    return f"{name:{NAME}}" + "".join(f"{cell:>{CELL}}" for cell in cells)


def figure(value: float) -> str:
    """A number with three digits: 0.0243, 12.5, 1,230."""
    return three_digits(value) if value == 0 or abs(value) >= 100 else f"{value:.3g}"


def size_table(plans: Sequence[Plan]) -> Iterator[str]:
    """What each audience needs."""
    instances = [INSTANCE_TYPES[plan.fleets.instance_type] for plan in plans]
    pairs = list(zip(plans, instances, strict=True))
    viewers = [plan.demand.subscribers * plan.demand.concurrency for plan in plans]
    yield line("subscribers", [f"{plan.demand.subscribers:,}" for plan in plans])
    yield line("watch at the busiest moment", [three_digits(number) for number in viewers])
    yield line("titles, hours each", [f"{plan.demand.titles:,} x {plan.demand.hours:g}" for plan in plans])
    yield line("popularity, Zipf's exponent", [f"{plan.demand.zipf:g}" for plan in plans])
    yield ""
    yield line("Gb/s to viewers", [figure(plan.viewers_gbps) for plan in plans])
    yield line("Gb/s past the edges, to fleets", [figure(plan.fleets_gbps) for plan in plans])
    yield line("Gb/s past the fleets, to buckets", [figure(plan.bucket_gbps) for plan in plans])
    yield line("TB a month to viewers", [three_digits(plan.month_gb / 1000) for plan in plans])
    yield ""
    yield line("regions", [str(plan.regions) for plan in plans])
    yield line("fleets a region, K", [str(plan.fleets.fleets) for plan in plans])
    yield line("nodes a fleet", [str(plan.fleets.nodes) for plan in plans])
    yield line("instance type", [plan.fleets.instance_type for plan in plans])
    yield line("nodes in all", [f"{plan.fleets.all_nodes * plan.regions:,}" for plan in plans])
    yield line("disk a region, one copy, TB", [figure(p.fleets.fleets * each.nvme_gb / 1000) for p, each in pairs])
    yield line("cores busy, of a node's", [f"{plan.cores:.2f} of {each.vcpus}" for plan, each in pairs])
    yield line(f"balancers a region, of {BALANCER_GBPS:.0f} Gb/s", [str(plan.balancers) for plan in plans])
    days = [plan.demand.titles * plan.demand.hours / ENCODING_JOBS.value / 24 for plan in plans]
    yield line("days to encode it all", [figure(each) for each in days])
    yield ""
    for name in plans[0].usd:
        if not name.startswith("("):
            yield line(f"USD: {name}", [three_digits(plan.usd[name]) for plan in plans])
    yield line("USD a month, together", [three_digits(together(plan.usd)) for plan in plans])
    yield line("USD a month with fleets: 0", [three_digits(plan.without_usd) for plan in plans])
    yield line("USD: CloudFront at a flat rate", [three_digits(p.usd["(CloudFront at a flat rate)"]) for p in plans])
    yield line("USD a subscriber and month", [f"{together(p.usd) / p.demand.subscribers:.2f}" for p in plans])


def summary_table(plans: Sequence[Plan]) -> Iterator[str]:
    """The few lines for the README."""
    yield line("subscribers", [f"{plan.demand.subscribers:,}" for plan in plans])
    yield line("Gb/s to viewers", [figure(plan.viewers_gbps) for plan in plans])
    yield line("Gb/s past the edges, to fleets", [figure(plan.fleets_gbps) for plan in plans])
    yield line("regions x nodes", [f"{plan.regions} x {plan.fleets.all_nodes}" for plan in plans])
    yield line("instance type", [plan.fleets.instance_type for plan in plans])
    yield line("USD a month, by list prices", [three_digits(together(plan.usd)) for plan in plans])
    short = [sum(met.need > met.quota.value for met in plan.met) for plan in plans]
    yield line("default quotas that are too small", [f"{number} of {len(plans[0].met)}" for number in short])


def quota_table(plans: Sequence[Plan]) -> Iterator[str]:
    """The quotas of AWS that each audience meets."""
    yield line("quota (default)", [f"{plan.demand.subscribers:,}" for plan in plans])
    for index, first in enumerate(plans[0].met):
        cells = [plan.met[index] for plan in plans]
        yield line(f"{first.what} ({first.quota.value:,.0f})", [figure(met.need) for met in cells])
        yield line("", [verdict(met) for met in cells])


def rack_table(plans: Sequence[Plan]) -> Iterator[str]:
    """Your own racks and CloudFront's list price, for the same bytes."""
    yield line("subscribers", [f"{plan.demand.subscribers:,}" for plan in plans])
    yield line("places", [str(plan.regions) for plan in plans])
    numbers = [servers(plan.viewers_gbps, plan.regions) for plan in plans]
    yield line(f"servers of {SERVER_GBPS.value:.0f} Gb/s", [f"{number:,}" for number in numbers])
    yield line("USD: CloudFront, bytes", [three_digits(edge_month(p.viewers_gbps, p.demand.load)) for p in plans])
    ways = {"with transit": True, "inside providers": False}
    for name, transit in ways.items():
        costs = [rack_month(plan.viewers_gbps, plan.regions, transit=transit) for plan in plans]
        yield line(f"USD: racks, {name}", [three_digits(usd) for usd in costs])
    yield ""
    load, mbps, places = plans[0].demand.load, plans[0].demand.mbps, 3
    for name, transit in ways.items():
        gbps = crossover_gbps(load, places, transit=transit)
        at_once = three_digits(gbps * 1000 / mbps)
        yield f"In {places} places, racks {name} cost less from {figure(gbps)} Gb/s on: {at_once} viewers at once."


def year_table(ways: Sequence[Served]) -> Iterator[str]:
    """Shares of a year's bytes that the fleets serve."""
    yield line("share of the viewers' bytes", [way.name for way in ways])
    yield line("from the fleets", [f"{way.offload:.1%}" for way in ways])
    yield line("the same, worst week", [f"{min(way.weekly[WARM_WEEKS:]):.1%}" for way in ways])
    yield line("the same, titles' first 3 days", [f"{way.first_days:.1%}" for way in ways])
    yield line("from the bucket, when asked for", [f"{1 - way.offload:.1%}" for way in ways])
    yield line("from the bucket, before that", [f"{way.filled:.1%}" for way in ways])
    yield line("from the bucket in all", [f"{1 - way.offload + way.filled:.1%}" for way in ways])
