"""What the workflow and each of its handlers may do in AWS. Pure: names in, policy statements out."""

from typing import Literal, TypeAlias, TypedDict

import pulumi

from components.blocks.policies import Statement, allow

HandlerName: TypeAlias = Literal["identify", "probe", "plan", "find_job", "verify"]


class WorkflowArns(TypedDict):
    """What is read, written and told."""

    region: str
    account_id: str
    uploads_arn: pulumi.Input[str]
    media_arn: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    job_role_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    topic_key_arn: pulumi.Input[str]


def handler_rights(args: WorkflowArns) -> dict[HandlerName, list[Statement]]:
    """By handler: what it needs, and no other does."""
    sources = pulumi.Output.concat(args["uploads_arn"], "/*")
    media = pulumi.Output.concat(args["media_arn"], "/v/*")
    return {
        "identify": [],
        # Probe reads the source as its caller. MediaConvert has no resource of its own for it.
        "probe": [
            allow("mediaconvert:Probe", "*"),
            allow("s3:GetObject", sources),
            allow("s3:ListBucket", args["uploads_arn"]),  # to a role that may not list, S3 says 403 for "gone"
        ],
        "plan": [],
        "find_job": [allow("mediaconvert:SearchJobs", args["queue_arn"])],
        "verify": [
            allow("s3:GetObject", sources),
            allow("s3:ListBucket", args["uploads_arn"]),  # for the same reason as probe
            allow("s3:ListBucket", args["media_arn"], StringLike={"s3:prefix": "v/*"}),
            allow("s3:GetObject", media),
        ],
    }


def workflow_rights(args: WorkflowArns, function_arns: list[pulumi.Output[str]]) -> list[Statement]:
    """What the workflow itself does: its integrations, and the delivery of its log."""
    region, account = args["region"], args["account_id"]
    return [
        allow("lambda:InvokeFunction", function_arns),
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], args["table_arn"]),
        # The integration's guide says that these must have "*", and a refusal would stop all encoding. PassRole below
        # is what bounds them: a job reads and writes what its role may, and nothing else.
        allow(
            ["mediaconvert:CreateJob", "mediaconvert:TagResource"], "*", StringEquals={"aws:RequestedRegion": region}
        ),
        allow(["mediaconvert:GetJob", "mediaconvert:CancelJob"], f"arn:aws:mediaconvert:{region}:{account}:jobs/*"),
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
