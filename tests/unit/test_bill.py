"""What a month would cost: the arithmetic, by hand for a stack whose size is known."""

import pytest

from bench.bill import MONTHS, Month, Shape, bill, delivery, table

SMALL = Shape(
    nodes=4, instance_type="c7gd.medium", volume_gb=16, balancers=1, alarms=10, keys=1, firewalls=0, replicas=0
)
IDLE = Month("idle", "dev", 0, 0, 0)


@pytest.mark.parametrize(
    ("gb", "usd"),
    [(0, 0), (1_000, 0), (1_001, 0.085), (10_000, 765), (10_001, 765.08), (50_000, 3_965), (6_000_000, 159_085)],
)
def test_bytes_to_viewers_are_billed_by_tier(gb: float, usd: float) -> None:
    assert delivery(gb) == pytest.approx(usd)


def test_an_idle_stack_costs_its_nodes_balancer_and_alarms() -> None:
    lines = bill(SMALL, IDLE)
    assert {name: round(usd, 2) for name, usd in lines.items() if usd} == {
        "Cache nodes": 132.57,  # 4 x 730 h x 0.0454
        "Their volumes and metrics": 13.52,  # 4 x (16 x 0.08 + 7 x 0.30)
        "Load balancers": 16.43,
        "Alarms, keys, edge metrics": 4.4,  # 10 x 0.10 + 1.00 + 8 x 0.30
    }


def test_what_is_watched_encoded_and_kept_comes_on_top() -> None:
    idle, lines = bill(SMALL, IDLE), bill(SMALL, Month("busy", "dev", 10_000, 2, 5))
    more = {name: round(usd - idle[name], 2) for name, usd in lines.items() if usd != idle[name]}
    assert more == {
        "Load balancers": 9.0,  # 22.5 TB, of which a twentieth, at 0.008
        "CloudFront, bytes to viewers": 1765.0,  # 9,000 x 0.085 + 12,500 x 0.08
        "CloudFront, requests": 2.0,  # two million over the ten that are free
        "Encoding": 6.3,  # 120 minutes x 7 (two HD rungs count twice) x 0.0075
        "Storage, sources and renditions": 1.85,  # 5 x (10 + 6.075) x 0.023
        "(S3 and Origin Shield instead)": 0.69,
    }


def test_the_alternative_is_shown_and_not_added() -> None:
    months = [Month("busy", "dev", 10_000, 2, 5)]
    *lines, together, alternative = table(months, [bill(SMALL, months[0])])
    shown = [float(line.split()[-1].replace(",", "")) for line in lines[1:]]
    assert float(together.split()[-1].replace(",", "")) == pytest.approx(sum(shown), rel=0.01)
    assert alternative.startswith("(S3 and Origin Shield instead)")


def test_a_node_without_a_price_is_named() -> None:
    with pytest.raises(ValueError, match=r"no price for i8g\.8xlarge; add it to NODE"):
        bill(SMALL._replace(instance_type="i8g.8xlarge"), MONTHS[0])
