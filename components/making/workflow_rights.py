"""The workflow's own permissions in AWS. Pure: names in, policy statements out."""

import pulumi

from components.blocks.policies import Statement, allow
from components.making.handlers import MakingArgs


def workflow_rights(args: MakingArgs, function_arns: list[pulumi.Output[str]], machine: str) -> list[Statement]:
    """What the workflow's integrations do.

    `machine` is what its name begins with: it is made after this, and gets some digits more.
    """
    region, account = args["region"], args["account_id"]
    return [
        allow("lambda:InvokeFunction", function_arns),
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], args["table_arn"]),
        # AWS's guide to the integration says that this needs "*". PassRole below limits it: a job can read and write
        # only what its role may.
        allow("mediaconvert:CreateJob", "*", StringEquals={"aws:RequestedRegion": region}),
        allow(["mediaconvert:GetJob", "mediaconvert:CancelJob"], f"arn:aws:mediaconvert:{region}:{account}:jobs/*"),
        allow("iam:PassRole", args["job_role_arn"], StringEquals={"iam:PassedToService": "mediaconvert.amazonaws.com"}),
        # By this rule, which Step Functions keeps for the account, `.sync` learns that the job ended.
        allow(
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:aws:events:{region}:{account}:rule/StepFunctionsGetEventsForMediaConvertJobRule",
        ),
        # Does the execution that holds a claim still run?
        allow("states:DescribeExecution", f"arn:aws:states:{region}:{account}:execution:{machine}*"),
        allow("sns:Publish", args["topic_arn"]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], args["topic_key_arn"]),
    ]
