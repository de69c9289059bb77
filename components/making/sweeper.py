"""The sweeper starts lost uploads again, and deletes versions that nobody plays any more."""

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import Statement, allow
from components.blocks.schedule import CallArgs, let_call
from components.making.handlers import MakingArgs

MINUTES = 15
"""Time between two sweeps. That makes about 3,000 a month."""
SECONDS = 300
"""Longest time of a sweep. The next one continues where it ends."""


class SweeperArgs(MakingArgs):
    """The resources that the sweeper reads, starts and deletes."""

    state_machine_arn: pulumi.Input[str]
    sidecars_arn: pulumi.Input[str]
    """The workflow of files beside films."""
    workflow: str
    """The beginning of the workflow's name. Physical names have some digits more."""
    keep_versions_days: int
    """Days that a version stays after a newer one took its place."""


class Sweeper(pulumi.ComponentResource):
    """A function, its schedule, and a rule that calls it when an execution ends badly."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: SweeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:sweeper:Sweeper", name, None, opts)
        function = LambdaFunction(
            name,
            {
                "region": args["region"],
                "handler": "sweep",
                "environment": {
                    "TITLES_TABLE": args["table_name"],
                    "UPLOADS_BUCKET": args["uploads_name"],
                    "MEDIA_BUCKET": args["media_name"],
                    "STATE_MACHINE": args["state_machine_arn"],
                    "SIDECARS_STATE_MACHINE": args["sidecars_arn"],
                    "KEEP_VERSIONS_DAYS": str(args["keep_versions_days"]),
                },
                "statements": _rights(args),
                "timeout": SECONDS,
                "memory": 256,
                "log_days": args["log_days"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self)
        rules = {
            "schedule": aws.cloudwatch.EventRule(
                f"{name}-schedule",
                region=args["region"],
                description="Time to look for what was lost",
                schedule_expression=f"rate({MINUTES} minutes)",
                opts=child,
            ),
            "ended": aws.cloudwatch.EventRule(
                f"{name}-ended",
                region=args["region"],
                description="A film's execution was stopped, timed out or failed",
                event_pattern=pulumi.Output.json_dumps(
                    {
                        "source": ["aws.states"],
                        "detail-type": ["Step Functions Execution Status Change"],
                        "detail": {
                            "stateMachineArn": [args["state_machine_arn"]],
                            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                        },
                    }
                ),
                opts=child,
            ),
        }
        call: CallArgs = {
            "region": args["region"],
            "account_id": args["account_id"],
            "function": function,
            # If a call is lost, the next scheduled call finds the same things.
            "seconds": 60 * MINUTES,
            "tries": 3,
        }
        for which, rule in rules.items():
            let_call(rule, call, self, permission=f"{name}-from-{which}", target=f"{name}-{which}-target")
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})


def _rights(args: SweeperArgs) -> list[Statement]:
    """It may list films and not read them. It may delete renditions, which can be brought back for some days."""
    region, account = args["region"], args["account_id"]
    return [
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], args["table_arn"]),
        allow("dynamodb:Query", pulumi.Output.concat(args["table_arn"], "/index/by-state")),
        allow("states:StartExecution", [args["state_machine_arn"], args["sidecars_arn"]]),
        allow("states:DescribeExecution", f"arn:aws:states:{region}:{account}:execution:{args['workflow']}*"),
        allow("s3:ListBucketVersions", args["uploads_arn"]),
        allow("s3:ListBucket", args["media_arn"], StringLike={"s3:prefix": "v/*"}),
        allow("s3:DeleteObject", pulumi.Output.concat(args["media_arn"], "/v/*")),
    ]
