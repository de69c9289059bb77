"""Makes what an account needs once, so that the workflows, and nobody else, can deploy the platform to it.

It makes the bucket for Pulumi's state and the key for its secrets, trust in GitHub's identities, and two roles for each
stack. An administrator runs it by hand: bootstrap/README.md says how.
"""

import re

import pulumi
import pulumi_aws as aws
import rights

config = pulumi.Config()
repository = config.require("repository")
environments: list[str] = config.require_object("environments")
if not re.fullmatch(r"[\w-]+/[\w.-]+", repository):
    raise pulumi.RunError(f"headend-bootstrap:repository: {repository!r} must be owner/name, as GitHub has it")
for environment in environments:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", environment):
        rule = "must be the name of a stack: up to 32 lower-case letters, digits and hyphens"
        raise pulumi.RunError(f"headend-bootstrap:environments: {environment!r} {rule}")
account_id, region = aws.get_caller_identity().account_id, aws.get_region().region
kept = pulumi.ResourceOptions(protect=True)

key = aws.kms.Key(
    "state-key",
    description="Pulumi's state of the platform, and the secrets in it",
    enable_key_rotation=True,
    deletion_window_in_days=30,
    # The account's IAM policies decide who may use it: the roles below, and administrators.
    policy=rights.document(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ]
    ),
    opts=kept,
)
alias = aws.kms.Alias("state-key-alias", name="alias/headend-state", target_key_id=key.id)

bucket = aws.s3.Bucket("state-bucket", opts=kept)
aws.s3.BucketPublicAccessBlock(
    "state-public-access",
    bucket=bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketOwnershipControls(
    "state-ownership", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "state-encryption",
    bucket=bucket.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            # Each read of the state uses the key, so CloudTrail records it with the object's name.
            "bucket_key_enabled": False,
        }
    ],
)
versioning = aws.s3.BucketVersioning(
    "state-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}
)
aws.s3.BucketLifecycleConfiguration(
    "state-lifecycle",
    bucket=bucket.bucket,
    rules=[
        {
            "id": "clear-away",
            "status": "Enabled",
            "filter": {"prefix": ""},
            # If an accident overwrites the state, the next deployment shows it. Until then, the old version is kept.
            "noncurrent_version_expiration": {"noncurrent_days": 90},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ],
    opts=pulumi.ResourceOptions(depends_on=[versioning]),
)
aws.s3.BucketPolicy(
    "state-policy",
    bucket=bucket.bucket,
    policy=bucket.arn.apply(
        lambda arn: rights.document(
            [
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ]
        )
    ),
)

github = config.get("githubProvider") or (
    # AWS checks GitHub's certificate with its own list of authorities, so no thumbprint is needed.
    aws.iam.OpenIdConnectProvider(
        "github", url=f"https://{rights.GITHUB}", client_id_lists=["sts.amazonaws.com"], opts=kept
    ).arn
)
boundary = aws.iam.Policy(
    "workload-boundary", description="The most that a role of the platform may do", policy=rights.workload()
)
made = pulumi.Output.all(bucket.arn, key.arn, boundary.arn)
deploying = made.apply(lambda arns: rights.deploy(rights.Place(account_id, *arns[:2]), arns[2]))
previewing = made.apply(lambda arns: rights.preview(rights.Place(account_id, *arns[:2])))
# The policy is also the role's boundary. So a broader policy that somebody attaches by hand has no effect.
ceiling = aws.iam.Policy("deploy-boundary", description="The most that a deployment may do", policy=deploying)
roles: dict[str, pulumi.Output[str]] = {}
for environment in environments:
    for name, policy, ceiling_arn, seconds in (
        (environment, deploying, ceiling.arn, 7200),
        (f"{environment}-preview", previewing, None, 3600),
    ):
        role = aws.iam.Role(
            f"github-{name}",
            assume_role_policy=pulumi.Output.from_input(github).apply(
                lambda provider, name=name: rights.trust(provider, repository, name)
            ),
            max_session_duration=seconds,
            permissions_boundary=ceiling_arn,
        )
        aws.iam.RolePolicy(f"github-{name}-policy", role=role.name, policy=policy)
        roles[name] = role.arn

# Values for GitHub's environments: AWS_ROLE_ARN of each, and PULUMI_BACKEND_URL.
pulumi.export("roles", roles)
pulumi.export("backend", pulumi.Output.concat("s3://", bucket.bucket, f"?region={region}"))
pulumi.export("secrets_provider", pulumi.Output.concat("awskms://", alias.name, f"?region={region}"))
# A value for the platform's config.
pulumi.export("permissions_boundary", boundary.arn)
