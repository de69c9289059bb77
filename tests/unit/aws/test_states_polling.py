"""Workflows that run or wait do not take the processors from the encoder."""

import json
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from local.aws.states import POLL_SECONDS, POLLS, parsing, poll_seconds


@pytest.mark.parametrize("waiting", [1, 5, 40, 200, 10_000])
def test_all_waiting_workflows_together_ask_for_their_jobs_equally_often(waiting: int) -> None:
    assert poll_seconds(waiting) >= POLL_SECONDS
    assert waiting / poll_seconds(waiting) <= POLLS
    assert poll_seconds(1) == POLL_SECONDS, "one alone is told at once"


def test_a_definition_is_read_once_and_each_execution_has_its_own_states() -> None:
    read: list[str] = []

    def moto_parse(text: str) -> Any:
        read.append(text)
        return AmazonStateLanguageParser.parse(text)

    parse = parsing(moto_parse)
    first, second = (json.dumps({"StartAt": name, "States": {name: {"Type": "Succeed"}}}) for name in "AB")
    programs = [parse(text)[0] for text in (first, first, second, first)]
    assert read == [first, second]
    assert len({id(program) for program in programs}) == 4
    assert [program.start_at.start_at_name for program in programs] == ["A", "A", "B", "A"]
