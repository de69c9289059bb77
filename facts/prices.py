"""List prices in us-east-1, in US dollars, each with the month in which somebody read it."""

from typing import NamedTuple


class Price(NamedTuple):
    """A list price in us-east-1."""

    usd: float
    per: str
    read: str
    """The month in which somebody read it, or "undated" or "not confirmed"."""


NODE = {
    "c7gd": Price(0.0454, "vCPU and hour", "not confirmed"),
    "im4gn": Price(0.0909375, "vCPU and hour", "2026-07"),
}
"""On demand, by instance family. Prices are proportional to sizes: an im4gn.4xlarge cost 1.455, a 16xlarge 5.82."""
VOLUME = Price(0.08, "GB of gp3", "not confirmed")
METRIC = Price(0.30, "metric", "not confirmed")
ALARM = Price(0.10, "alarm", "not confirmed")
KEY = Price(1.00, "key", "not confirmed")
BALANCER = Price(0.0225, "hour", "undated")
BALANCER_GB = Price(0.008, "GB (one LCU-hour)", "undated")
STORAGE = Price(0.023, "GB a month", "undated")
GET = Price(0.0004, "1,000 requests", "not confirmed")
REPLICATION = Price(0.02, "GB between regions", "not confirmed")
ENCODING = Price(0.0075, "normalised minute, Basic; an HD one counts twice", "undated; the factor not confirmed")
PROFESSIONAL = Price(0.012, "normalised minute, Professional", "not confirmed: about 1.6 times Basic")
EDGE_REQUESTS = Price(0.01, "10,000 requests over 10 million", "2026-03, not from AWS")
SHIELD = Price(0.0075, "10,000 requests", "not confirmed")
FIREWALL = Price(8.00, "web ACL with 3 rules", "not confirmed")
FIREWALL_REQUESTS = Price(0.60, "million requests", "not confirmed")
EDGE_TIERS = (
    (1_000, Price(0.0, "GB, the first TB", "2026-09")),
    (10_000, Price(0.085, "GB up to 10 TB", "undated")),
    (50_000, Price(0.080, "GB up to 50 TB", "undated")),
    (150_000, Price(0.060, "GB up to 150 TB", "undated")),
    (500_000, Price(0.040, "GB up to 500 TB", "undated")),
    (1_024_000, Price(0.030, "GB up to 1 PB", "undated")),
    (5_000_000, Price(0.025, "GB up to 5 PB", "undated")),
    (float("inf"), Price(0.020, "GB above", "undated")),
)
"""CloudFront to viewers in North America and Europe: (up to how many GB a month, price of each GB).

From a copy of aws.amazon.com/cloudfront/pricing without a date. In other places a GB costs up to four times the last
price.
"""


class FlatRate(NamedTuple):
    """A level of CloudFront's flat-rate plans, for one distribution with one web ACL."""

    name: str
    usd: float
    """US dollars a month for any use. Above the allowance CloudFront may slow down, but bills nothing more."""
    gb: int
    """GB to viewers in a month."""
    requests: int
    """Requests in a month."""


FLAT_RATES = (
    FlatRate("Free", 0, 100, 1_000_000),
    FlatRate("Pro", 15, 50_000, 10_000_000),
    FlatRate("Business", 200, 50_000, 125_000_000),
    FlatRate("Premium", 1_000, 50_000, 500_000_000),
    FlatRate("Premium", 1_450, 75_000, 750_000_000),
    FlatRate("Premium", 2_250, 125_000, 1_250_000_000),
    FlatRate("Premium", 3_500, 200_000, 2_000_000_000),
    FlatRate("Premium", 6_000, 350_000, 3_500_000_000),
    FlatRate("Premium", 10_000, 600_000, 6_000_000_000),
)
"""The cheapest first; read 2026-09. They replace the prices of bytes, requests and web ACL. For more, ask AWS."""
