"""IAM policy documents as plain data: the shapes that several components need."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypeAlias, TypedDict

import pulumi

Values: TypeAlias = pulumi.Input[str] | Sequence[pulumi.Input[str]]


class Statement(TypedDict):
    """One statement of a policy, as IAM spells it."""

    Sid: NotRequired[str]
    Effect: str
    Principal: NotRequired[str | Mapping[str, Values]]
    Action: str | Sequence[str]
    Resource: NotRequired[Values]
    Condition: NotRequired[Mapping[str, Mapping[str, Values]]]


def allow(actions: str | Sequence[str], resources: Values, **condition: Mapping[str, Values]) -> Statement:
    """A statement that allows actions. Conditions come by operator: `StringEquals={"iam:PassedToService": "…"}`."""
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    if condition:
        statement["Condition"] = condition
    return statement


def tls_only(actions: str, resources: Values) -> Statement:
    """A statement for the policy of a resource: nobody does this without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The policy document, as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, **condition: Mapping[str, Values]) -> pulumi.Output[str]:
    """A trust policy: which service may assume a role. Conditions keep other accounts from using it for that."""
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return document([statement])


def from_account(account_id: str) -> Mapping[str, Values]:
    """Condition for `StringEquals`: the service acts for this account."""
    return {"aws:SourceAccount": account_id}
