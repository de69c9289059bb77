"""JSONata as Step Functions evaluates it. An expression that works here must work on AWS, with the same value."""

from typing import Any

import pytest

from local.aws.jsonata import FUNCTIONS, QueryError, evaluate
from tests.declared import whole

STATES = {"input": {"films": [{"id": "a", "size": 1}, {"id": "b", "size": 2}], "none": None}, "context": {}}
VARIABLES = {"states": STATES, "title": 'quote " and \\ and ü', "absent": None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.films[size > 1].id", "b"),
        ("$states.input.films.id", ["a", "b"]),
        ("{'kept': $states.input.none, 'dropped': $states.input.nowhere}", {"kept": None}),
        ("$states.input.none", None),
        ("$absent", None),
        ("$title & '!'", 'quote " and \\ and ü!'),
        ("$hash('film', 'SHA-256')", "d0607f7ad2628b2af9158dfba06ce87166e66b15bf68f8f358f9aa27ccb7c321"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$parse('null')", None),
        ("$string($floor(1795354463123 / 1000))", "1795354463"),
        ("$pad('1f', -4, '0')", "001f"),
        ("4 / 2", 2),
    ],
)
def test_value(expression: str, value: Any) -> None:
    found = evaluate(expression, VARIABLES)
    assert (found, type(found)) == (value, type(value))


def test_aws_functions_are_there_because_the_workflow_calls_them() -> None:
    definition = whole("dev").one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow").inputs["definition"]
    assert [name for name in FUNCTIONS if name != "eval" and f"${name}(" not in definition] == []


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("$states.input.nowhere", "returned nothing"),
        ("$unheard_of", "returned nothing"),
        ("$states.input.none.deeper", "returned nothing"),
        ("$", "returned nothing"),
        ("$states.input.films[", "threw an error"),
        ("1 / 0", "threw an error"),
        ("$parse('{')", "threw an error"),
        ("$hash('film', 'CRC32')", "threw an error"),
        ("$error('no rung fits')", "no rung fits"),
        ("$eval('1 + 1')", "use \\$parse"),
        ("$unheard_of()", "threw an error"),
        ("/film/", "unsupported result type"),
    ],
)
def test_failure(expression: str, why: str) -> None:
    with pytest.raises(QueryError, match=why):
        evaluate(expression, VARIABLES)
