"""Who may speak to whom in a point of presence: CloudFront to the balancer, the balancer to the nodes, nodes to S3."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.serving.network import UNTIL_CLOUDFRONT_LEFT


class SecurityGroupsArgs(TypedDict):
    """The network and its two ports."""

    region: str
    vpc_id: pulumi.Input[str]
    s3_prefix_list_id: pulumi.Input[str]
    balancer_port: int
    """The one port that CloudFront may reach."""
    node_port: int


class SecurityGroups(pulumi.ComponentResource):
    """Two groups that name each other. Each rule is a resource: Pulumi allows no circle between inline rules."""

    balancer_id: pulumi.Output[str]
    node_id: pulumi.Output[str]

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:security_groups:SecurityGroups", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        port, node_port = args["balancer_port"], args["node_port"]
        cloudfront = aws.ec2.get_managed_prefix_list_output(
            name="com.amazonaws.global.cloudfront.origin-facing", region=region
        )

        def group(role: str, description: str) -> aws.ec2.SecurityGroup:
            return aws.ec2.SecurityGroup(
                f"{name}-{role}",
                region=region,
                vpc_id=args["vpc_id"],
                description=description,
                tags={"Name": f"{name}-{role}"},
                opts=pulumi.ResourceOptions(parent=self, custom_timeouts=UNTIL_CLOUDFRONT_LEFT),
            )

        balancer = group("balancer", "Load balancer: CloudFront in, cache nodes out")
        nodes = group("node", "Cache nodes: load balancer in, S3 and endpoints of agents out")
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-balancer-from-cloudfront",
            region=region,
            security_group_id=balancer.id,
            # The list counts as 55 of the 60 rules that a group may have. So there is room for one port only.
            prefix_list_id=cloudfront.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description="Origin-facing servers of CloudFront",
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-balancer-to-nodes",
            region=region,
            security_group_id=balancer.id,
            referenced_security_group_id=nodes.id,
            ip_protocol="tcp",
            from_port=node_port,
            to_port=node_port,
            description="Requests and health checks",
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-nodes-from-balancer",
            region=region,
            security_group_id=nodes.id,
            referenced_security_group_id=balancer.id,
            ip_protocol="tcp",
            from_port=node_port,
            to_port=node_port,
            description="Requests and health checks",
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-nodes-to-s3",
            region=region,
            security_group_id=nodes.id,
            prefix_list_id=args["s3_prefix_list_id"],
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="Fill, and Amazon Linux packages, by the gateway endpoint",
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-nodes-to-agents",
            region=region,
            security_group_id=nodes.id,
            # AWS publishes no prefix list for these endpoints, so the address cannot be narrower than the port.
            cidr_ipv6="::/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="CloudWatch and Systems Manager, by IPv6",
            opts=child,
        )

        self.balancer_id, self.node_id = balancer.id, nodes.id
        self.register_outputs({"balancer_id": self.balancer_id, "node_id": self.node_id})
