"""From an audience and a catalogue to regions, fleets, nodes, traffic, dollars a month, and the quotas met. Pure.

docs/scale.md has the formulas in words. Prices and quotas are in facts/. `make bench` measured the processor time.
"""

import math
from functools import cache
from typing import NamedTuple, get_args

from components.serving.scaling import BUSY_SHARE
from facts import quotas
from facts.instances import INSTANCE_TYPES
from facts.quotas import Quota
from lambdas.ladder import STEPS, Steps
from planner.bill import (
    HOURS,
    MISSES,
    REQUESTS,
    WATCHED_GB,
    Month,
    Shape,
    bill,
    node_hour,
    rendition_gb,
    together,
)
from planner.popularity import missed_by_lru, missed_by_share, requests, zipf
from settings import MOST_NODES, MOST_REGIONS, Settings

HIT_SECONDS, FILL_SECONDS = 0.133, 2.10
"""Processor seconds of a node for a gigabyte from its cache, and for a gigabyte that it must fetch. docs/scale.md says
where they come from, and why they are not the smallest that were measured."""
FLEETS = [number for number in get_args(Settings.model_fields["fleets"].annotation) if number]
BALANCER_GBPS = quotas.BALANCER_UNITS.value * 8 / 3600
"""Gb/s of one load balancer. One capacity unit is a gigabyte an hour."""
SLICE_GB = 0.001
"""GB that a node asks the bucket for in one request: a megabyte."""
ZONES = 3


class Demand(NamedTuple):
    """An audience and a catalogue."""

    subscribers: int
    concurrency: float = 0.10
    """Share of subscribers who watch at the busiest moment."""
    mbps: float = 5.0
    """Average Mb/s of one stream."""
    load: float = 0.5
    """Mean traffic over the month, as a share of the busiest moment's."""
    titles: int = 2_000
    hours: float = 1.5
    """Length of one title in hours."""
    zipf: float = 0.8
    """Exponent of the titles' popularity. Studies of video on demand find 0.6 to 1.0."""
    new_titles: int = 20
    """New titles a month."""
    regions: int = 0
    """Number of regions. 0: as many as `regions_for` says."""
    origin_share: float = 0.01
    """Largest share of the viewers' bytes that the buckets may send, if enough disk can reach that."""
    hit_seconds: float = HIT_SECONDS
    fill_seconds: float = FILL_SECONDS
    steps: Steps = STEPS
    """The ladder."""


class Fleets(NamedTuple):
    """The fleets of each region."""

    fleets: int
    instance_type: str
    nodes: int
    """Nodes of one fleet."""

    @property
    def all_nodes(self) -> int:
        """Nodes in one region."""
        return self.fleets * self.nodes


class Met(NamedTuple):
    """A quota, and what the plan needs of it."""

    what: str
    need: float
    quota: Quota


class Plan(NamedTuple):
    """What an audience needs. Gb/s are those of the busiest moment."""

    demand: Demand
    regions: int
    fleets: Fleets
    viewers_gbps: float
    fleets_gbps: float
    """Gb/s that all fleets together send: what the edges miss."""
    bucket_gbps: float
    """Gb/s that all buckets together send: what the fleets miss."""
    cores: float
    """Busy cores of a node that uses `BUSY_SHARE` of its bandwidth."""
    balancers: int
    """Balancers that one region would need for its bytes."""
    month_gb: float
    usd: dict[str, float]
    """US dollars a month, by line of the bill."""
    without_usd: float
    """US dollars a month with `fleets: 0`."""
    met: list[Met]


def regions_for(subscribers: int) -> int:
    """Number of regions: one for a small audience, three for three continents, and the config's limit for the world."""
    return 1 if subscribers < 100_000 else 3 if subscribers < 10_000_000 else MOST_REGIONS


def plan(demand: Demand) -> Plan:
    """The cheapest fleets that keep the buckets below `origin_share`. If none do, the fleets that come closest to it.

    Raises:
        ValueError: for a value outside its range, which the message names.
    """
    _check(demand)
    regions = demand.regions or regions_for(demand.subscribers)
    viewers_gbps = demand.subscribers * demand.concurrency * demand.mbps / 1000
    fleets_gbps = viewers_gbps * MISSES
    fleets, origin_share = _cheapest(demand, fleets_gbps / regions)
    month_gb = viewers_gbps / 8 * demand.load * HOURS * 3600
    balancers = max(1, math.ceil(fleets_gbps / regions / BALANCER_GBPS))
    # The bill counts hours at its own bitrate, so these are the hours with the same number of bytes.
    month = Month(
        title="",
        stack="",
        config={},
        watched=round(month_gb / WATCHED_GB),
        encoded=round(demand.new_titles * demand.hours),
        kept=round(demand.titles * demand.hours),
    )
    shape = Shape(
        nodes={fleets.instance_type: fleets.all_nodes * regions},
        volumes_gb=16 * fleets.all_nodes * regions,
        balancers=balancers * regions,
        alarms=10 + regions * (3 + 2 * fleets.fleets),
        keys=regions,
        firewalls=1,
        replicas=regions - 1,
        steps=demand.steps,
        fleets=fleets.fleets * regions,
    )
    # The processor time of a gigabyte does not depend on the number of nodes or viewers.
    busy_gbps = INSTANCE_TYPES[fleets.instance_type].baseline_gbps * BUSY_SHARE
    missed = origin_share / MISSES
    seconds = demand.hit_seconds + missed * demand.fill_seconds
    made = Plan(
        demand=demand,
        regions=regions,
        fleets=fleets,
        viewers_gbps=viewers_gbps,
        fleets_gbps=fleets_gbps,
        bucket_gbps=viewers_gbps * origin_share,
        cores=busy_gbps / 8 * seconds,
        balancers=balancers,
        month_gb=month_gb,
        usd=bill(shape, month),
        without_usd=together(bill(shape._replace(nodes={}, volumes_gb=0, balancers=1, replicas=0, fleets=0), month)),
        met=[],
    )
    return made._replace(met=_met(made))


