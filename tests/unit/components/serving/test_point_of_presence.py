"""A point of presence: only home answers the API, and each one uses resources of its own region."""

import pytest

from local.engine import Deployment
from tests.declared import depends_on, whole


@pytest.fixture(scope="module")
def prod() -> Deployment:
    return whole("prod")


def test_each_region_has_its_own_network_balancer_and_fleets(prod: Deployment) -> None:
    regions = ["ap-southeast-1", "eu-west-1", "us-east-1"]
    for type_, number in {
        "aws:ec2/vpc:Vpc": 1,
        "aws:lb/loadBalancer:LoadBalancer": 1,
        "aws:autoscaling/group:Group": 4,
        "aws:cloudfront/vpcOrigin:VpcOrigin": None,
    }.items():
        if number:
            assert sorted(item.region for item in prod.of_type(type_)) == sorted(regions * number)
    assert len(prod.of_type("aws:cloudfront/vpcOrigin:VpcOrigin")) == len(regions)


def test_only_home_has_the_api(prod: Deployment) -> None:
    attached = prod.of_type("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {item.name: item.region for item in attached} == {
        "web-api-target": "us-east-1",
        "experience-api-target": "us-east-1",
    }
    rules = [item for item in prod.of_type("aws:lb/listenerRule:ListenerRule") if "/api/*" in str(item.inputs)]
    assert [rule.region for rule in rules] == ["us-east-1"]


@pytest.mark.parametrize(("stack", "port"), [("dev", 80), ("prod", 443)])
def test_the_port_that_is_open_is_the_port_that_listens(stack: str, port: int) -> None:
    done = whole(stack)
    listening = {item.inputs["port"] for item in done.of_type("aws:lb/listener:Listener")}
    opened = {
        item.inputs["fromPort"]
        for item in done.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if "prefixListId" in item.inputs
    }
    assert listening == opened == {port}


def test_a_fleet_reads_the_bucket_of_its_own_region(prod: Deployment) -> None:
    endpoints = {item.region: item.id for item in prod.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")}
    buckets = {item.outputs["bucket"]: item.region for item in prod.of_type("aws:s3/bucket:Bucket")}
    readable = [
        (buckets[item.inputs["bucket"]], [region for region, id_ in endpoints.items() if id_ in item.inputs["policy"]])
        for item in prod.of_type("aws:s3/bucketPolicy:BucketPolicy")
        if "aws:SourceVpce" in item.inputs["policy"]
    ]
    assert sorted(readable) == [(region, [region]) for region in sorted(endpoints)]


def test_no_node_starts_before_its_network_can_feed_it(prod: Deployment) -> None:
    for group in prod.of_type("aws:autoscaling/group:Group"):
        here = [item for item in prod.registrations if item.region == group.region]
        for needed in here:
            if needed.type in {
                "aws:ec2/vpcEndpoint:VpcEndpoint",
                "aws:ec2/routeTableAssociation:RouteTableAssociation",
                "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            }:
                assert depends_on(prod, group, needed), (group.name, needed.name)
