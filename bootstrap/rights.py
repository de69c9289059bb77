"""The permissions of the workflows' roles, as IAM documents. Pure.

`deploy` may make the platform's resources, and roles with the boundary `workload`. `preview` may read and change
nothing. Neither may change the resources of this folder's program, except to read and write Pulumi's state.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

Statement: TypeAlias = dict[str, Any]

SERVICES = (
    "acm", "autoscaling", "budgets", "cloudfront", "cloudwatch", "dynamodb", "ec2", "elasticloadbalancing",
    "events", "fis", "kms", "lambda", "logs", "mediaconvert", "route53", "s3", "sns", "sqs", "states", "wafv2",
)  # fmt: skip
"""Services of which the platform has resources. A test compares this list with the program."""
WORKLOAD = (
    "cloudwatch", "dynamodb", "ec2", "events", "kms", "lambda", "logs", "mediaconvert", "s3", "sns", "ssm",
    "ssmmessages", "states", "xray",
)  # fmt: skip
"""Services that the platform's own roles use. A test compares this list with their policies."""
ROLES = "*-role-???????"
"""Names of the platform's roles, as Pulumi makes them. No other role of the account may have such a name."""
PROFILES = "*-profile-???????"
TITLES = ("GetItem", "GetRecords")
MESSAGES = ("GetLogEvents", "GetLogRecord", "GetQueryResults")
GITHUB = "token.actions.githubusercontent.com"


class Place(NamedTuple):
    """ARNs of the resources that this folder's program makes."""

    account_id: str
    bucket: str
    """The bucket with Pulumi's state."""
    key: str
    """The key that encrypts the state and the secrets in it."""


def document(statements: Sequence[Statement]) -> str:
    """The policy document as JSON without spaces, because IAM limits its length and counts some spaces."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def trust(provider: str, repository: str, environment: str) -> str:
    """A trust policy for jobs of this repository in this GitHub environment, which decides who may start them."""
    claims = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": f"repo:{repository}:environment:{environment}"}
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": claims},
            }
        ]
    )


def workload() -> str:
    """The boundary of the platform's roles. It allows the data of their services, and no change of permissions."""
    return document(
        [
            _allow([f"{service}:*" for service in WORKLOAD], "*"),
            _allow(["iam:PassRole"], "*", {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}),
        ]
    )


def deploy(place: Place, boundary: str) -> str:
    """Make, change and delete the platform. `boundary` is the ARN of `workload`, the boundary of each role."""
    roles = f"arn:aws:iam::{place.account_id}:role/{ROLES}"
    profiles = f"arn:aws:iam::{place.account_id}:instance-profile/{PROFILES}"
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    given = ["CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy", "DeleteRolePolicy"]
    kept = ["DeleteRole", "PassRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"]
    held = ["Create", "Delete", "AddRoleTo", "RemoveRoleFrom", "Tag", "Untag"]
    return document(
        [
            _allow([f"{service}:*" for service in SERVICES], "*"),
            _allow(["iam:Get*", "iam:List*"], "*"),
            _allow([f"iam:{name}" for name in given], roles, bounded),
            _allow([f"iam:{name}" for name in kept], roles),
            _allow([f"iam:{name}InstanceProfile" for name in held], profiles),
            # A new account does not have the service-linked roles yet.
            _allow(["iam:CreateServiceLinkedRole"], f"arn:aws:iam::{place.account_id}:role/aws-service-role/*"),
            _only(_OBJECTS + _LISTING, [place.bucket, f"{place.bucket}/*"]),
            _only(_CRYPTING, [place.key]),
        ]
    )


def preview(place: Place) -> str:
    """Read resources and their settings, but not their content: films, titles, messages, logs, parameters."""
    looked = [service for service in SERVICES if service != "s3"]
    secret = [*(f"dynamodb:{name}" for name in TITLES), *(f"logs:{name}" for name in MESSAGES)]
    page = "arn:aws:s3:::site-bucket-???????/*"
    image = "arn:aws:ssm:*::parameter/aws/service/ami-amazon-linux-latest/*"
    return document(
        [
            _allow([f"{service}:{verb}*" for service in looked for verb in ("Describe", "Get", "List")], "*"),
            _allow(["iam:Get*", "iam:List*", "s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket"], "*"),
            # A refresh reads the page's files, because they are resources of the program.
            _allow(["s3:GetObject", "s3:GetObjectTagging"], page),
            _allow(["ssm:GetParameter"], image),
            _allow(["s3:GetObject"], f"{place.bucket}/*"),
            # A refresh locks the state while it reads it.
            _allow(["s3:PutObject", "s3:DeleteObject"], f"{place.bucket}/.pulumi/locks/*"),
            _allow(_CRYPTING, place.key),
            {"Effect": "Deny", "Action": [*secret, "states:GetExecutionHistory"], "Resource": "*"},
        ]
    )


_OBJECTS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
_LISTING = ["s3:GetBucketLocation", "s3:ListBucket"]
_CRYPTING = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]


def _allow(actions: Sequence[str], resource: str, condition: Statement | None = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _only(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Deny everything else on these resources."""
    return {"Effect": "Deny", "NotAction": list(actions), "Resource": list(resources)}
