"""The program that runs once in an account: who may deploy, what a deployment can do at most, and what is protected."""

import functools
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from bootstrap import rights
from local.engine import Deployment, ProgramError, run_program
from tests.declared import ACCOUNT, ROOT, listed, statements, whole, zoned
from tests.unit.policy.pack import Item, Pack

ROLE, POLICY, INLINE = "aws:iam/role:Role", "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"
BUCKET = "aws:s3/bucket:Bucket"
MODULES = {"lb": "elasticloadbalancing", "sfn": "states", "vpc": "ec2"}
"""Modules of the SDK whose name differs from IAM's name of the service."""


@functools.cache
def account(preview: bool = False) -> Deployment:
    return run_program(ROOT / "bootstrap", stack="account", preview=preview)


def policy_of(role: str) -> str:
    return account().one(INLINE, f"github-{role}-policy").inputs["policy"]


def state() -> str:
    return account().one(BUCKET).outputs["arn"]


def key() -> str:
    return account().one("aws:kms/key:Key").outputs["arn"]


def workload() -> str:
    return account().one(POLICY, "workload-boundary").outputs["arn"]


def may(policy: str, action: str, resource: str = "*", context: Mapping[str, str] | None = None) -> bool:
    """Whether IAM would allow the action, for the kinds of statements in these policies: no statement may deny it, and
    one must allow it."""

    def applies(statement: Mapping[str, Any]) -> bool:
        named = any(fnmatchcase(action, pattern) for pattern in listed(statement.get("Action", [])))
        besides = "NotAction" in statement and not any(
            fnmatchcase(action, item) for item in listed(statement["NotAction"])
        )
        conditions = statement.get("Condition", {}).get("StringEquals", {})
        return (
            (named or besides)
            and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
            and all((context or {}).get(name) == value for name, value in conditions.items())
        )

    effects = {statement["Effect"] for statement in statements(policy) if applies(statement)}
    return effects == {"Allow"}


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def test_it_runs_and_its_preview_shows_the_same() -> None:
    assert {item.urn for item in account(preview=True).registrations} == {item.urn for item in account().registrations}


# Who gets in


def test_each_role_is_for_one_environment_of_one_repository() -> None:
    repository = yaml.safe_load((ROOT / "bootstrap/Pulumi.account.yaml").read_text())["config"]
    for item in account().of_type(ROLE):
        [statement] = statements(item.inputs["assumeRolePolicy"])
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"] == {
            "StringEquals": {
                f"{rights.GITHUB}:aud": "sts.amazonaws.com",
                f"{rights.GITHUB}:sub": "repo:{}:environment:{}".format(
                    repository["headend-bootstrap:repository"], item.name.removeprefix("github-")
                ),
            }
        }


def test_the_workflows_environments_have_a_role_each() -> None:
    used: set[str] = set()
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        jobs = yaml.load(path.read_text(), yaml.BaseLoader)["jobs"].values()  # noqa: S506
        for job in jobs:
            stacks = job.get("strategy", {}).get("matrix", {}).get("stack", [""])
            name = job.get("environment", "")
            used |= {name.replace("${{ matrix.stack }}", stack) for stack in stacks if name}
    assert used == set(account().exports["roles"])


def test_an_account_that_trusts_github_already_is_not_made_to_twice() -> None:
    theirs = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{rights.GITHUB}"
    done = run_program(ROOT / "bootstrap", stack="account", config={"githubProvider": theirs})
    assert done.of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    trusted = {statements(item.inputs["assumeRolePolicy"])[0]["Principal"]["Federated"] for item in done.of_type(ROLE)}
    assert trusted == {theirs}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"repository": "headend"}, "headend-bootstrap:repository: 'headend' must be owner/name"),
        ({"repository": "a/b:environment:prod"}, "must be owner/name"),
        ({"environments": ["Prod"]}, "headend-bootstrap:environments: 'Prod' must be the name of a stack"),
        ({"environments": ["*"]}, "headend-bootstrap:environments: '*' must be"),
    ],
)
def test_a_name_that_would_let_others_in_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        run_program(ROOT / "bootstrap", stack="account", config=config)
    assert said in str(caught.value)


# What a deployment can do


