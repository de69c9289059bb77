"""The private connection from CloudFront to the load balancer of a point of presence."""

import hashlib
import json
from typing import TypedDict

import pulumi
import pulumi_aws as aws


class PrivateOriginArgs(TypedDict):
    """Which load balancer, and by which protocol."""

    region: str
    balancer_arn: pulumi.Input[str]
    https: bool
    internet_gateway: aws.ec2.InternetGateway
    """The internet gateway of the balancer's network."""


class PrivateOrigin(pulumi.ComponentResource):
    """A VPC origin. An update in place fails while the distribution uses it (409), so every change makes a new one."""

    origin_id: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateOriginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:private_origin:PrivateOrigin", name, None, opts)
        stack = pulumi.get_stack()
        origin = aws.cloudfront.VpcOrigin(
            f"{name}-vpc-origin",
            vpc_origin_endpoint_config=pulumi.Output.from_input(args["balancer_arn"]).apply(
                lambda arn: endpoint_config(arn, https=args["https"], prefix=f"{name}-{stack}")
            ),
            # AWS says that it takes up to 15 minutes. The provider's default is to give up after 15 minutes, and then
            # it loses the resource.
            timeouts={"create": "45m", "update": "45m", "delete": "45m"},
            opts=pulumi.ResourceOptions(
                parent=self,
                replace_on_changes=["vpcOriginEndpointConfig"],
                # CloudFront refuses a VPC without one. The gateway must stay as long as the VPC origin.
                depends_on=[args["internet_gateway"]],
            ),
        )
        self.origin_id = origin.id
        self.register_outputs({"origin_id": self.origin_id})


def endpoint_config(
    balancer_arn: str, *, https: bool, prefix: str
) -> aws.cloudfront.VpcOriginVpcOriginEndpointConfigArgsDict:
    """How CloudFront reaches the balancer.

    The old VPC origin exists while the new one is made, and names are unique in the account. So the name ends with a
    hash of the other values.
    """
    config: aws.cloudfront.VpcOriginVpcOriginEndpointConfigArgsDict = {
        "name": prefix,
        "arn": balancer_arn,
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only" if https else "http-only",
        "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
    }
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    return {**config, "name": f"{prefix}-{digest}"}
