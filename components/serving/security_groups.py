"""Who may speak to whom in a point of presence: CloudFront to the balancer, the balancer to the nodes, nodes to S3."""

from typing import Any, TypeAlias, TypedDict

import pulumi
import pulumi_aws as aws

from components.serving.network import UNTIL_CLOUDFRONT_LEFT

Rule: TypeAlias = type[aws.vpc.SecurityGroupIngressRule] | type[aws.vpc.SecurityGroupEgressRule]


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

        def let(rule: str, kind: Rule, of: aws.ec2.SecurityGroup, port: int, says: str, **peer: Any) -> None:
            """Allow one TCP port to or from a peer: a group, a prefix list or a block of addresses."""
            kind(
                f"{name}-{rule}",
                region=region,
                security_group_id=of.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=says,
                opts=child,
                **peer,
            )

        into, out_of = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
        port, requests = args["node_port"], "Requests and health checks"
        # The list counts as 55 of the 60 rules that a group may have. So there is room for one port only.
        let(
            "balancer-from-cloudfront",
            into,
            balancer,
            args["balancer_port"],
            "Origin-facing servers of CloudFront",
            prefix_list_id=cloudfront.id,
        )
        let("balancer-to-nodes", out_of, balancer, port, requests, referenced_security_group_id=nodes.id)
        let("nodes-from-balancer", into, nodes, port, requests, referenced_security_group_id=balancer.id)
        let(
            "nodes-to-s3",
            out_of,
            nodes,
            443,
            "Fill, and Amazon Linux packages, by the gateway endpoint",
            prefix_list_id=args["s3_prefix_list_id"],
        )
        # AWS publishes no prefix list for these endpoints, so the address cannot be narrower than the port.
        let("nodes-to-agents", out_of, nodes, 443, "CloudWatch and Systems Manager, by IPv6", cidr_ipv6="::/0")

        self.balancer_id, self.node_id = balancer.id, nodes.id
        self.register_outputs({"balancer_id": self.balancer_id, "node_id": self.node_id})
