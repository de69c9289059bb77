"""The topic: alarms get through its encryption, and no other account's alarms do."""

import functools

from components.operating.notifications import Notifications
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, deploy, statements

SENDER = "cloudwatch.amazonaws.com"


@functools.cache
def notifications(email: str = "") -> Deployment:
    return deploy(
        lambda: Notifications("alarms", {"region": REGION, "account_id": ACCOUNT, "senders": [SENDER], "email": email})
    )


def test_the_sender_may_publish_for_this_account_only() -> None:
    done = notifications()
    topic = done.one("aws:sns/topic:Topic").outputs["arn"]
    allowed, _ = statements(done.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    assert (allowed["Action"], allowed["Resource"]) == ("sns:Publish", topic)
    assert allowed["Principal"] == {"Service": [SENDER]}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_sender_may_use_the_key_for_this_accounts_topics() -> None:
    done = notifications()
    key = done.one("aws:kms/key:Key")
    assert done.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == key.outputs["arn"]
    account, sender = statements(key.inputs["policy"])
    # Without this statement nobody could ever change or delete the key.
    assert (account["Principal"], account["Action"]) == ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*")
    assert sender["Principal"] == {"Service": [SENDER]}
    assert set(sender["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert sender["Condition"] == {
        "StringLike": {"kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:*"}
    }


def test_only_the_given_address_is_told() -> None:
    subscription = "aws:sns/topicSubscription:TopicSubscription"
    assert notifications().of_type(subscription) == []
    told = notifications("operations@example.com").one(subscription).inputs
    assert (told["protocol"], told["endpoint"]) == ("email", "operations@example.com")
