"""A short drill with a fixed seed: what it draws is played, and nobody gets a wrong byte or an error."""

from drills.play import Outcome, drilled, play
from drills.report import line
from drills.schedule import draw

SEED, FAULTS = 12, 3
"""A slow bucket, a node that is killed, and a region that is cut off."""


def test_a_short_drill_harms_no_viewer_and_needs_no_hand() -> None:
    faults, outcomes = draw(SEED, FAULTS), list[Outcome]()
    assert [str(fault).partition(":")[0] for fault in faults] == ["bucket", "node 1/1/1", "region 0"]
    with drilled(SEED, viewers=4) as (stage, crowd):
        play(stage, crowd, faults, outcomes)
    assert [outcome.fault for outcome in outcomes] == faults
    assert all(outcome.seen.requests > 10 for outcome in outcomes)
    bad = [line(outcome) for outcome in outcomes if not outcome.good]
    assert not bad, "\n".join(bad)
