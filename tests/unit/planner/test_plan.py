"""The needs of an audience: bytes that are computed by hand, limits that are met, and messages for mistakes."""

import pytest
from typer.testing import CliRunner

from facts.instances import INSTANCE_TYPES
from facts.quotas import Quota
from lambdas.ladder import Step
from planner.__main__ import app
from planner.bill import together
from planner.page import SIZES
from planner.plan import Demand, Met, origin_share, plan, verdict
from planner.racks import crossover_gbps, edge_month, rack_month, servers

SMALL, MILLION, WORLD = SIZES
LADDERS = {"default": [], "dev's": ["--stack", "dev"], "nobody's": ["--stack", "nobody"]}


def test_the_bytes_are_those_of_the_viewers() -> None:
    made = plan(MILLION)
    assert made.viewers_gbps == 500  # a tenth of a million, 5 Mb/s each
    assert made.fleets_gbps == pytest.approx(25)  # a twentieth
    assert made.month_gb == pytest.approx(500 / 8 * 0.5 * 730 * 3600)
    assert made.bucket_gbps <= 0.01 * made.viewers_gbps


@pytest.mark.parametrize("demand", SIZES)
def test_no_node_sends_more_than_it_should_when_a_zone_is_gone(demand: Demand) -> None:
    made = plan(demand)
    instance = INSTANCE_TYPES[made.fleets.instance_type]
    left = made.fleets.all_nodes * 2 / 3
    assert made.fleets_gbps / made.regions <= left * instance.baseline_gbps * 0.6 * 1.001
    assert made.fleets.nodes >= 2
    assert made.cores < instance.vcpus


def test_a_slower_processor_is_seen() -> None:
    assert plan(MILLION._replace(hit_seconds=1.33)).cores > 3 * plan(MILLION).cores


def test_a_larger_catalogue_needs_more_disk_and_none_means_all_from_the_bucket() -> None:
    disks = [plan(MILLION._replace(titles=titles)).fleets for titles in (500, 5_000)]
    small, large = (fleets.fleets * INSTANCE_TYPES[fleets.instance_type].nvme_gb for fleets in disks)
    assert small < large
    assert origin_share(MILLION, 1) == pytest.approx(0.05, rel=0.01)


def test_where_disks_cannot_hold_enough_the_plan_says_how_much_is_left() -> None:
    made = plan(MILLION._replace(titles=1_000_000))
    assert made.fleets.fleets == 16
    assert made.bucket_gbps > 0.01 * made.viewers_gbps


def test_a_small_audience_meets_no_quota_and_a_large_one_meets_many() -> None:
    few, many = ({met.what for met in plan(demand).met if met.need > met.quota.value} for demand in (SMALL, WORLD))
    assert few == {"EC2: vCPUs of one region"}
    assert many >= {"CloudFront: bytes", "CloudFront: VPC origins", "Load balancer: bytes"}


@pytest.mark.parametrize(
    ("need", "can_be_raised", "said"),
    [(10, False, "enough"), (15, True, "ask for 1.5 x"), (15, False, "cannot be raised; 1.5 x is needed")],
)
def test_a_quota_is_enough_or_is_told(need: float, can_be_raised: bool, said: str) -> None:
    assert verdict(Met("this", need, Quota(10, "things", can_be_raised, "today"))) == said


def test_without_fleets_it_costs_less_by_list_prices() -> None:
    for demand in SIZES:
        made = plan(demand)
        assert made.without_usd < together(made.usd)


def test_racks_pay_from_a_size_on_and_sooner_without_transit() -> None:
    gbps = crossover_gbps(0.5, 3)
    assert rack_month(gbps, 3) == pytest.approx(edge_month(gbps, 0.5), rel=0.001)
    assert rack_month(2 * gbps, 3) < edge_month(2 * gbps, 0.5)
    assert crossover_gbps(0.5, 3, transit=False) < gbps
    assert servers(1, 3) == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0"], "subscribers must be from 1 to 1e+10, got 0"),
        (["1000", "--zipf", "9"], "zipf must be from 0 to 3, got 9"),
        (["1000", "--regions", "21"], "regions must be from 0 to 20, got 21"),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_line(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["size", *words])
    assert (done.exit_code, done.stderr.strip()) == (1, said)


def test_the_command_accepts_other_sizes() -> None:
    done = CliRunner().invoke(app, ["size", "5000", "50000", "--mbps", "3"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split() == ["subscribers", "5,000", "50,000"]


def test_an_option_also_counts_for_the_sizes_of_the_page() -> None:
    lines = [CliRunner().invoke(app, ["size", *words]).stdout.splitlines() for words in ([], ["--hit-seconds", "50"])]
    differ = {before.split("  ")[0] for before, after in zip(*lines, strict=True) if before != after}
    assert differ == {"cores busy, of a node's"}


def test_a_ladder_of_ones_own_is_reckoned_with() -> None:
    low = plan(MILLION._replace(steps=(Step(360, 1_000_000, 7),)))
    assert low.usd["Encoding"] < plan(MILLION).usd["Encoding"] / 2
    assert together(low.usd) < together(plan(MILLION).usd), "more titles fit on a disk"
    given = {name: CliRunner().invoke(app, ["size", "1000", *words]) for name, words in LADDERS.items()}
    assert given["dev's"].output == given["default"].output
    assert (given["nobody's"].exit_code, given["nobody's"].output.count("\n")) == (1, 1)
