"""Ten thousand uploads at once: the declared state machine makes them all, and docs/scale.md has the figures."""

import re
from typing import Any

import pytest

from bench import crowd
from bench.crowd import Limits
from tests.declared import ROOT


def test_a_crowd_is_published_and_nothing_is_lost() -> None:
    done = crowd.crowd(1_000, 600)
    assert done.ends == {"Published": 1_000}
    assert done.seconds < 1_000 / Limits().slots * 600 * 1.1, "the encoder's slots are what it waits for"
    assert max(each.tries for each in done.executions) < 40


def test_a_film_alone_takes_few_transitions_and_calls() -> None:
    [alone] = crowd.crowd(1, 600).executions
    assert alone.transitions <= 10
    assert alone.calls <= 5


def test_a_crowd_that_nobody_waits_for_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation can fail. If states retry less often than in the workflow, films are lost."""
    machine = crowd.definition(crowd.NAMES)
    for state in machine["States"].values():
        for rule in state.get("Retry", []):
            rule["MaxAttempts"] = min(rule["MaxAttempts"], 3)

    def hurried(_names: object) -> dict[str, Any]:
        return machine

    monkeypatch.setattr(crowd, "definition", hurried)
    done = crowd.crowd(500, 60)
    assert done.ends["Failed"] > 100
    assert sum(done.ends.values()) == 500


def test_few_executions_of_lambda_make_it_slower_and_lose_nothing() -> None:
    done = crowd.crowd(500, 60, Limits(lambdas=10))
    assert done.ends == {"Published": 500}


@pytest.mark.parametrize("cancels", [True, False])
def test_what_has_no_time_left_is_begun_again_and_encoded_once(cancels: bool) -> None:
    """600 films of 40 minutes, three at a time, are 133 hours of encoding. An execution may take 72."""
    done = crowd.crowd(600, 2400, Limits(slots=3, probes=1, cancels=cancels))
    assert done.ends == {"Published": 600}
    assert {film.encodes for film in done.films} == {1}
    assert 200 < sum(film.tries > 0 for film in done.films) < 400
    assert done.seconds / 3600 < 150, "the encoder is never idle for long"


def test_who_waits_for_more_than_five_lives_is_given_up() -> None:
    done = crowd.crowd(60, 12 * 3600, Limits(slots=1))
    assert done.ends["given up"] == 60 - done.ends["Published"] > 20


def test_the_table_in_the_docs_is_what_the_bench_prints() -> None:
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    [told] = re.findall(r"<!-- bench: crowd -->\n```text\n(.*?)```", text, re.DOTALL)
    assert told.strip() == crowd.report().strip()
