"""Workflows that wait for the encoder do not take the processors from it."""

import pytest

from local.aws.states import POLL_SECONDS, POLLS, poll_seconds


@pytest.mark.parametrize("waiting", [1, 5, 40, 200, 10_000])
def test_all_waiting_workflows_together_ask_for_their_jobs_equally_often(waiting: int) -> None:
    assert poll_seconds(waiting) >= POLL_SECONDS
    assert waiting / poll_seconds(waiting) <= POLLS
    assert poll_seconds(1) == POLL_SECONDS, "one alone is told at once"
