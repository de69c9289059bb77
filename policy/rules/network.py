"""The world can reach nothing here, and we reach the world by HTTPS only."""

import ipaddress
from collections.abc import Iterator
from typing import Any, NamedTuple

from pulumi_policy import ResourceValidationArgs

from .encryption import INSTANCE, TEMPLATE
from .rule import Found, resource_rule

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"


class Opening(NamedTuple):
    """One range of addresses from which, or to which, a security group allows traffic."""

    path: str
    cidr: str
    https: bool
    """TCP 443 and nothing else."""

    def to_the_world(self) -> bool:
        """Whether the range is larger than any single network. Two halves of the world also open the world."""
        network = ipaddress.ip_network(self.cidr, strict=False)
        return network.prefixlen < (8 if network.version == 4 else 32)


@resource_rule("no-open-ingress", "No security group is open to the world.", *GROUPS, INGRESS, OLD_RULE)
def no_open_ingress(args: ResourceValidationArgs) -> Iterator[Found]:
    """Not even for HTTPS: CloudFront is the only way in, and it has a prefix list."""
    for opening in _openings(args, "ingress"):
        if opening.to_the_world():
            remedy = "name a prefix list, a security group or a network of ours instead"
            yield Found(opening.path, opening.cidr, remedy)


@resource_rule("no-open-egress", "To the world, security groups allow HTTPS only.", *GROUPS, EGRESS, OLD_RULE)
def no_open_egress(args: ResourceValidationArgs) -> Iterator[Found]:
    """AWS publishes no list of addresses for its endpoints, so only the port can be limited."""
    for opening in _openings(args, "egress"):
        if opening.to_the_world() and not opening.https:
            yield Found(opening.path, opening.cidr, "allow TCP 443 only, or name where it goes")


def _openings(args: ResourceValidationArgs, direction: str) -> Iterator[Opening]:
    """The address ranges of one direction. There are four ways to declare them."""
    if args.resource_type in GROUPS:
        rules = [(f"{direction} {index}, ", rule) for index, rule in enumerate(args.props.get(direction) or [])]
    elif args.resource_type == OLD_RULE and args.props.get("type") != direction:
        rules = []
    else:
        rules = [("", args.props)]
    for path, rule in rules:
        for name in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"):
            value: Any = rule.get(name) or []
            for cidr in [value] if isinstance(value, str) else value:
                protocol = rule.get("ipProtocol") or rule.get("protocol")
                https = (protocol, rule.get("fromPort"), rule.get("toPort")) == ("tcp", 443, 443)
                yield Opening(f"{path}{name}", cidr, https)


@resource_rule("balancer-internal", "Load balancers have no public address.", BALANCER)
def balancer_internal(args: ResourceValidationArgs) -> Iterator[Found]:
    """A request that avoids CloudFront avoids its cache, its firewall and its signed cookies."""
    if args.props.get("internal") is not True:
        yield Found("internal", args.props.get("internal"), "set it to true")


@resource_rule("imdsv2", "Instances give their credentials only to local callers with a session.", TEMPLATE, INSTANCE)
def imdsv2(args: ResourceValidationArgs) -> Iterator[Found]:
    """One hop must be declared: Amazon Linux 2023 images ask for two."""
    options = args.props.get("metadataOptions") or {}
    for name, wanted in {"httpTokens": "required", "httpPutResponseHopLimit": 1}.items():
        if options.get(name) != wanted:
            yield Found(f"metadataOptions.{name}", options.get(name), f"set it to {wanted}")
