"""A live stack keeps resources that moved: a resource with a new parent or name has an alias with the old one."""

import pytest

from local.engine import Deployment, Registration
from tests.declared import STACK_TYPE, whole


def urn_below(parent: str, type_: str, name: str) -> str:
    """A URN as Pulumi's engine composes it. Directly below the stack it holds only its own type."""
    *head, types, _ = parent.split("::")
    qualified = type_ if types == STACK_TYPE else f"{types}${type_}"
    return "::".join([*head, qualified, name])


def known_as(done: Deployment) -> dict[str, set[str]]:
    """By URN of each resource: all URNs by which Pulumi finds it in the state, including its own.

    As in the engine, a child is looked for below each URN of its parent.
    """
    found: dict[str, set[str]] = {}

    def urns(item: Registration) -> set[str]:
        specs: list[dict[str, str]] = [{}, *(alias["spec"] for alias in item.options.get("aliases", []))]
        return {
            urn_below(urn, spec.get("type", item.type), spec.get("name", item.name))
            for spec in specs
            for parent in [spec.get("parentUrn") or item.parent]
            for urn in found.get(parent, {parent})
        }

    for item in done.registrations:
        found[item.urn] = urns(item) if item.parent else {item.urn}
    return found


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_web_servers_were_a_part_of_the_point_of_presence(stack: str) -> None:
    pop = f"urn:pulumi:{stack}::headend::headend:point_of_presence:PointOfPresence"
    servers = f"{pop}$headend:web_servers:WebServers"
    function = f"{servers}$headend:function:LambdaFunction"
    before = {
        f"{servers}::web",
        f"{function}::web-playback",
        f"{function}$aws:cloudwatch/logGroup:LogGroup::web-playback-log",
        f"{function}$aws:iam/role:Role::web-playback-role",
        f"{function}$aws:iam/rolePolicy:RolePolicy::web-playback-policy",
        f"{function}$aws:lambda/function:Function::web-playback-function",
        f"{servers}$aws:lb/targetGroup:TargetGroup::web-api",
        f"{servers}$aws:lambda/permission:Permission::web-from-balancer",
        f"{servers}$aws:lb/targetGroupAttachment:TargetGroupAttachment::web-api-target",
        f"{pop}$headend:load_balancer:LoadBalancer$aws:lb/listenerRule:ListenerRule::pop-us-east-1-api",
    }
    known = set[str]().union(*known_as(whole(stack)).values())
    assert before <= known, before - known


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_two_resources_were_the_same_one(stack: str) -> None:
    done = whole(stack)
    assert sum(map(len, known_as(done).values())) == len(set[str]().union(*known_as(done).values()))
