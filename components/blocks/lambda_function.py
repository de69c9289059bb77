"""A Lambda function with a role, a log group and code of its own: the way every handler is deployed."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.handler_files import handler_files
from components.blocks.policies import Statement, allow, document, trust


class LambdaFunctionArgs(TypedDict):
    """One handler of `lambdas/`."""

    region: str
    handler: str
    """Folder of `lambdas/`. Its `handler.py` has `handle(event, context)`. The zip holds this file and its imports."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    statements: NotRequired[Sequence[Statement]]
    """Statements of its permissions in AWS. It may always write its own log."""
    timeout: int
    """Seconds."""
    memory: int
    """Megabytes; a CPU share comes with them (1,769 MB = one vCPU)."""
    log_days: int
    concurrency: NotRequired[int]
    """Concurrent executions that are reserved for it, which are also its limit. Default: 0, none are reserved, and it
    shares the account's limit with the others."""
    vendored: NotRequired[Mapping[str, pulumi.Archive]]
    """Libraries that the runtime does not have, by their folder in the zip."""


class LambdaFunction(pulumi.ComponentResource):
    """A function in Python on arm64. X-Ray traces it. It logs JSON to a group that keeps logs for `log_days`."""

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: LambdaFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        try:
            files = handler_files(args["handler"])
        except ValueError as error:
            raise ValueError(f"LambdaFunction {name!r}: {error}") from None
        super().__init__("headend:function:LambdaFunction", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]

        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log", region=region, retention_in_days=args["log_days"], opts=child
        )
        # Lambda sends no source account or ARN when it assumes an execution role, so no condition can name one.
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("lambda.amazonaws.com"), opts=child)
        own = [
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents"], log_group.arn.apply(lambda arn: f"{arn}:log-stream:*")
            ),
            # X-Ray has no resources to name.
            allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
        ]
        policy = aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=document([*own, *args.get("statements", [])]), opts=child
        )
        code: dict[str, pulumi.Asset | pulumi.Archive] = {path: pulumi.FileAsset(path) for path in files}
        code |= args.get("vendored", {})
        function = aws.lambda_.Function(
            f"{name}-function",
            region=region,
            role=role.arn,
            runtime=aws.lambda_.Runtime.PYTHON3D13,
            architectures=["arm64"],
            handler=f"lambdas.{args['handler']}.handler.handle",
            code=pulumi.AssetArchive(code),
            timeout=args["timeout"],
            memory_size=args["memory"],
            reserved_concurrent_executions=args.get("concurrency") or None,
            environment={"variables": args.get("environment", {})},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            tracing_config={"mode": "Active"},
            # A function that runs before its policy is attached would fail, and later nobody could see why.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.function_name, self.function_arn = function.name, function.arn
        self.log_group_name = log_group.name
        self.register_outputs({"function_name": self.function_name, "function_arn": self.function_arn})
