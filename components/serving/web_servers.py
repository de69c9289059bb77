"""The web servers: the playback API, as a Lambda function behind the home load balancer."""

from typing import Literal, TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import Statement, allow
from components.serving.api_target import api_target
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
    stack: str
    """Of metrics: two stacks of one account are kept apart."""
    report_percent: int
    """Of all views: how many tell how they go."""
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
        environment: dict[str, pulumi.Input[str]] = {
            "TITLES_TABLE": args["table_name"],
            "STACK": args["stack"],
            "REPORT_PERCENT": str(args["report_percent"]),
        }
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
        balancer = args["balancer"]
        target_group = api_target(
            name,
            {
                "region": region,
                "account_id": args["account_id"],
                "balancer": balancer,
                "function": function,
                "path": "/api/*",
                "priority": 10,
                # The rule was once the balancer's, and a balancer cannot have two of one priority.
                "rule_aliases": [pulumi.Alias(name=f"{balancer.pulumi_resource_name}-api", parent=balancer)],
            },
            self,
        )
        self.target_group_suffix, self.function_name = target_group.arn_suffix, function.function_name
        self.register_outputs({"function_name": self.function_name})