def test_it_may_make_every_type_that_the_program_has() -> None:
    modules = {item.type.split(":")[1].split("/")[0] for item in zoned().registrations if item.custom}
    # In the SDK, event rules, log groups and deliveries are in the module cloudwatch.
    needed = {MODULES.get(name, name) for name in modules} - {"iam"} | {"events", "logs"}
    assert needed == set(rights.SERVICES)
    for service in rights.SERVICES:
        assert may(policy_of("dev"), f"{service}:CreateThing")


def test_the_programs_roles_have_names_that_it_may_make_and_are_made_only_below_the_boundary() -> None:
    bounded = {"iam:PermissionsBoundary": workload()}
    for item in zoned().of_type(ROLE):
        arn = role_arn(item.outputs["name"])
        for action in ("CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary"):
            assert may(policy_of("dev"), f"iam:{action}", arn, bounded), item.name
            assert not may(policy_of("dev"), f"iam:{action}", arn)
            assert not may(policy_of("dev"), f"iam:{action}", arn, {"iam:PermissionsBoundary": "another"})
        assert may(policy_of("dev"), "iam:PassRole", arn)
    for item in zoned().of_type("aws:iam/instanceProfile:InstanceProfile"):
        arn = f"arn:aws:iam::{ACCOUNT}:instance-profile/{item.outputs['name']}"
        assert may(policy_of("dev"), "iam:CreateInstanceProfile", arn)


def test_the_programs_roles_keep_all_their_rights_below_the_boundary() -> None:
    boundary = account().one(POLICY, "workload-boundary").inputs["policy"]
    used: set[str] = set()
    for item in zoned().of_type(INLINE):
        for statement in statements(item.inputs["policy"]):
            passed = statement.get("Condition", {}).get("StringEquals", {})
            for action in listed(statement["Action"]):
                assert may(boundary, action, "*", passed), (item.name, action)
                used.add(action.split(":")[0])
    assert used - {"iam"} == set(rights.WORKLOAD)


OTHERS = [role_arn(name) for name in ("OrganizationAccountAccessRole", "github-prod-1a2b3c4", "administrator")]


@pytest.mark.parametrize("role", ["dev", "prod"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        # More rights, by a role of somebody else
        *((f"iam:{name}", arn) for name in ("PassRole", "UpdateAssumeRolePolicy", "TagRole") for arn in OTHERS),
        *((f"iam:{name}", arn) for name in ("PutRolePolicy", "AttachRolePolicy", "CreateRole") for arn in OTHERS),
        # or a user, a broader boundary, another issuer of identities
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/me"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/me"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/workload-boundary-1a2b3c4"),
        ("iam:DeleteRolePermissionsBoundary", role_arn("pipeline-role-1a2b3c4")),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{rights.GITHUB}"),
        ("sts:AssumeRole", OTHERS[0]),
        ("organizations:LeaveOrganization", "*"),
    ],
)
def test_a_deployment_cannot_get_more_rights(role: str, action: str, resource: str) -> None:
    assert not may(policy_of(role), action, resource, {"iam:PermissionsBoundary": workload()})


def test_a_broader_policy_gives_a_deployment_nothing() -> None:
    ceiling = account().one(POLICY, "deploy-boundary")
    for name in ("dev", "prod"):
        assert account().one(ROLE, f"github-{name}").inputs["permissionsBoundary"] == ceiling.outputs["arn"]
    assert ceiling.inputs["policy"] == policy_of("dev")


