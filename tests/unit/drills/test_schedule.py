"""The faults that a drill draws, and the texts that it prints."""

from collections import Counter
from pathlib import Path

import pytest

from drills.faults import KINDS as DONE
from drills.play import Outcome
from drills.report import line, summary, table
from drills.results import Result, keep, kept, origin
from drills.schedule import FLEETS, KINDS, NODES, REGIONS, Fault, draw
from drills.viewers import Seen, content

KILL = Fault("node", "kill", 0, 1, 0, 1)


def test_the_same_seed_draws_the_same_faults_and_another_one_others() -> None:
    assert draw(7, 20) == draw(7, 20)
    assert draw(7, 20) != draw(8, 20)
    # With a larger number, the first faults stay the same. So a long drill can be repeated in part.
    assert draw(7, 20)[:5] == draw(7, 5)


def test_a_hundred_seeds_of_one_fault_leave_no_kind_out() -> None:
    drawn = Counter((fault.what, fault.how) for seed in range(1, 101) for fault in draw(seed, 1))
    assert set(drawn) == set(KINDS)
    # The kinds are dealt like cards: none comes twice before each has come once.
    assert max(drawn.values()) - min(drawn.values()) <= 1


def test_every_fault_is_within_its_bounds_and_can_be_done() -> None:
    assert {f"{what} {how}" for what, how in KINDS} == set(DONE)
    for fault in (fault for seed in range(1, 101) for fault in draw(seed, 4)):
        least, most = KINDS[fault.what, fault.how]
        assert least <= fault.seconds <= most
        assert (fault.region < REGIONS, fault.fleet < FLEETS, fault.node < NODES) == (True, True, True)


def test_a_fault_is_good_only_if_nothing_failed_and_nobody_had_to_help() -> None:
    assert Outcome(KILL, Seen(requests=5, cut=1), 3.0).good
    assert not Outcome(KILL, Seen(requests=5, wrong=1), 3.0).good
    assert not Outcome(KILL, Seen(requests=5, failed=1), 3.0).good
    assert not Outcome(KILL, Seen(requests=5), None).good


def test_a_line_and_a_table_say_what_happened() -> None:
    fine = Outcome(KILL, Seen(requests=5, cut=1, slowest=0.5), 3.0)
    bad = Outcome(KILL, Seen(requests=7, failed=2, slowest=30.0), None, "status 502", 1.5)
    skipped = Outcome(Fault("node", "fill", 5, 0, 0, 0), Seen(), 0.0, "skipped: not root")
    assert line(fine).startswith("ok  node 1/0/1: kill: requests 5, failed 0, wrong 0, cut 1")
    assert line(bad).startswith("BAD")
    assert line(bad).endswith("stood still s 1.5, whole after s not by itself (status 502)")
    again = Outcome(KILL, Seen(requests=1), 9.0)
    rows = table([fine, bad, again, skipped]).splitlines()
    assert rows[2:] == ["| node: kill | 3 | 13 | 2 | 0 | 1 | 0 | 30.0 | 1.5 | 6 | not by itself |"]
    assert rows[0].count("|") == rows[1].count("|") == rows[2].count("|")
    assert table([fine, again]).splitlines()[2] == "| node: kill | 2 | 6 | 0 | 0 | 1 | 0 | 0.5 | - | 6 | 9 |"
    assert summary([fine, bad, skipped]).startswith("2 faults, 1 skipped; 12 requests, 2 failed, 0 with wrong bytes")


def test_results_that_are_kept_can_be_printed_again(tmp_path: Path) -> None:
    file = tmp_path / "results"
    bad = Outcome(KILL, Seen(requests=7, failed=2, examples=["/v/00 after 30 s"]), None, "status 502", 1.5)
    results = [Result(seed, "abc", bad) for seed in (1, 2, 3, 7)]
    keep(file, results[:3])
    keep(file, results[3:])
    assert kept(file) == results
    assert origin(results) == "Seeds 1-3, 7, played by commit abc (4 faults)"
    file.write_text('{"seed": 1}\n')
    with pytest.raises(ValueError, match="line 1 is not the result of a drill"):
        kept(file)


def test_each_object_has_its_own_bytes() -> None:
    assert len(content("/v/00/a", 5000)) == 5000
    assert content("/v/00/a", 5000) == content("/v/00/a", 5000)
    assert content("/v/00/a", 100) != content("/v/00/b", 100)
