"""How long a media bucket keeps fill lists. Pure."""

import pulumi_aws as aws

from lambdas.names import FILL_LISTS

FILL_DAYS = 30
"""A title counts as new for so long: what a new node fetches before anybody asks. A list of a thousand titles is one
request of each node's every poll."""

FORGET_FILL_LISTS: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
    "id": "forget-fill-lists",
    "status": "Enabled",
    "filter": {"prefix": FILL_LISTS},
    "expiration": {"days": FILL_DAYS},
}
"""Of every media bucket: deletions by lifecycle are not replicated."""