def _check(demand: Demand) -> None:
    for name, low, high in (
        ("subscribers", 1, 1e10),
        ("concurrency", 0.0001, 1),
        ("mbps", 0.1, 100),
        ("load", 0.01, 1),
        ("titles", 1, 1e7),
        ("hours", 0.01, 100),
        ("zipf", 0, 3),
        ("new_titles", 0, 1e6),
        ("regions", 0, MOST_REGIONS),
        ("origin_share", 0.0001, MISSES),
        ("hit_seconds", 0.001, 100),
        ("fill_seconds", 0.001, 100),
    ):
        value = getattr(demand, name)
        if not low <= value <= high:
            raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value:g}")


def origin_share(demand: Demand, disk_gb: float) -> float:
    """Share of the viewers' bytes that a region's bucket sends, if its fleets have `disk_gb` together.

    The edge keeps the most popular titles, so the fleets get requests for the less popular ones.
    """
    return _origin_share(demand.titles, demand.zipf, disk_gb / (demand.hours * rendition_gb(demand.steps)))


@cache
def _origin_share(titles: int, exponent: float, capacity: float) -> float:
    past_the_edge = missed_by_share(zipf(titles, exponent), 1 - MISSES)
    return requests(missed_by_lru(past_the_edge, capacity))


def _cheapest(demand: Demand, gbps: float) -> tuple[Fleets, float]:
    """The cheapest fleets of one region that must send `gbps`, and the share of viewers' bytes from its bucket."""
    found = list[tuple[Fleets, float, float]]()
    for name, instance in INSTANCE_TYPES.items():
        for number in FLEETS:
            # If one zone fails, the others carry the busiest moment. At least two nodes, so that one may be replaced.
            nodes = gbps / number / (instance.baseline_gbps * BUSY_SHARE) * ZONES / (ZONES - 1)
            fleets = Fleets(number, name, max(2, math.ceil(nodes)))
            share = origin_share(demand, number * instance.nvme_gb)
            found.append((fleets, share, fleets.all_nodes * node_hour(name)))
    good = [each for each in found if each[1] <= demand.origin_share and each[0].nodes <= MOST_NODES]
    if good:
        fleets, share, _ = min(good, key=lambda each: (each[2], each[0].all_nodes))
    else:
        fleets, share, _ = min(found, key=lambda each: (each[0].nodes > MOST_NODES, each[1], each[2]))
    return fleets, share


def _met(made: Plan) -> list[Met]:
    demand, regions, fleets = made.demand, made.regions, made.fleets
    a_second = demand.subscribers * demand.concurrency * REQUESTS / 3600
    region_gbps = made.fleets_gbps / regions
    jobs_a_second = demand.new_titles / (HOURS * 3600)
    return [
        Met("CloudFront: bytes", made.viewers_gbps, quotas.EDGE_GBPS),
        Met("CloudFront: requests", a_second, quotas.EDGE_REQUESTS),
        Met("CloudFront: VPC origins", regions * made.balancers, quotas.VPC_ORIGINS),
        Met("CloudFront: origins", regions * made.balancers + 3, quotas.EDGE_ORIGINS),
        Met("Load balancers of one region", made.balancers, quotas.BALANCERS),
        Met("Load balancer: bytes", region_gbps * 3600 / 8, quotas.BALANCER_UNITS),
        Met("Load balancer: targets", fleets.all_nodes + 1, quotas.BALANCER_TARGETS),
        Met("Load balancer: target groups", fleets.fleets + 1, quotas.BALANCER_GROUPS),
        Met("Load balancer: rules", 17, quotas.BALANCER_RULES),
        Met("S3: requests of one region", made.bucket_gbps / regions / 8 / SLICE_GB, quotas.BUCKET_GETS),
        # Assumptions: an encode takes as long as its film, and the films of a month come within its 160 working hours.
        Met("MediaConvert: jobs at once", demand.new_titles * demand.hours / 160, quotas.ENCODING_JOBS),
        Met("MediaConvert: new jobs", jobs_a_second, quotas.ENCODING_STARTS),
        Met(
            "EC2: vCPUs of one region",
            fleets.all_nodes * INSTANCE_TYPES[fleets.instance_type].vcpus,
            quotas.INSTANCE_VCPUS,
        ),
        Met("VPC: addresses of one subnet", math.ceil(fleets.all_nodes / ZONES), quotas.VPC_ADDRESSES),
    ]


def verdict(met: Met) -> str:
    """Whether a quota is enough, must be raised, or cannot be raised."""
    if met.need <= met.quota.value:
        return "enough"
    times = met.need / met.quota.value
    if not met.quota.can_be_raised:
        return f"cannot be raised; {times:,.1f} x is needed"
    return f"ask for {times:,.1f} x" if times < 100 else f"ask for {times:,.0f} x"
