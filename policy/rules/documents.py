"""Reads IAM policy documents, so that a rule need not know all the ways to write the same thing."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pulumi_policy import ResourceValidationArgs

from .rule import BUCKET_POLICY, plain

ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PERMISSION = "aws:lambda/permission:Permission"
IDENTITY_POLICIES = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    ROLE: "inlinePolicies",
}
"""Types whose document says what somebody may do, with the property that holds the document or a list of documents."""
RESOURCE_POLICIES = {
    BUCKET_POLICY: "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    ROLE: "assumeRolePolicy",
}
"""Types whose document says who may do something with the resource, with the property that holds the document."""

_SOURCES = re.compile(
    r"aws:(source(arn|account|orgid|vpce?)|principal(orgid|account))|kms:(calleraccount|encryptioncontext:.+)"
)
_OF_AN_ACCOUNT = re.compile(r"arn:[^:*?]+:[^:*?]+:[^:]*:\d{12}:.+")
_EQUALS = {"StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnEquals", "ArnLike"}


class Condition(NamedTuple):
    """One line of a statement's conditions; `key` in lower case, as IAM compares it."""

    operator: str
    key: str
    values: list[str]


class Statement(NamedTuple):
    """One statement.

    An exception (NotAction, NotResource, NotPrincipal) is read as everything in a statement that allows, and as nothing
    in a statement that denies.
    """

    path: str
    """Where it is: the property, and the statement's Sid or its number."""
    allows: bool
    principals: list[tuple[str, str]]
    """(kind, name): AWS, Service or Federated. Anybody is ("AWS", "*")."""
    actions: list[str]
    resources: list[str]
    conditions: list[Condition]

    def binds_source(self) -> bool:
        """Whether a condition limits it to fixed sources: one account, organisation, network or resource.

        S3 decides in the same way whether a policy is public. A pattern is enough if it names the account.
        """
        return any(
            operator in _EQUALS
            and _SOURCES.fullmatch(key)
            and all(_OF_AN_ACCOUNT.fullmatch(value) or not re.search(r"[*?]", value) for value in values)
            for operator, key, values in self.conditions
        )


def identity_statements(args: ResourceValidationArgs) -> Iterator[Statement]:
    """The statements that say what somebody may do."""
    name = IDENTITY_POLICIES[args.resource_type]
    value: Any = args.props.get(name)
    for document in [item.get("policy") for item in value or []] if args.resource_type == ROLE else [value]:
        yield from read(name, document)


def resource_statements(args: ResourceValidationArgs) -> Iterator[Statement]:
    """The statements that say who may do something with a resource. A Lambda permission counts as a statement."""
    if args.resource_type == PERMISSION:
        yield _permission(args)
    else:
        name = RESOURCE_POLICIES[args.resource_type]
        yield from read(name, args.props.get(name))


def read(name: str, document: Any) -> Iterator[Statement]:
    """The statements of a document: text, a map, or None."""
    document = json.loads(document) if isinstance(document, str) else plain(document or {})
    statements = document.get("Statement", [])
    for index, raw in enumerate(statements if isinstance(statements, list) else [statements]):
        allows = raw["Effect"] == "Allow"
        unnamed = ["*"] if allows else []
        principal = raw.get("Principal", unnamed if "NotPrincipal" in raw else {})
        by_kind: dict[str, Any] = principal if isinstance(principal, dict) else {"AWS": principal}
        yield Statement(
            path=f"{name}, statement {raw.get('Sid') or index + 1}",
            allows=allows,
            principals=[(kind, who) for kind, names in by_kind.items() for who in _listed(names)],
            actions=_listed(raw.get("Action", unnamed)),
            resources=_listed(raw.get("Resource", unnamed)),
            conditions=[
                Condition(operator, key.lower(), _listed(values))
                for operator, keys in raw.get("Condition", {}).items()
                for key, values in keys.items()
            ],
        )


def _permission(args: ResourceValidationArgs) -> Statement:
    who: str = args.props["principal"]
    kind = "Service" if who.endswith(".amazonaws.com") else "AWS"
    keys = {"sourceArn": "aws:sourcearn", "sourceAccount": "aws:sourceaccount", "principalOrgId": "aws:principalorgid"}
    conditions = [Condition("ArnLike", key, [args.props[name]]) for name, key in keys.items() if args.props.get(name)]
    return Statement("principal", True, [(kind, who)], [args.props["action"]], [], conditions)


def _listed(value: Any) -> list[str]:
    """One text or a list of texts, as a list. A policy may write `false` and mean the text "false"."""
    return [
        json.dumps(item) if isinstance(item, bool) else item for item in (value if isinstance(value, list) else [value])
    ]
