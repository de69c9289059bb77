"""A function behind the load balancer that answers a path of the API. Its resources are children of the caller."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction
from components.serving.load_balancer import LoadBalancer


class ApiTargetArgs(TypedDict):
    """Which function answers which path."""

    region: str
    account_id: str
    balancer: LoadBalancer
    """The load balancer of this region."""
    function: LambdaFunction
    path: str
    """A path pattern of a load balancer's rule, such as `/api/*`."""
    priority: int
    """The balancer tries the rule with the lowest priority first."""
    rule_aliases: list[pulumi.Alias]


def api_target(name: str, args: ApiTargetArgs, parent: pulumi.Resource) -> aws.lb.TargetGroup:
    """Make the target group `<name>-api`, and the balancer's rule `<name>-rule` that sends the path to it."""
    child, region, function = pulumi.ResourceOptions(parent=parent), args["region"], args["function"]
    target_group = aws.lb.TargetGroup(
        f"{name}-api", region=region, target_type="lambda", lambda_multi_value_headers_enabled=True, opts=child
    )
    permission = aws.lambda_.Permission(
        f"{name}-from-balancer",
        region=region,
        function=function.function_name,
        action="lambda:InvokeFunction",
        principal="elasticloadbalancing.amazonaws.com",
        source_arn=target_group.arn,
        source_account=args["account_id"],
        opts=child,
    )
    aws.lb.TargetGroupAttachment(
        f"{name}-api-target",
        region=region,
        target_group_arn=target_group.arn,
        target_id=function.function_arn,
        # The balancer calls the function as soon as it is attached.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
    aws.lb.ListenerRule(
        f"{name}-rule",
        region=region,
        listener_arn=args["balancer"].listener_arn,
        priority=args["priority"],
        conditions=[{"path_pattern": {"values": [args["path"]]}}],
        actions=[{"type": "forward", "target_group_arn": target_group.arn}],
        opts=pulumi.ResourceOptions(parent=parent, aliases=args["rule_aliases"]),
    )
    return target_group
