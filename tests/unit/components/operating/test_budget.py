"""The budget: an operator hears of a bill before it comes."""

from components.operating.budget import Budget
from tests.declared import deploy, refusal


def test_somebody_is_told_when_most_is_spent_and_when_all_will_be() -> None:
    tags = {"project": "headend", "stack": "prod"}
    made = deploy(lambda: Budget("budget", {"monthly_usd": 500, "email": "a@example.com", "tags": tags})).one(
        "aws:budgets/budget:Budget"
    )
    told = {(item["notificationType"], item["threshold"]) for item in made.inputs["notifications"]}
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    assert {tuple(item["subscriberEmailAddresses"]) for item in made.inputs["notifications"]} == {("a@example.com",)}
    assert (made.inputs["limitAmount"], made.inputs["limitUnit"], made.inputs["timeUnit"]) == ("500", "USD", "MONTHLY")


def test_only_this_stacks_bill_counts() -> None:
    tags = {"project": "headend", "stack": "prod"}
    made = deploy(lambda: Budget("budget", {"monthly_usd": 5, "email": "a@example.com", "tags": tags})).one(
        "aws:budgets/budget:Budget"
    )
    # Both tags at once: the values of one plain filter would be alternatives, and count every stack.
    counted = made.inputs["filterExpression"]["ands"]
    assert [term["tags"] for term in counted] == [
        {"key": "project", "values": ["headend"]},
        {"key": "stack", "values": ["prod"]},
    ]


def test_a_budget_of_nothing_is_refused() -> None:
    said = refusal(lambda: Budget("budget", {"monthly_usd": 0, "email": "a@example.com", "tags": {}}))
    assert said == "Budget 'budget': monthly_usd must be >= 1, got 0"
