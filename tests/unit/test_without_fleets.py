"""A stack without cache fleets: what it has, and that fleets can be added by a change that no viewer notices."""

import json
from collections import Counter

import pytest

from facts.regions import NEAREST_SHIELD, REGIONS
from local.engine import Deployment
from planner.bill import Month, bill, shape, together
from tests.declared import depends_on, whole, without_fleets

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


@pytest.fixture(scope="module")
def cheap() -> Deployment:
    return without_fleets()


def inputs(deployment: Deployment) -> dict[str, str]:
    made = [item for item in deployment.registrations if item.custom]
    return {item.urn: json.dumps(item.inputs, sort_keys=True, default=repr) for item in made}


def test_it_has_no_node_and_nothing_that_only_nodes_need(cheap: Deployment) -> None:
    made = Counter(item.type for item in cheap.registrations)
    for kind in ("autoscaling/group:Group", "ec2/launchTemplate:LaunchTemplate", "iam/instanceProfile:InstanceProfile"):
        assert not made[f"aws:{kind}"]
    assert made["aws:lb/listenerRule:ListenerRule"] == 2, "the API's, and that of reports"
    assert cheap.exports["fleets"] == []


def test_it_costs_a_few_tens_of_dollars_a_month_while_nobody_watches(cheap: Deployment) -> None:
    idle = Month("", "dev", {}, 0, 0, 0)
    assert together(bill(shape(cheap), idle)) < 25 < together(bill(shape(whole("dev")), idle))


def test_nobody_reads_its_renditions_but_cloudfront(cheap: Deployment) -> None:
    policy = json.loads(cheap.one("aws:s3/bucketPolicy:BucketPolicy", "media-us-east-1-access-policy").inputs["policy"])
    allowed = [statement["Principal"] for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed == [{"Service": "cloudfront.amazonaws.com"}]


def test_no_graph_of_the_dashboard_is_empty(cheap: Deployment) -> None:
    """CloudWatch refuses a dashboard that has one."""
    body = json.loads(cheap.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    assert all(widget["properties"]["metrics"] for widget in body["widgets"])


def test_fleets_are_one_change_which_replaces_nothing(cheap: Deployment) -> None:
    before, after = inputs(cheap), inputs(whole("dev"))
    assert not before.keys() - after.keys(), "existing resources stay"
    changed = {urn.rpartition("::")[2] for urn in before if before[urn] != after[urn]}
    assert changed == {
        "canary-us-east-1-function",  # it looks at the age of the nodes' image
        "canary-us-east-1-policy",
        "delivery-distribution",
        "operations-dashboard",
        "media-us-east-1-access-policy",
    }
    one, other = (deployment.one(DISTRIBUTION).inputs for deployment in (cheap, whole("dev")))
    # CloudFront changes both in place.
    assert {key for key in one if one[key] != other[key]} == {"origins", "orderedCacheBehaviors"}


def test_what_a_viewer_is_answered_from_the_edges_cache_is_the_same_before_and_after(cheap: Deployment) -> None:
    def seen(deployment: Deployment) -> list[dict[str, object]]:
        behaviours = deployment.one(DISTRIBUTION).inputs["orderedCacheBehaviors"]
        return [{key: value for key, value in item.items() if key != "targetOriginId"} for item in behaviours]

    assert seen(cheap) == seen(whole("dev"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_viewer_is_sent_to_a_balancer_before_it_knows_its_fleets(stack: str) -> None:
    done = whole(stack)
    distribution = done.one(DISTRIBUTION)
    rules = [item for item in done.of_type("aws:lb/listenerRule:ListenerRule") if "/v/" in str(item.inputs)]
    assert len(rules) % 16 == 0
    for rule in rules:
        assert depends_on(done, distribution, rule), rule.name


def test_origin_shield_is_asked_for_where_it_is() -> None:
    assert NEAREST_SHIELD.keys() < REGIONS.keys()
    assert not set(NEAREST_SHIELD.values()) & NEAREST_SHIELD.keys()
