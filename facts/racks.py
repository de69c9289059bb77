"""The cost of your own servers in racks outside AWS. The figures are orders of magnitude: ask for offers."""

from typing import NamedTuple


class RackPrice(NamedTuple):
    """A figure and its source."""

    value: float
    unit: str
    source: str


SERVER_GBPS = RackPrice(400, "Gb/s a server", "Netflix, EuroBSDCon 2021: an EPYC 7502P, 18 NVMe disks, TLS included")
SERVER_USD = RackPrice(25_000, "dollars a server", "an assumption, not confirmed")
SERVER_MONTHS = RackPrice(48, "months of use", "an assumption")
SERVER_KILOWATTS = RackPrice(0.6, "kW a server", "an assumption, not confirmed")
ROOM_USD = RackPrice(200, "dollars a kW and month, room and power", "an assumption, not confirmed")
TRANSIT_USD = RackPrice(
    1.00,
    "dollars a Mb/s and month",
    "TeleGeography, median 10 GigE port in London, second quarter of 2015; far less since, and nothing inside an "
    "internet provider's own network",
)
TEAM_USD = RackPrice(250_000, "dollars a month for those who run it, spares and tools", "an assumption")