def test_a_deployment_writes_the_state_and_cannot_lose_it() -> None:
    policy = policy_of("prod")
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert may(policy, action, f"{state()}/.pulumi/stacks/headend/prod.json")
    assert may(policy, "kms:Decrypt", key())
    for action in ("s3:DeleteBucket", "s3:PutBucketVersioning", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"):
        assert not may(policy, action, state())
        assert may(policy, action, "arn:aws:s3:::content-media-bucket-1a2b3c4")
    assert not may(policy, "s3:DeleteObjectVersion", f"{state()}/.pulumi/stacks/headend/prod.json")
    for action in ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"):
        assert not may(policy, action, key())


# What a preview can do


def test_a_preview_looks_at_every_type_and_changes_nothing() -> None:
    policy = policy_of("prod-preview")
    for service in (*rights.SERVICES, "iam"):
        looked = "s3:GetBucketPolicy" if service == "s3" else f"{service}:GetThing"
        assert may(policy, looked, "arn:aws:s3:::content-media-bucket-1a2b3c4")
        for verb in ("Create", "Put", "Update", "Delete", "Tag", "Start", "Pass", "Send", "Run", "Terminate"):
            assert not may(policy, f"{service}:{verb}Thing", "arn:aws:s3:::content-media-bucket-1a2b3c4")


def test_a_preview_reads_the_state_locks_it_and_writes_nothing_else() -> None:
    policy = policy_of("prod-preview")
    assert may(policy, "s3:GetObject", f"{state()}/.pulumi/stacks/headend/prod.json")
    assert may(policy, "s3:PutObject", f"{state()}/.pulumi/locks/organization/headend/prod/x.json")
    assert not may(policy, "s3:PutObject", f"{state()}/.pulumi/stacks/headend/prod.json")
    assert not may(policy, "s3:DeleteObject", f"{state()}/.pulumi/stacks/headend/prod.json")
    assert may(policy, "kms:Decrypt", key())


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::content-uploads-bucket-1a2b3c4/film.mp4"),
        ("s3:GetObject", "arn:aws:s3:::content-media-bucket-1a2b3c4/v/00/film/1/index.m3u8"),
        ("dynamodb:GetItem", "*"),
        ("dynamodb:BatchGetItem", "*"),
        ("dynamodb:Scan", "*"),
        ("logs:GetLogEvents", "*"),
        ("states:GetExecutionHistory", "*"),
        ("sqs:ReceiveMessage", "*"),
        ("ssm:GetParameter", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/headend/prod/signing/key-1"),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/another"),
        ("lambda:InvokeFunction", "*"),
    ],
)
def test_a_preview_sees_no_film_no_title_no_message_and_no_secret(action: str, resource: str) -> None:
    assert not may(policy_of("prod-preview"), action, resource)


def test_a_preview_sees_what_a_refresh_of_the_page_needs_and_which_image_is_the_newest() -> None:
    site = whole("prod").one(BUCKET, "site-bucket").outputs["arn"]
    assert may(policy_of("dev-preview"), "s3:GetObject", f"{site}/index.html")
    image = "arn:aws:ssm:eu-west-1::parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    assert may(policy_of("dev-preview"), "ssm:GetParameter", image)


# What nobody can lose, and what AWS takes


def test_the_state_its_key_and_github_s_trust_are_protected_and_kept() -> None:
    kept = {item.type for item in account().registrations if item.options.get("protect")}
    assert kept == {BUCKET, "aws:kms/key:Key", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"}
    versioned = account().one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioned["versioningConfiguration"]["status"] == "Enabled"
    assert "forceDestroy" not in account().one(BUCKET).inputs
    encrypted = (
        account()
        .one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
        .inputs["rules"][0]
    )
    assert encrypted["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == key()


def test_documents_are_short_enough() -> None:
    longest = {POLICY: 6144, INLINE: 10_240, ROLE: 2048}
    for item in account().of_type(*longest):
        text = item.inputs.get("policy") or item.inputs["assumeRolePolicy"]
        assert len(json.dumps(json.loads(text), separators=(",", ":"))) <= longest[item.type], item.name


def test_the_policy_pack_finds_only_the_breadth_that_a_deployment_needs(pack: Pack) -> None:
    made = [item for item in account().registrations if item.custom]
    found = [
        *(v for item in made for v in pack.analyze(Item(item.type, item.inputs, item.name, item.urn))),
        *pack.analyze_stack(
            [
                Item(
                    item.type,
                    item.outputs,
                    item.name,
                    item.urn,
                    bool(item.options.get("protect")),
                    item.property_dependencies,
                )
                for item in made
            ]
        ),
    ]
    assert {violation.rule for violation in found} == {
        "iam-no-wildcard-action",
        "iam-no-wildcard-resource",
        "iam-pass-role",
        # CloudTrail shows who reads the state, since each read uses the key.
        "bucket-logs",
    }
