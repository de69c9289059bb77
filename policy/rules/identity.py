"""Who may do what: exact actions on exact resources, for known principals."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from .documents import (
    ATTACHMENT,
    IDENTITY_POLICIES,
    PERMISSION,
    RESOURCE_POLICIES,
    ROLE,
    identity_statements,
    resource_statements,
)
from .rule import Found, resource_rule

WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "mediaconvert:CreateJob",
    "mediaconvert:Probe",
    "mediaconvert:SearchJobs",
    "mediaconvert:TagResource",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions for which AWS has no resource, or only sometimes (Service Authorization Reference). Look each one up before
you add it."""

SEND_NO_SOURCE = {
    ("ec2.amazonaws.com", "sts:AssumeRole"),
    ("lambda.amazonaws.com", "sts:AssumeRole"),
    ("s3.amazonaws.com", "sts:AssumeRole"),
    ("logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject"),
}
"""Services that name no source when they act, so a condition on a source would refuse them. Other accounts are kept out
in other ways: only the account of a role can pass it to EC2, Lambda or S3 replication, and balancers write below the
number of their account."""


@resource_rule("iam-no-wildcard-action", "Rights name each action.", *IDENTITY_POLICIES, ATTACHMENT)
def no_wildcard_action(args: ResourceValidationArgs) -> Iterator[Found]:
    """No `s3:*`, and no AWS managed policy that is as broad."""
    if args.resource_type in (ATTACHMENT, ROLE):
        name = "policyArn" if args.resource_type == ATTACHMENT else "managedPolicyArns"
        value = args.props.get(name) or []
        for arn in [value] if isinstance(value, str) else value:
            if arn.endswith(("FullAccess", "/AdministratorAccess", "/PowerUserAccess")):
                yield Found(name, arn, "write a policy with the actions that are needed")
    if args.resource_type != ATTACHMENT:
        for statement in identity_statements(args):
            for action in statement.actions:
                if statement.allows and "*" in action:
                    yield Found(f"{statement.path}, Action", action, "name the actions that are needed")


@resource_rule("iam-no-wildcard-resource", "Rights name their resources.", *IDENTITY_POLICIES)
def no_wildcard_resource(args: ResourceValidationArgs) -> Iterator[Found]:
    """No `*`, and no ARN that means all resources of a service, unless the action has no resource."""
    for statement in identity_statements(args):
        broad = [item for item in statement.resources if item == "*" or item.split(":", 5)[5:] == ["*"]]
        actions = [action for action in statement.actions if action not in WITHOUT_RESOURCE]
        if statement.allows and broad and actions:
            yield Found(f"{statement.path}, Resource of {', '.join(actions)}", broad[0], "name the resources' ARNs")


@resource_rule("iam-pass-role", "A role is handed to one named service.", *IDENTITY_POLICIES)
def pass_role(args: ResourceValidationArgs) -> Iterator[Found]:
    """Without the condition, somebody who may pass a role to MediaConvert may also run code with it in EC2."""
    for statement in identity_statements(args):
        named = any(
            operator == "StringEquals" and key == "iam:passedtoservice" for operator, key, _ in statement.conditions
        )
        if statement.allows and "iam:passrole" in map(str.lower, statement.actions) and not named:
            remedy = "add the condition StringEquals iam:PassedToService with the service that needs it"
            yield Found(f"{statement.path}, Condition", None, remedy)


@resource_rule("service-principal-source", "A service acts for this account only.", *RESOURCE_POLICIES, PERMISSION)
def service_principal_source(args: ResourceValidationArgs) -> Iterator[Found]:
    """Otherwise another account could act through the service, with its own topic, bucket or rule."""
    for statement in resource_statements(args):
        for kind, service in statement.principals:
            silent = all((service, action) in SEND_NO_SOURCE for action in statement.actions)
            if statement.allows and kind == "Service" and not silent and not statement.binds_source():
                remedy = "add a condition on aws:SourceArn or aws:SourceAccount with a fixed value"
                yield Found(f"{statement.path}, Principal", service, remedy)


@resource_rule("no-public-policy", "Nothing is open to anybody.", *RESOURCE_POLICIES, PERMISSION)
def no_public_policy(args: ResourceValidationArgs) -> Iterator[Found]:
    """`*` is allowed if a condition limits it to a fixed source, such as our own VPC endpoint."""
    for statement in resource_statements(args):
        for kind, who in statement.principals:
            if statement.allows and kind == "AWS" and who == "*" and not statement.binds_source():
                remedy = "name the principal, or add a condition on aws:SourceVpce or the like with a fixed value"
                yield Found(f"{statement.path}, Principal", who, remedy)
