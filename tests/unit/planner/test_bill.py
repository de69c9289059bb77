"""The cost of a month: computed by hand for a stack whose size is known."""

import json
import runpy
from pathlib import Path

import pytest

from components.serving.cache_node import user_data as nodes
from lambdas.ladder import STEPS, steps_of
from local.engine import run_program
from local.serving.nodes import written_files
from planner.bill import (
    FLEET_METRICS,
    MONTHS,
    Month,
    Shape,
    bill,
    delivery,
    flat_rate,
    node_hour,
    shape,
    table,
    together,
)
from tests.declared import ROOT, whole
from tests.node_config import node_config

SMALL = Shape(
    nodes={"c7gd.medium": 4}, volumes_gb=64, balancers=1, alarms=10, keys=1, firewalls=0, replicas=0, fleets=2
)
IDLE = Month("idle", "dev", {}, 0, 0, 0)


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
        "Their volumes and metrics": 23.72,  # 4 x (16 x 0.08 + 7 x 0.30) + 2 x 17 x 0.30
        "Load balancers": 16.43,
        "Alarms, keys, edge metrics": 4.4,  # 10 x 0.10 + 1.00 + 8 x 0.30
    }


def test_the_metrics_of_a_fleet_are_those_that_its_nodes_report() -> None:
    files = written_files(nodes.user_data(node_config()))
    units = runpy.run_path(str(Path(nodes.__file__).with_name("node-report.py")))["UNITS"]
    agent = json.loads(files["/etc/headend/cloudwatch-agent.json"])["metrics"]["metrics_collected"]
    interfaces = ["ens5", "lo"]
    reported = len(units) + len(agent["disk"]["resources"]) + len(agent["net"]["measurement"]) * len(interfaces)
    assert reported + len(agent["ethtool"]["metrics_include"]) == FLEET_METRICS


def test_what_is_watched_encoded_and_kept_comes_on_top() -> None:
    idle, lines = bill(SMALL, IDLE), bill(SMALL, Month("busy", "dev", {}, 10_000, 2, 5))
    more = {name: round(usd - idle[name], 2) for name, usd in lines.items() if usd != idle[name]}
    assert more == {
        "Load balancers": 9.0,  # 22.5 TB, of which a twentieth, at 0.008
        "CloudFront, bytes to viewers": 1765.0,  # 9,000 x 0.085 + 12,500 x 0.08
        "CloudFront, requests": 2.0,  # two million over the ten that are free
        "Encoding": 6.3,  # 120 minutes x 7 (two HD rungs count twice) x 0.0075
        "Storage, sources and renditions": 1.85,  # 5 x (10 + 6.075) x 0.023
        "(S3 and Origin Shield, no nodes)": 0.69,
        "(CloudFront at a flat rate)": 200.0,  # 22.5 TB is within Pro, twelve million requests are not
    }


def test_the_alternative_is_shown_and_not_added() -> None:
    months = [Month("busy", "dev", {}, 10_000, 2, 5)]
    *lines, sum_, buckets, plan = table(months, [bill(SMALL, months[0])])
    shown = [float(line.split()[-1].replace(",", "")) for line in lines[1:]]
    assert float(sum_.split()[-1].replace(",", "")) == pytest.approx(sum(shown), rel=0.01)
    assert buckets.startswith("(S3 and Origin Shield, no nodes)")
    assert plan.startswith("(CloudFront at a flat rate)")


def test_without_nodes_the_bucket_is_paid_and_the_balancer_carries_no_film() -> None:
    busy = Month("busy", "dev", {}, 10_000, 0, 0)
    with_nodes, without = (bill(SMALL._replace(nodes=nodes), busy) for nodes in (SMALL.nodes, {}))
    assert without["S3 and Origin Shield"] == with_nodes["(S3 and Origin Shield, no nodes)"] > 0
    assert with_nodes["S3 and Origin Shield"] == 0
    assert without["Load balancers"] == pytest.approx(16.43, abs=0.01)


@pytest.mark.parametrize(
    ("gb", "requests", "usd"),
    [(0, 0, 0), (101, 0, 15), (50_000, 10_000_000, 15), (50_000, 10_000_001, 200), (50_001, 0, 1450), (6e5, 0, 10_000)],
)
def test_the_cheapest_plan_that_is_large_enough_is_taken(gb: float, requests: float, usd: float) -> None:
    plan = flat_rate(gb, requests)
    assert plan
    assert plan.usd == usd


def test_more_than_the_largest_plan_is_shown_as_not_for_sale() -> None:
    assert flat_rate(600_001, 0) is None
    month = Month("huge", "dev", {}, 1_000_000, 0, 0)
    lines = bill(SMALL, month)
    assert next(iter(reversed(list(table([month], [lines]))))).split()[-1] == "-"
    assert together(lines) > 0


def test_nodes_are_counted_by_the_type_of_their_own_fleet() -> None:
    dev, prod = (shape(whole(stack)) for stack in ("dev", "prod"))
    assert (dev.nodes, dev.volumes_gb, dev.replicas) == ({"c7gd.medium": 4}, 64, 0)
    assert (prod.nodes, prod.replicas) == ({"im4gn.4xlarge": 36}, 2)


def test_sizes_of_a_family_cost_in_proportion() -> None:
    assert node_hour("im4gn.4xlarge") == pytest.approx(1.455)
    assert node_hour("im4gn.16xlarge") == pytest.approx(5.82)


def test_a_node_without_a_price_is_named() -> None:
    with pytest.raises(ValueError, match=r"no price for i8g\.8xlarge; add it to facts/instances.py"):
        bill(SMALL._replace(nodes={"i8g.8xlarge": 1}), MONTHS[0])


def test_the_stacks_own_ladder_is_what_is_charged_and_kept() -> None:
    own = steps_of("[[1080,6000000,8]]")
    month = MONTHS[2]
    plain, short = (bill(SMALL._replace(steps=steps), month) for steps in (STEPS, own))
    assert short["Encoding"] == pytest.approx(month.encoded * 60 * 2 * 0.0075)
    assert short["Encoding"] < plain["Encoding"]
    assert short["Storage, sources and renditions"] < plain["Storage, sources and renditions"]


def test_the_ladder_is_read_from_the_handler_that_plans() -> None:
    config = {"ladder": [{"short": 1080, "maxBitrate": 6_000_000, "quality": 8}]}
    assert shape(run_program(ROOT, stack="dev", config=config)).steps == steps_of("[[1080,6000000,8]]")
