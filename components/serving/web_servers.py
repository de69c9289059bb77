"""The web servers: the playback API, as a Lambda function behind the home load balancer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction, handler_files
from components.blocks.policies import Statement, allow


class SigningArgs(TypedDict):
    """How cookies are signed."""

    key_pair_id: pulumi.Input[str]
    """Of the public key at CloudFront."""
    host: str
    """The viewers' name of the platform: cookies are signed for it."""
    parameter: str
    """SSM SecureString with the private key, written by hand and read by the function alone."""


class WebServersArgs(TypedDict):
    """What the API reads."""

    region: str
    account_id: str
    log_days: int
    encode: Literal["on_upload", "on_request"]
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    uploads_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    signing: SigningArgs | None


class WebServers(pulumi.ComponentResource):
    """List, title, play.

    A function and not a fleet: a viewer asks once a film, so this is idle where the caches are busy, and it scales by
    itself when a premiere starts. `aws.lb.TargetGroup` makes it one more target behind the same balancer.
    """

    target_group_arn: pulumi.Output[str]
    target_group_suffix: pulumi.Output[str]
    """As CloudWatch's metrics name it."""
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: WebServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:web_servers:WebServers", name, {"encode": args["encode"]}, opts)
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
            statements += _read_signing_key(region, args["account_id"], signing["parameter"])
        function = LambdaFunction(
            f"{name}-playback",
            {
                "region": region,
                "handler": "playback",
                "files": handler_files("playback"),
                "environment": environment,
                "statements": statements,
                "timeout": 10,
                # More memory is more CPU: a cold start is what a viewer would feel.
                "memory": 1024,
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
        self.target_group_arn, self.target_group_suffix = target_group.arn, target_group.arn_suffix
        self.function_name = function.function_name
        self.register_outputs({"target_group_arn": self.target_group_arn})


def signing_library() -> Path:
    """The folder of the one library that the runtime lacks: `cryptography`, for Lambda's processor and Python.

    Raises:
        RunError: it is not installed.
    """
    folder = Path(__file__).parents[2] / ".vendor" / "playback"
    if not (folder / "cryptography").is_dir():
        raise pulumi.RunError(f"{folder} is missing, and signed playback needs it: run `make setup` first")
    return folder


def _read_signing_key(region: str, account_id: str, parameter: str) -> Sequence[Statement]:
    return [
        allow("ssm:GetParameter", f"arn:aws:ssm:{region}:{account_id}:parameter{parameter}"),
        # The account's own SSM key, whose id is not known here: only through SSM, and for this parameter alone.
        allow(
            "kms:Decrypt",
            f"arn:aws:kms:{region}:{account_id}:key/*",
            StringEquals={
                "kms:ViaService": f"ssm.{region}.amazonaws.com",
                "kms:EncryptionContext:PARAMETER_ARN": f"arn:aws:ssm:{region}:{account_id}:parameter{parameter}",
            },
        ),
    ]
