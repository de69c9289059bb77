"""Orchestration: an upload's event starts the workflow; its handlers, its roles, and where lost events end."""

from typing import Literal, TypeAlias, TypedDict

import pulumi
import pulumi_aws as aws

from components.function import LambdaFunction, handler_files
from components.policies import Statement, allow, document, from_account, trust
from components.workflow import definition


class OrchestrationArgs(TypedDict):
    """What the workflow reads, writes and tells."""

    region: str
    account_id: str
    encode: Literal["on_upload", "on_request"]
    log_days: int
    uploads_name: pulumi.Input[str]
    uploads_arn: pulumi.Input[str]
    media_name: pulumi.Input[str]
    media_arn: pulumi.Input[str]
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    job_role_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    topic_key_arn: pulumi.Input[str]


class Orchestration(pulumi.ComponentResource):
    """The state machine, its handlers, and the rule that starts it."""

    state_machine_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    """Queue of the events that could not start the workflow."""

    def __init__(self, name: str, args: OrchestrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:orchestration:Orchestration", name, {"encode": args["encode"]}, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        functions = _handlers(name, args, child)

        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log",
            region=region,
            # Step Functions asks for this prefix: the resource policy for log delivery is shared and limited in size.
            name_prefix="/aws/vendedlogs/states/headend-",
            retention_in_days=args["log_days"],
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust("states.amazonaws.com", StringEquals=from_account(args["account_id"])),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(_permissions(args, [function.function_arn for function in functions.values()])),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            f"{name}-workflow",
            region=region,
            role_arn=role.arn,
            definition=pulumi.Output.json_dumps(
                definition(
                    {
                        "table": args["table_name"],
                        "topic_arn": args["topic_arn"],
                        "functions": {key: function.function_arn for key, function in functions.items()},
                        "encode": args["encode"],
                    }
                )
            ),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": True,
                "log_destination": log_group.arn.apply(lambda arn: f"{arn}:*"),
            },
            tracing_configuration={"enabled": True},
            # Step Functions checks on creation that it may deliver logs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        dead_letters = self._start_on_upload(name, args, machine.arn, child)

        self.state_machine_arn, self.dead_letter_name = machine.arn, dead_letters.name
        self.register_outputs({"state_machine_arn": self.state_machine_arn, "dead_letter_name": self.dead_letter_name})

    @staticmethod
    def _start_on_upload(
        name: str, args: OrchestrationArgs, machine_arn: pulumi.Output[str], child: pulumi.ResourceOptions
    ) -> aws.sqs.Queue:
        region, account = args["region"], args["account_id"]
        rule = aws.cloudwatch.EventRule(
            f"{name}-on-upload",
            region=region,
            description="A film was uploaded",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    # A key that ends in a slash is a folder that a console made.
                    "detail": {
                        "bucket": {"name": [args["uploads_name"]]},
                        "object": {"key": [{"anything-but": {"suffix": "/"}}]},
                    },
                }
            ),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-start-role",
            assume_role_policy=trust(
                "events.amazonaws.com",
                StringEquals=from_account(account),
                ArnEquals={"aws:SourceArn": rule.arn},
            ),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-start-policy",
            role=role.name,
            policy=document([allow("states:StartExecution", machine_arn)]),
            opts=child,
        )
        # Two weeks, the longest there is: the event is the only trace of an upload that did not start a workflow.
        queue = aws.sqs.Queue(
            f"{name}-dead-letters",
            region=region,
            message_retention_seconds=14 * 24 * 3600,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        statements: list[Statement] = [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule.arn}},
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue.arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
        aws.sqs.QueuePolicy(
            f"{name}-dead-letters-policy", region=region, queue_url=queue.url, policy=document(statements), opts=child
        )
        aws.cloudwatch.EventTarget(
            f"{name}-start",
            region=region,
            rule=rule.name,
            arn=machine_arn,
            role_arn=role.arn,
            dead_letter_config={"arn": queue.arn},
            retry_policy={"maximum_event_age_in_seconds": 24 * 3600, "maximum_retry_attempts": 185},
            opts=child,
        )
        return queue


HandlerName: TypeAlias = Literal["identify", "probe", "plan", "find_job", "verify"]


def _handlers(name: str, args: OrchestrationArgs, child: pulumi.ResourceOptions) -> dict[HandlerName, LambdaFunction]:
    """The decisions of the workflow, each with the rights that it needs and no other."""
    sources = pulumi.Output.concat(args["uploads_arn"], "/*")
    media = pulumi.Output.concat(args["media_arn"], "/v/*")
    rights: dict[HandlerName, list[Statement]] = {
        "identify": [],
        # Probe reads the source as its caller. MediaConvert has no resource of its own for Probe and SearchJobs.
        "probe": [allow("mediaconvert:Probe", "*"), allow("s3:GetObject", sources)],
        "plan": [],
        "find_job": [allow("mediaconvert:SearchJobs", "*")],
        "verify": [
            # It lists rather than asks for one object: to a role that may not list, S3 says 403 for "gone".
            allow("s3:ListBucket", args["uploads_arn"]),
            allow("s3:ListBucket", args["media_arn"], StringLike={"s3:prefix": "v/*"}),
            allow("s3:GetObject", media),
        ],
    }
    environment: dict[HandlerName, dict[str, pulumi.Input[str]]] = {
        "plan": {
            "MEDIA_BUCKET": args["media_name"],
            "JOB_ROLE_ARN": args["job_role_arn"],
            "QUEUE_ARN": args["queue_arn"],
        },
        "verify": {"MEDIA_BUCKET": args["media_name"]},
    }
    return {
        handler: LambdaFunction(
            f"{name}-{handler.replace('_', '-')}",
            {
                "region": args["region"],
                "handler": handler,
                "files": handler_files(handler),
                "environment": environment.get(handler, {}),
                "statements": statements,
                # A long title has some thousands of segments to list, and a probe reads the source's index: a minute or
                # two at the worst. The rest answers within a second.
                "timeout": 110,
                "memory": 512,
                "log_days": args["log_days"],
            },
            child,
        )
        for handler, statements in rights.items()
    }


def _permissions(args: OrchestrationArgs, function_arns: list[pulumi.Output[str]]) -> list[Statement]:
    """What the workflow itself does: its integrations, and the delivery of its log."""
    region, account = args["region"], args["account_id"]
    return [
        allow("lambda:InvokeFunction", function_arns),
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], args["table_arn"]),
        allow("mediaconvert:CreateJob", [args["queue_arn"], f"arn:aws:mediaconvert:{region}:{account}:jobs/*"]),
        allow(
            ["mediaconvert:GetJob", "mediaconvert:CancelJob", "mediaconvert:TagResource"],
            f"arn:aws:mediaconvert:{region}:{account}:jobs/*",
        ),
        allow("iam:PassRole", args["job_role_arn"], StringEquals={"iam:PassedToService": "mediaconvert.amazonaws.com"}),
        # How `.sync` hears of the job's end: a rule that Step Functions keeps for the account.
        allow(
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:aws:events:{region}:{account}:rule/StepFunctionsGetEventsForMediaConvertJobRule",
        ),
        allow("sns:Publish", args["topic_arn"]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], args["topic_key_arn"]),
        # Log delivery and X-Ray have no resources to name.
        allow(
            [
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ],
            "*",
        ),
    ]
