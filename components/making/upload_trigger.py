"""The trigger of the workflow: the events of the uploads bucket, and a queue for events that could not start it."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import Statement, allow, document, from_account, tls_only, trust


class UploadTriggerArgs(TypedDict):
    """The objects of a bucket that start a workflow, and the workflow."""

    region: str
    account_id: str
    uploads_name: pulumi.Input[str]
    description: str
    details: Sequence[str]
    """S3's events: `Object Created`, `Object Deleted`."""
    keys: Sequence[object]
    """EventBridge's patterns of object keys."""
    state_machine_arn: pulumi.Input[str]
    dead_letters: NotRequired["UploadTrigger"]
    """Another trigger, whose queue this one uses too, so that all lost events are in one place."""


class UploadTrigger(pulumi.ComponentResource):
    """An EventBridge rule with a dead-letter queue."""

    dead_letters: aws.sqs.Queue
    dead_letter_name: pulumi.Output[str]
    """Queue of the events that could not start the workflow."""

    def __init__(self, name: str, args: UploadTriggerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:upload_trigger:UploadTrigger", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            region=region,
            description=args["description"],
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": args["details"],
                    "detail": {"bucket": {"name": [args["uploads_name"]]}, "object": {"key": args["keys"]}},
                }
            ),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust(
                "events.amazonaws.com",
                StringEquals=from_account(account),
                ArnEquals={"aws:SourceArn": rule.arn},
            ),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document([allow("states:StartExecution", args["state_machine_arn"])]),
            opts=child,
        )
        given = args.get("dead_letters")
        queue = given.dead_letters if given else _dead_letters(name, region, account, child)
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            region=region,
            rule=rule.name,
            arn=args["state_machine_arn"],
            role_arn=role.arn,
            dead_letter_config={"arn": queue.arn},
            retry_policy={"maximum_event_age_in_seconds": 24 * 3600, "maximum_retry_attempts": 185},
            opts=child,
        )

        self.dead_letters, self.dead_letter_name = queue, queue.name
        self.register_outputs({"dead_letter_name": self.dead_letter_name})


def _dead_letters(name: str, region: str, account: str, child: pulumi.ResourceOptions) -> aws.sqs.Queue:
    # Two weeks, which is the longest that SQS keeps a message.
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
            # All triggers may write here. Each message names its rule and its target.
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{region}:{account}:rule/*"}},
        },
        tls_only("sqs:*", queue.arn),
    ]
    aws.sqs.QueuePolicy(
        f"{name}-dead-letters-policy", region=region, queue_url=queue.url, policy=document(statements), opts=child
    )
    return queue
