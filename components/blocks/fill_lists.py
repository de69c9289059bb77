"""How long a media bucket keeps fill lists. Pure."""

import pulumi_aws as aws

from lambdas.names import FILL_LISTS

FILL_DAYS = 30
"""Days that a title counts as new. A new node fetches new titles before a viewer asks for them. S3 lists up to a
thousand titles in one request, and each node lists them at every poll."""

FORGET_FILL_LISTS: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
    "id": "forget-fill-lists",
    "status": "Enabled",
    "filter": {"prefix": FILL_LISTS},
    "expiration": {"days": FILL_DAYS},
}
"""Every media bucket has this rule, since S3 does not replicate what a lifecycle rule deletes."""
