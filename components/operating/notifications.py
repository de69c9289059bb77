"""The topic of a region that tells people about alarms. Its encryption key may be used by AWS's own services."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.policies import Statement, document, tls_only


class NotificationsArgs(TypedDict):
    """The senders and the receiver of messages."""

    region: str
    account_id: str
    senders: Sequence[str]
    """Service principals that may publish, such as cloudwatch.amazonaws.com."""
    email: str
    """An address to subscribe, or empty for none. AWS first asks the address to confirm."""


class Notifications(pulumi.ComponentResource):
    """An SNS topic and its key.

    The key is the account's own, since CloudWatch and Budgets cannot publish to a topic with the AWS-managed key.
    """

    topic_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:notifications:Notifications", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        senders, own = {"Service": list(args["senders"])}, {"aws:SourceAccount": account}
        key_statements: list[Statement] = [
            {
                "Sid": "AccountByIam",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Senders",
                "Effect": "Allow",
                "Principal": senders,
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                # Only for topics of this account. SNS always names the topic that it encrypts for. AWS does not
                # document that a sender's account is always named, and a refused alarm would be lost without a sign.
                "Condition": {
                    "StringLike": {
                        "kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:{region}:{account}:*",
                    }
                },
            },
        ]
        key = aws.kms.Key(
            f"{name}-key",
            region=region,
            description=f"Encrypts the topic {name}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=document(key_statements),
            opts=child,
        )
        topic = aws.sns.Topic(f"{name}-topic", region=region, kms_master_key_id=key.arn, opts=child)
        topic_statements: list[Statement] = [
            {
                "Sid": "Senders",
                "Effect": "Allow",
                "Principal": senders,
                "Action": "sns:Publish",
                "Resource": topic.arn,
                "Condition": {"StringEquals": own},
            },
            {"Sid": "TlsOnly", **tls_only("sns:Publish", topic.arn)},
        ]
        aws.sns.TopicPolicy(
            f"{name}-topic-policy", region=region, arn=topic.arn, policy=document(topic_statements), opts=child
        )
        if args["email"]:
            aws.sns.TopicSubscription(
                f"{name}-email", region=region, topic=topic.arn, protocol="email", endpoint=args["email"], opts=child
            )
        self.topic_arn, self.key_arn = topic.arn, key.arn
        self.register_outputs({"topic_arn": self.topic_arn, "key_arn": self.key_arn})
