"""parliament checks every IAM document of the program. (The rules of policy/ have their own tests.)

ACCEPTED lists findings that are accepted, with reasons. The test fails for a finding that is not on the list, and for
an entry that nothing needs any more.
"""

import json
import warnings
from collections.abc import Callable, Iterator

import botocore.session
import pytest

from local.engine import Deployment
from tests.declared import documents, listed, statements, whole, with_standby

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import parliament

ROLE, POLICY, KEY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:kms/key:Key"

# (finding, type of resource, end of its name): reason
ACCEPTED = {
    ("UNKNOWN_ACTION", POLICY, "pipeline-prepare-policy"): "mediaconvert:Probe is newer than parliament's list",
    ("RESOURCE_STAR", KEY, "-key"): "in a key's own policy * is that key",
    ("PERMISSIONS_MANAGEMENT_ACTIONS", KEY, "-key"): "a key that its account may not manage is lost for ever",
    ("PERMISSIONS_MANAGEMENT_ACTIONS", POLICY, "pipeline-policy"): (
        "PassRole names one role and one service; log delivery is what Step Functions asks for"
    ),
    ("PERMISSIONS_MANAGEMENT_ACTIONS", POLICY, "sidecars-policy"): "log delivery is what Step Functions asks for",
    ("RESOURCE_MISMATCH", POLICY, "pipeline-policy"): "parliament knows DescribeExecution for express workflows alone",
    ("RESOURCE_MISMATCH", POLICY, "sweeper-policy"): "parliament knows DescribeExecution for express workflows alone",
    ("CREDENTIALS_EXPOSURE", ROLE, "-role"): "to be assumed is what a role's trust is for",
}


def findings(policy: str) -> Iterator[tuple[str, str]]:
    """(issue, details) that parliament finds in a document."""
    content = json.loads(policy)
    for statement in content["Statement"]:
        # A trust policy has no resource, and parliament misses one.
        statement.setdefault("Resource", "arn:aws:iam::123456789012:role/this")
    for finding in parliament.analyze_policy_string(json.dumps(content), include_community_auditors=True).findings:
        yield finding.issue, f"{finding.detail} {finding.location}"


def reason(issue: str, type_: str, name: str) -> tuple[str, str, str] | None:
    return next((key for key in ACCEPTED if key[:2] == (issue, type_) and name.endswith(key[2])), None)


@pytest.mark.parametrize("run", [whole, with_standby], ids=["dev", "prod, second home"])
def test_parliament_finds_nothing_but_what_is_accepted(run: Callable[[], Deployment]) -> None:
    found = [
        (item.type, item.name, issue, details)
        for item, document in documents(run())
        for issue, details in findings(document)
        if reason(issue, item.type, item.name) is None
    ]
    assert found == []


def test_every_accepted_finding_is_still_one() -> None:
    needed = {
        reason(issue, item.type, item.name)
        for item, document in documents(whole("prod"))
        for issue, _ in findings(document)
    }
    assert needed == set(ACCEPTED)


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::media/*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::media"}, "RESOURCE_MISMATCH"),
        ({"Action": "iam:PassRole", "Resource": "*"}, "RESOURCE_STAR"),
        ({"Action": "secretsmanager:GetSecretValue", "Resource": "*"}, "RESOURCE_STAR"),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::media/*",
                "Condition": {"StringEquals": {"s3:colour": "blue"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
    ],
)
def test_parliament_sees_a_bad_document(statement: dict[str, object], issue: str) -> None:
    bad = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    assert issue in {found for found, _ in findings(bad)}


def test_an_action_that_parliament_does_not_know_is_one_that_aws_has() -> None:
    model = botocore.session.get_session().get_service_model("mediaconvert")
    unknown = {
        action
        for item, document in documents(whole("prod"))
        if reason("UNKNOWN_ACTION", item.type, item.name)
        for statement in statements(document)
        for action in listed(statement["Action"])
        if action.startswith("mediaconvert:")
    }
    names: list[str] = list(model.operation_names)  # pyright: ignore[reportArgumentType]
    assert {action.split(":")[1] for action in unknown} <= set(names)
