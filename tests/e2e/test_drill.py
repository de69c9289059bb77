"""A short drill with fixed seeds: their faults happen, and no viewer gets a wrong byte or an error."""

from drills.play import drilled, play
from drills.report import line
from drills.schedule import draw

FAULTS = {4: "function: freeze 5 s", 22: "edge: kill", 24: "node 0/0/0: corrupt"}
"""By seed. They are over soon: a node that dies takes as long to be replaced as all of these."""


def test_a_short_drill_harms_no_viewer_and_needs_no_hand() -> None:
    faults = [fault for seed in FAULTS for fault in draw(seed, 1)]
    assert [str(fault) for fault in faults] == list(FAULTS.values())
    with drilled(min(FAULTS), viewers=4) as (stage, crowd):
        outcomes = list(play(stage, crowd, faults))
    assert [outcome.fault for outcome in outcomes] == faults
    assert all(outcome.seen.requests > 10 for outcome in outcomes)
    bad = [line(outcome) for outcome in outcomes if not outcome.good or outcome.skipped]
    assert not bad, "\n".join(bad)
