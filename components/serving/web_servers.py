"""The web servers: the playback API, as a Lambda function behind the home load balancer."""

from typing import Literal, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import Statement, allow
from components.serving.load_balancer import LoadBalancer
from components.serving.signing_needs import read_signing_key, signing_library


class SigningArgs(TypedDict):
    """How cookies are signed."""

    key_pair_id: pulumi.Input[str]
    """Of the public key at CloudFront."""
    host: str
    """The viewers' name of the platform: cookies are signed for it."""
    parameter: str
    """SSM SecureString with the private key, written by hand and read by the function alone."""


class WebServersArgs(TypedDict):
    """What the API reads, and behind which balancer it answers."""

    region: str
    balancer: LoadBalancer
    """Of this region."""
    account_id: str
    log_days: int
    encode: Literal["on_upload", "on_request"]
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    uploads_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    signing: SigningArgs | None
    concurrency: int
    """Executions that are kept for it, and its most; 0 for none."""


class WebServers(pulumi.ComponentResource):
    """List, title, play.

    A function and not a fleet: a viewer asks once a film, so this is idle where the caches are busy, and it scales by
    itself when a premiere starts. `aws.lb.TargetGroup` makes it one more target behind the same balancer.
    """

    target_group_suffix: pulumi.Output[str]
    """As CloudWatch's metrics name it."""
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: WebServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:web_servers:WebServers", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        environment: dict[str, pulumi.Input[str]] = {"TITLES_TABLE": args["table_name"]}
        statements: list[Statement] = [
            allow("dynamodb:GetItem", args["table_arn"]),
            allow("dynamodb:Query", pulumi.Output.concat(args["table_arn"], "/index/by-state")),
        ]
        if args["encode"] == "on_request":
            environment |= {
                "ENCODE_ON_REQUEST_STATE_MACHINE": args["state_machine_arn"],
                "UPLOADS_BUCKET": args["uploads_name"],
            }
            statements.append(allow("states:StartExecution", args["state_machine_arn"]))
        signing = args["signing"]
        if signing:
            environment |= {
                "SIGNING_KEY_PAIR_ID": signing["key_pair_id"],
                "SIGNING_KEY_PARAMETER": signing["parameter"],
                "SIGNING_HOST": signing["host"],
                "PYTHONPATH": "/var/task/vendor",
            }
            statements += read_signing_key(region, args["account_id"], signing["parameter"])
        function = LambdaFunction(
            f"{name}-playback",
            {
                "region": region,
                "handler": "playback",
                "environment": environment,
                "statements": statements,
                "timeout": 10,
                # More memory is more CPU: a cold start is what a viewer would feel.
                "memory": 1024,
                "concurrency": args["concurrency"],
                "log_days": args["log_days"],
                "vendored": {"vendor": pulumi.FileArchive(str(signing_library()))} if signing else {},
            },
            child,
        )
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
            # The balancer tries the function when it is attached.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        balancer = args["balancer"]
        aws.lb.ListenerRule(
            f"{name}-rule",
            region=region,
            listener_arn=balancer.listener_arn,
            priority=10,
            conditions=[{"path_pattern": {"values": ["/api/*"]}}],
            actions=[{"type": "forward", "target_group_arn": target_group.arn}],
            opts=pulumi.ResourceOptions(
                parent=self,
                # The rule was once the balancer's, and a balancer cannot have two of one priority.
                aliases=[pulumi.Alias(name=f"{balancer.pulumi_resource_name}-api", parent=balancer)],
            ),
        )
        self.target_group_suffix, self.function_name = target_group.arn_suffix, function.function_name
        self.register_outputs({"function_name": self.function_name})
