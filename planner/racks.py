"""From which size your own nodes in rented racks cost less than CloudFront by its list price. Pure."""

import math

from facts.racks import ROOM_USD, SERVER_GBPS, SERVER_KILOWATTS, SERVER_MONTHS, SERVER_USD, TEAM_USD, TRANSIT_USD
from planner.bill import HOURS, delivery

FULL = 0.6
"""Share of a server's network bandwidth that the busiest moment may use. It is the same for a cache fleet on AWS."""


def servers(gbps: float, places: int) -> int:
    """Servers that send this much at the busiest moment. Each place has at least two, so that one may fail."""
    return max(2 * places, math.ceil(gbps / (SERVER_GBPS.value * FULL)))


def rack_month(gbps: float, places: int, *, transit: bool = True) -> float:
    """US dollars a month for `gbps` at the busiest moment. Racks inside internet providers need no transit."""
    of_one = SERVER_USD.value / SERVER_MONTHS.value + SERVER_KILOWATTS.value * ROOM_USD.value
    return TEAM_USD.value + servers(gbps, places) * of_one + (gbps * 1000 * TRANSIT_USD.value if transit else 0)


def edge_month(gbps: float, load: float) -> float:
    """US dollars a month for the same traffic from CloudFront, by list price."""
    return delivery(gbps / 8 * load * HOURS * 3600)


def crossover_gbps(load: float, places: int, *, transit: bool = True) -> float:
    """Gb/s at the busiest moment from which racks cost less than CloudFront."""
    low, high = 0.1, 1e6
    for _ in range(60):
        middle = (low * high) ** 0.5
        cheaper = rack_month(middle, places, transit=transit) < edge_month(middle, load)
        low, high = (low, middle) if cheaper else (middle, high)
    return high
