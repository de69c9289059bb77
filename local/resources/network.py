"""Networks. They are only records: they route and refuse no packet on the laptop."""

from typing import Any

from local.resources.making import Making, makes


@makes("aws:ec2/vpc:Vpc")
def vpc(made: Making) -> tuple[str, dict[str, Any]]:
    """A network."""
    switches = {key: made.take(key) for key in ("enableDnsSupport", "enableDnsHostnames")}
    answer = made.call(
        "ec2",
        "create_vpc",
        AmazonProvidedIpv6CidrBlock=made.take("assignGeneratedIpv6CidrBlock"),
        TagSpecifications=made.tag_specification("vpc"),
    )["Vpc"]
    _switch(made, "modify_vpc_attribute", {"VpcId": answer["VpcId"]}, switches)
    blocks = [item["Ipv6CidrBlock"] for item in answer.get("Ipv6CidrBlockAssociationSet", [])]
    return answer["VpcId"], {"ipv6CidrBlock": blocks[0]} if blocks else {}


@makes("aws:ec2/subnet:Subnet")
def subnet(made: Making) -> tuple[str, dict[str, Any]]:
    """A part of a network in one zone."""
    switches = {key: made.take(key) for key in ("assignIpv6AddressOnCreation", "mapPublicIpOnLaunch")}
    answer = made.call("ec2", "create_subnet", TagSpecifications=made.tag_specification("subnet"))["Subnet"]
    _switch(made, "modify_subnet_attribute", {"SubnetId": answer["SubnetId"]}, switches)
    return answer["SubnetId"], {"availabilityZone": answer["AvailabilityZone"]}


def _switch(made: Making, operation: str, subject: dict[str, str], switches: dict[str, bool | None]) -> None:
    """Set attributes. EC2 takes one attribute in each call."""
    for key, value in switches.items():
        if value is not None:
            made.call("ec2", operation, **subject, **{key[0].upper() + key[1:]: {"Value": value}})


@makes("aws:ec2/internetGateway:InternetGateway")
def internet_gateway(made: Making) -> tuple[str, dict[str, Any]]:
    """An internet gateway, attached to its network."""
    tags = made.tag_specification("internet-gateway")
    answer = made.call("ec2", "create_internet_gateway", TagSpecifications=tags)["InternetGateway"]
    made.call("ec2", "attach_internet_gateway", InternetGatewayId=answer["InternetGatewayId"])
    return answer["InternetGatewayId"], {}


@makes("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway")
def egress_only_internet_gateway(made: Making) -> tuple[str, dict[str, Any]]:
    """A gateway for outgoing IPv6 connections."""
    tags = made.tag_specification("egress-only-internet-gateway")
    answer = made.call("ec2", "create_egress_only_internet_gateway", TagSpecifications=tags)
    return answer["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"], {}


@makes("aws:ec2/routeTable:RouteTable")
def route_table(made: Making) -> tuple[str, dict[str, Any]]:
    """A route table with its routes."""
    routes, tags = made.take("routes", []), made.tag_specification("route-table")
    id_ = made.call("ec2", "create_route_table", TagSpecifications=tags)["RouteTable"]["RouteTableId"]
    for route in routes:
        made.inputs |= route
        block, egress = made.take("ipv6CidrBlock"), made.take("egressOnlyGatewayId")
        made.call(
            "ec2", "create_route", RouteTableId=id_, DestinationIpv6CidrBlock=block, EgressOnlyInternetGatewayId=egress
        )
    return id_, {}


@makes("aws:ec2/routeTableAssociation:RouteTableAssociation")
def route_table_association(made: Making) -> tuple[str, dict[str, Any]]:
    """An association: which route table a subnet uses."""
    return made.call("ec2", "associate_route_table")["AssociationId"], {}


@makes("aws:ec2/securityGroup:SecurityGroup")
def security_group(made: Making) -> tuple[str, dict[str, Any]]:
    """A group without rules. AWS adds a rule that allows all outgoing traffic; this removes it, as Pulumi does."""
    tags = made.tag_specification("security-group")
    id_ = made.call("ec2", "create_security_group", GroupName=made.name, TagSpecifications=tags)["GroupId"]
    group = made.call("ec2", "describe_security_groups", GroupIds=[id_])["SecurityGroups"][0]
    made.call("ec2", "revoke_security_group_egress", GroupId=id_, IpPermissions=group["IpPermissionsEgress"])
    return id_, {}


@makes("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def ingress_rule(made: Making) -> tuple[str, dict[str, Any]]:
    """A rule: who may connect to the group."""
    return _rule(made, "authorize_security_group_ingress")


@makes("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
def egress_rule(made: Making) -> tuple[str, dict[str, Any]]:
    """A rule: whom the group may connect to."""
    return _rule(made, "authorize_security_group_egress")


def _rule(made: Making, operation: str) -> tuple[str, dict[str, Any]]:
    group, tags = made.take("securityGroupId"), made.tag_specification("security-group-rule")
    description = {"description": made.take("description")} if "description" in made.inputs else {}
    peers = {
        "cidrIpv4": ("ipRanges", "cidrIp"),
        "cidrIpv6": ("ipv6Ranges", "cidrIpv6"),
        "prefixListId": ("prefixListIds", "prefixListId"),
        "referencedSecurityGroupId": ("userIdGroupPairs", "groupId"),
    }
    peer = {
        field: [{key: made.take(name), **description}] for name, (field, key) in peers.items() if name in made.inputs
    }
    permission = {**peer, **made.take_all()}
    answer = made.call("ec2", operation, GroupId=group, IpPermissions=[permission], TagSpecifications=tags)
    return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"], {}


@makes("aws:ec2/vpcEndpoint:VpcEndpoint")
def vpc_endpoint(made: Making) -> tuple[str, dict[str, Any]]:
    """A private connection to an AWS service."""
    tags, policy = made.tag_specification("vpc-endpoint"), made.take("policy")
    answer = made.call("ec2", "create_vpc_endpoint", PolicyDocument=policy, TagSpecifications=tags)["VpcEndpoint"]
    return answer["VpcEndpointId"], {}
