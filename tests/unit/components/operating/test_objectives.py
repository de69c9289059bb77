"""The promises on the dashboard: each is computed from metrics that something sends."""

import re

from components.operating.objectives import AVAILABLE, objectives
from tests.declared import deploy


def widgets() -> list[tuple[str, str, list[list[object]]]]:
    found: list[tuple[str, str, list[list[object]]]] = []

    def program() -> None:
        found.extend(objectives(home="us-east-1", regions=["us-east-1", "eu-west-1"], state_machine_arn="arn"))

    deploy(program)
    return found


def test_each_expression_names_metrics_of_its_own_widget() -> None:
    for _, _, metrics in widgets():
        options = [metric[-1] for metric in metrics if isinstance(metric[-1], dict)]
        ids = {option["id"] for option in options if "id" in option}
        for option in options:
            if "expression" in option:
                assert set(re.findall(r"[a-z]+", option["expression"])) <= ids


def test_the_budget_is_spent_where_the_promise_is_just_broken() -> None:
    [expression] = [
        metric[-1]["expression"]
        for metric in widgets()[0][2]
        if isinstance(metric[-1], dict) and "budget" in str(metric[-1].get("label"))
    ]

    def left(available: float) -> float:
        return eval(expression, {"a": available})  # noqa: S307 - our own text

    assert abs(left(AVAILABLE)) < 1e-6
    assert left(1) == 100
