"""The catalogue: a row by id, lists by state, and no way to lose it by accident."""

import functools

import pytest

from components.making.catalogue import Catalogue
from local.engine import Registration
from tests.declared import REGION, made


@functools.cache
def table(*, protect: bool = False) -> Registration:
    return made(Catalogue, "catalogue", {"region": REGION, "protect": protect}).one("aws:dynamodb/table:Table")


def test_titles_are_found_by_id_and_listed_by_state_newest_or_oldest_first() -> None:
    made = table().inputs
    assert made["hashKey"] == "id"
    [index] = made["globalSecondaryIndexes"]
    keys = [(key["attributeName"], key["keyType"]) for key in index["keySchemas"]]
    assert (index["name"], keys) == ("by-state", [("state", "HASH"), ("updated", "RANGE")])
    # DynamoDB refuses an attribute that no key uses, and a key without its attribute.
    assert {attribute["name"] for attribute in made["attributes"]} == {"id", "state", "updated"}
    # A list shows names and posters. Without them in the index, each row would need another look-up.
    assert index["projectionType"] == "ALL"


def test_it_costs_nothing_while_nobody_uploads() -> None:
    assert table().inputs["billingMode"] == "PAY_PER_REQUEST"


def test_any_second_of_the_last_weeks_can_be_restored() -> None:
    assert table().inputs["pointInTimeRecovery"] == {"enabled": True}


@pytest.mark.parametrize("protect", [True, False])
def test_with_protection_neither_pulumi_nor_a_console_deletes_it(protect: bool) -> None:
    made = table(protect=protect)
    assert made.inputs["deletionProtectionEnabled"] is protect
    assert made.options.get("protect", False) is protect


def test_a_restored_table_replaces_the_stacks_own_table_which_stays() -> None:
    done = made(Catalogue, "catalogue", {"region": REGION, "protect": True, "restored": "titles-at-noon"})
    own, restored = (done.one("aws:dynamodb/table:Table", f"catalogue-{name}") for name in ("titles", "restored"))
    assert (restored.read, restored.id, restored.region) == (True, "titles-at-noon", REGION)
    assert own.inputs == table(protect=True).inputs
