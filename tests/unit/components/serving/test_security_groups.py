"""Who may connect: CloudFront to the balancer on one port, the balancer to the nodes, and nobody else."""

import functools

from components.serving.security_groups import SecurityGroups
from local.engine import Deployment, Registration
from tests.declared import REGION, made

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LARGEST_GROUP = 60
"""Most rules of a group in one direction (VPC quota)."""
CLOUDFRONT_WEIGHS = 55
"""CloudFront's origin-facing prefix list counts as this many rules."""


@functools.cache
def groups(port: int = 80) -> Deployment:
    args = {"region": REGION, "vpc_id": "vpc-1", "s3_prefix_list_id": "pl-s3", "balancer_port": port, "node_port": 8080}
    return made(SecurityGroups, "pop", args)


def of(done: Deployment, type_: str, group: str) -> list[Registration]:
    group_id = done.one("aws:ec2/securityGroup:SecurityGroup", f"pop-{group}").id
    return [item for item in done.of_type(type_) if item.inputs["securityGroupId"] == group_id]


def test_the_balancer_takes_one_port_from_cloudfront_and_nothing_from_anybody_else() -> None:
    [rule] = of(groups(443), INGRESS, "balancer")
    assert rule.inputs["prefixListId"] == "pl-3b927c52"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["ipProtocol"]) == (443, 443, "tcp")
    assert not {"cidrIpv4", "cidrIpv6", "referencedSecurityGroupId"} & set(rule.inputs)


def test_a_node_takes_its_port_from_the_balancer_alone() -> None:
    done = groups()
    [rule] = of(done, INGRESS, "node")
    balancer = done.one("aws:ec2/securityGroup:SecurityGroup", "pop-balancer").id
    assert rule.inputs["referencedSecurityGroupId"] == balancer
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (8080, 8080)


def test_nothing_is_open_to_the_world_and_nobody_can_log_in() -> None:
    for rule in groups().of_type(INGRESS):
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule.inputs), rule.name
        assert rule.inputs["fromPort"] == rule.inputs["toPort"] != 22
    for group in groups().of_type("aws:ec2/securityGroup:SecurityGroup"):
        # Inline rules and rules as resources would remove each other.
        assert not {"ingress", "egress"} & set(group.inputs)


def test_what_goes_out_is_named_and_the_balancer_reaches_nodes_only() -> None:
    done = groups()
    [out] = of(done, EGRESS, "balancer")
    assert out.inputs["referencedSecurityGroupId"] == done.one("aws:ec2/securityGroup:SecurityGroup", "pop-node").id
    assert {(rule.inputs["fromPort"], rule.inputs["toPort"]) for rule in of(done, EGRESS, "node")} == {(443, 443)}
    assert {rule.inputs.get("prefixListId", rule.inputs.get("cidrIpv6")) for rule in of(done, EGRESS, "node")} == {
        "pl-s3",
        "::/0",
    }


def test_the_prefix_list_leaves_the_group_below_its_quota() -> None:
    for group in ("balancer", "node"):
        weight = sum(
            CLOUDFRONT_WEIGHS if rule.inputs.get("prefixListId") == "pl-3b927c52" else 1
            for rule in of(groups(), INGRESS, group)
        )
        assert weight <= LARGEST_GROUP
