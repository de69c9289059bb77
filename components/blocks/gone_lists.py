"""How long a media bucket keeps the lists of titles that were taken down. Pure."""

import pulumi_aws as aws

from lambdas.names import GONE_LISTS

GONE_DAYS = 30
"""Days in which a node that was off can still learn that a title was taken down."""

FORGET_GONE_LISTS: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
    "id": "forget-gone-lists",
    "status": "Enabled",
    "filter": {"prefix": GONE_LISTS},
    "expiration": {"days": GONE_DAYS},
}
"""Every media bucket has this rule, since S3 does not replicate what a lifecycle rule deletes."""
