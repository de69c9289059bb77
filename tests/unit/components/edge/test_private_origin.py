"""CloudFront's private origin for a balancer: each change makes a new origin beside the old one."""

import functools
from typing import Any

import pulumi_aws as aws
import pytest

from components.edge.private_origin import PrivateOrigin, endpoint_config
from local.engine import Deployment
from tests.declared import REGION, ZONES, depends_on, deploy

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/pop/1"
ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"


@functools.cache
def origin() -> Deployment:
    def program() -> None:
        gateway = aws.ec2.InternetGateway("gateway")
        PrivateOrigin(
            "delivery-us-east-1",
            {"region": REGION, "balancer_arn": ARN, "https": False, "internet_gateway": gateway},
        )

    return deploy(program)


def test_it_reaches_the_balancer_by_the_balancers_protocol() -> None:
    config: Any = origin().one(ORIGIN).inputs["vpcOriginEndpointConfig"]
    assert (config["arn"], config["originProtocolPolicy"]) == (ARN, "http-only")
    secure = endpoint_config(ARN, https=True, prefix="x")
    assert secure["origin_protocol_policy"] == "https-only"
    assert secure["origin_ssl_protocols"] == {"items": ["TLSv1.2"], "quantity": 1}


@pytest.mark.parametrize("changed", [{"balancer_arn": f"{ARN}2", "https": False}, {"balancer_arn": ARN, "https": True}])
def test_each_change_makes_an_origin_with_another_name(changed: dict[str, Any]) -> None:
    made = origin().one(ORIGIN)
    assert made.options["replaceOnChanges"] == ["vpcOriginEndpointConfig"]
    assert not made.options.get("deleteBeforeReplace")
    before = endpoint_config(ARN, https=False, prefix="x")["name"]
    assert before == endpoint_config(ARN, https=False, prefix="x")["name"]
    assert before != endpoint_config(**changed, prefix="x")["name"]


def test_the_internet_gateway_is_there_first_and_stays_until_it_is_gone() -> None:
    done = origin()
    assert depends_on(done, done.one(ORIGIN), done.one("aws:ec2/internetGateway:InternetGateway"))


def test_the_longest_region_leaves_room_for_a_stacks_name() -> None:
    longest = max(ZONES, key=len)
    name = endpoint_config(ARN, https=True, prefix=f"delivery-{longest}-{'s' * 28}")["name"]
    assert len(str(name)) <= 64


def test_it_is_waited_for_longer_than_aws_says_it_takes() -> None:
    """AWS says a quarter of an hour, and by itself the provider gives up just then."""
    assert origin().one(ORIGIN).inputs["timeouts"] == {"create": "45m", "update": "45m", "delete": "45m"}
