"""Workflows that wait for the encoder leave the processors to it."""

import pytest

from local.aws.states import POLL_SECONDS, POLLS, poll_seconds


@pytest.mark.parametrize("waiting", [1, 5, 40, 200, 10_000])
def test_however_many_wait_they_look_at_their_jobs_as_often_together(waiting: int) -> None:
    assert poll_seconds(waiting) >= POLL_SECONDS
    assert waiting / poll_seconds(waiting) <= POLLS
    assert poll_seconds(1) == POLL_SECONDS, "one alone is told at once"
