"""What a second deployment onto a running laptop cloud makes, keeps and uses again."""

from dataclasses import replace

from local.resources import Changer
from tests.declared import whole

NOWHERE = "http://127.0.0.1:1"
"""Whoever calls AWS here fails."""


def test_what_was_taken_away_is_used_again_if_it_is_declared_again() -> None:
    group = whole().of_type("aws:lb/targetGroup:TargetGroup")[0]
    gone = [group, whole().of_type("aws:ec2/launchTemplate:LaunchTemplate")[0]]
    left = Changer(NOWHERE, []).remove(gone)
    again = Changer(NOWHERE, left)
    for item in gone:
        assert again.create(item.type, item.name, item.inputs, item.region)[0] == item.id


def test_of_two_states_of_a_resource_the_later_one_counts() -> None:
    group = whole().of_type("aws:lb/targetGroup:TargetGroup")[0]
    earlier = replace(group, inputs={**group.inputs, "port": 1})
    assert Changer(NOWHERE, [earlier, group]).create(group.type, group.name, group.inputs, group.region)[0] == group.id
