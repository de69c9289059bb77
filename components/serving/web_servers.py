"""The web servers: the playback API, as a Lambda function behind the home load balancer."""

from typing import Literal, TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import Statement, allow
from components.serving.api_target import api_target
from components.serving.load_balancer import LoadBalancer
from components.serving.signing_needs import read_signing_key, signing_library
from lambdas.plays import ITEMS


class SigningArgs(TypedDict):
    """How cookies are signed."""

    key_pair_id: pulumi.Input[str]
    """Id of the public key at CloudFront."""
    host: str
    """Host name that viewers use. Cookies are signed for it."""
    parameter: str
    """Name of the SSM SecureString with the private key. An operator writes it, and only the function reads it."""


class WebServersArgs(TypedDict):
    """The resources that the API reads, and the load balancer in front of it."""

    region: str
    balancer: LoadBalancer
    """The load balancer of this region."""
    account_id: str
    log_days: int
    encode: Literal["on_upload", "on_request"]
    stack: str
    """A dimension of the metrics: it keeps two stacks of one account apart."""
    report_percent: int
    """Share of all views whose players report on them, in percent."""
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    uploads_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    signing: SigningArgs | None
    concurrency: int
    """Concurrent executions that are reserved for it, which are also its limit. 0: none are reserved."""


class WebServers(pulumi.ComponentResource):
    """The API: list titles, show a title, play a title.

    It is a function and not a fleet. A viewer asks it once for each film, so it has little to do while the caches are
    busy, and it scales by itself when a premiere starts. It is one more target behind the same balancer.
    """

    target_group_suffix: pulumi.Output[str]
    """The end of the target group's ARN, by which CloudWatch's metrics name it."""
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
            # It counts plays, and can change no title.
            allow(
                "dynamodb:UpdateItem",
                args["table_arn"],
                **{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [ITEMS]}},
            ),
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
                # More memory brings more CPU, which shortens a cold start. A viewer would notice a slow one.
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
                # The rule was once a child of the balancer. Without the alias Pulumi would make a second rule of the
                # same priority, which AWS refuses.
                "rule_aliases": [pulumi.Alias(name=f"{balancer.pulumi_resource_name}-api", parent=balancer)],
            },
            self,
        )
        self.target_group_suffix, self.function_name = target_group.arn_suffix, function.function_name
        self.register_outputs({"function_name": self.function_name})
