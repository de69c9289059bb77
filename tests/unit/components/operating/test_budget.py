"""The budget: an operator hears of a bill before it comes."""

from components.operating.budget import Budget
from tests.declared import made, refusal

ARGS = {"monthly_usd": 500, "email": "a@example.com", "tags": {"project": "headend", "stack": "prod"}}


def test_somebody_is_told_when_most_is_spent_and_when_all_will_be() -> None:
    inputs = made(Budget, "budget", ARGS).one("aws:budgets/budget:Budget").inputs
    told = {(item["notificationType"], item["threshold"]) for item in inputs["notifications"]}
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    assert {tuple(item["subscriberEmailAddresses"]) for item in inputs["notifications"]} == {("a@example.com",)}
    assert (inputs["limitAmount"], inputs["limitUnit"], inputs["timeUnit"]) == ("500", "USD", "MONTHLY")


def test_only_this_stacks_bill_counts() -> None:
    # A resource must have both tags. One filter with several values would accept any of them, and count every stack.
    counted = made(Budget, "budget", ARGS).one("aws:budgets/budget:Budget").inputs["filterExpression"]["ands"]
    assert [term["tags"] for term in counted] == [
        {"key": "project", "values": ["headend"]},
        {"key": "stack", "values": ["prod"]},
    ]


def test_a_budget_of_nothing_is_refused() -> None:
    said = refusal(Budget, "budget", {**ARGS, "monthly_usd": 0})
    assert said == "Budget 'budget': monthly_usd must be >= 1, got 0"
