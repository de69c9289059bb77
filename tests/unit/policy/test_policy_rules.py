"""Each rule with the smallest resource that breaks it, and with the same resource corrected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from local.engine import UNKNOWN
from policy.rules.identity import WITHOUT_RESOURCE
from tests.unit.policy.pack import Item, Pack

ACCOUNT = "123456789012"
ANYBODY = {"AWS": "*"}


def document(**statement: Any) -> str:
    """A policy with one statement, which allows unless `statement` has another Effect."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x:Y", **statement}]})


def rights(action: str | Sequence[str], resource: str = "arn:aws:s3:::media/v/*", **more: Any) -> dict[str, Any]:
    """Inputs of a role's policy."""
    return {"policy": document(Action=action, Resource=resource, **more)}


def trust(service: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Inputs of a role, which a service may assume."""
    statement = {"Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"assumeRolePolicy": document(**statement, **({"Condition": condition} if condition else {}))}


def bucket_policy(condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Inputs of a bucket policy by which anybody may read."""
    return {"policy": document(Principal="*", **({"Condition": condition} if condition else {}))}


def denial(action: str, resource: str | Sequence[str], **more: Any) -> dict[str, Any]:
    """Inputs of a policy that refuses plain HTTP."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    return {"policy": document(**{**statement, "Condition": {"Bool": {"aws:SecureTransport": "false"}}, **more})}


def distribution(viewers: str = "https-only", certificate: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Inputs of a distribution with two behaviours."""
    ours = {"acmCertificateArn": "arn:…", "minimumProtocolVersion": "TLSv1.2_2021"}
    return {
        "defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"},
        "orderedCacheBehaviors": [{"pathPattern": "/v/*", "viewerProtocolPolicy": viewers}],
        "viewerCertificate": certificate or ours,
    }


BLOCKED = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
TABLE = {"deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}}
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
PERMISSION = "aws:lambda/permission:Permission"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
LISTENER = "aws:lb/listener:Listener"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
MACHINE = "aws:sfn/stateMachine:StateMachine"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:lambda/function:Function"
ACL = "aws:s3/bucketAcl:BucketAcl"
BUCKET_AND_OBJECTS = ["arn:aws:s3:::media", "arn:aws:s3:::media/*"]


@dataclass(frozen=True)
class Case:
    """One resource, broken and corrected."""

    rule: str
    type: str
    bad: Mapping[str, Any]
    good: Mapping[str, Any]
    says: str
    """Part of the message: property, value, remedy."""


CASES = [
    # Buckets
    Case(
        "bucket-access-block",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {**BLOCKED, "blockPublicPolicy": False},
        BLOCKED,
        "it: blockPublicPolicy is false; set it to true.",
    ),
    Case("bucket-no-public-acl", "aws:s3/bucket:Bucket", {"acl": "public-read"}, {}, 'acl is "public-read"'),
    Case("bucket-no-public-acl", "aws:s3/bucketObjectv2:BucketObjectv2", {"acl": "authenticated-read"}, {}, "acl"),
    Case(
        "bucket-no-public-acl",
        ACL,
        {"accessControlPolicy": {"grants": [{"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}]}},
        {"accessControlPolicy": {"grants": [{"grantee": {"id": "0123"}}]}},
        "AllUsers",
    ),
    # Encryption at rest
    Case("encrypted-at-rest", "aws:sqs/queue:Queue", {}, {"sqsManagedSseEnabled": True}, "is not set"),
    Case("encrypted-at-rest", "aws:sns/topic:Topic", {}, {"kmsMasterKeyId": "arn:…"}, "kmsMasterKeyId"),
    Case("encrypted-at-rest", "aws:ebs/volume:Volume", {}, {"encrypted": True}, "encrypted"),
    Case(
        "encrypted-at-rest",
        TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "false"}}]},
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}]},
        'blockDeviceMappings /dev/xvda, ebs.encrypted is "false"',
    ),
    Case(
        "encrypted-at-rest",
        "aws:ec2/instance:Instance",
        {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"deviceName": "/dev/sdb"}]},
        {"rootBlockDevice": {"encrypted": True}},
        "ebsBlockDevices /dev/sdb",
    ),
    Case("key-rotation", "aws:kms/key:Key", {}, {"enableKeyRotation": True}, "enableKeyRotation"),
    # Encryption in transit
    Case("tls-only", BUCKET_POLICY, bucket_policy(), denial("s3:*", BUCKET_AND_OBJECTS), "deny * the action s3:*"),
    Case(
        "tls-only",
        BUCKET_POLICY,
        denial("s3:*", "arn:aws:s3:::media/*"),  # the bucket itself is missing
        denial("s3:*", BUCKET_AND_OBJECTS, Condition={"Bool": {"aws:SecureTransport": False}}),
        "deny",
    ),
    Case(
        "tls-only",
        BUCKET_POLICY,
        denial("s3:GetObject", BUCKET_AND_OBJECTS),
        denial("s3:*", BUCKET_AND_OBJECTS, Principal=ANYBODY),
        "deny",
    ),
    Case(
        "tls-only",
        QUEUE_POLICY,
        denial("sqs:*", "arn", Principal={"AWS": ACCOUNT}),
        denial("sqs:*", "arn"),
        "deny * the action sqs:*",
    ),
    Case(
        "tls-only",
        TOPIC_POLICY,
        denial("sns:Publish", "arn", Condition={"Bool": {"aws:SecureTransport": "false"}, "Null": {"aws:Z": "true"}}),
        denial("sns:Publish", "arn"),
        "aws:SecureTransport",
    ),
    Case(
        "cloudfront-tls", DISTRIBUTION, distribution("allow-all"), distribution(), 'is "allow-all"; choose https-only'
    ),
    Case(
        "cloudfront-tls",
        DISTRIBUTION,
        distribution(certificate={"acmCertificateArn": "arn:…", "minimumProtocolVersion": "TLSv1.1_2016"}),
        distribution(certificate={"cloudfrontDefaultCertificate": True}),
        'viewerCertificate.minimumProtocolVersion is "TLSv1.1_2016"',
    ),
    Case(
        "listener-tls",
        LISTENER,
        {"protocol": "HTTP", "certificateArn": "arn:…"},
        {"protocol": "HTTP"},
        'protocol is "HTTP"; choose HTTPS',
    ),
    Case(
        "listener-tls",
        LISTENER,
        {"protocol": "HTTPS", "certificateArn": "arn:…", "sslPolicy": "ELBSecurityPolicy-2016-08"},
        {"protocol": "HTTPS", "certificateArn": "arn:…", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"},
        "ELBSecurityPolicy-2016-08",
    ),
    # Identity
    Case(
        "iam-no-wildcard-action", ROLE_POLICY, rights("s3:*"), rights("s3:GetObject"), 'statement 1, Action is "s3:*"'
    ),
    Case("iam-no-wildcard-action", "aws:iam/policy:Policy", rights("s3:Get*"), rights(["s3:GetObject"]), "s3:Get*"),
    Case(
        "iam-no-wildcard-action",
        "aws:iam/policy:Policy",
        {"policy": json.dumps({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn"}})},
        {"policy": json.dumps({"Statement": {"Effect": "Deny", "NotAction": "iam:*", "Resource": "arn"}})},
        'Action is "*"',
    ),
    Case(
        "iam-no-wildcard-action",
        ROLE,
        {"inlinePolicies": [{"name": "all", **rights("*")}]},
        {"inlinePolicies": [{"name": "one", **rights("s3:GetObject")}]},
        "inlinePolicies, statement 1",
    ),
    Case(
        "iam-no-wildcard-action",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"]},
        "AdministratorAccess",
    ),
    Case(
        "iam-no-wildcard-action",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"},
        {"policyArn": f"arn:aws:iam::{ACCOUNT}:policy/read-media"},
        "AmazonS3FullAccess",
    ),
    Case(
        "iam-no-wildcard-resource",
        ROLE_POLICY,
        rights(["xray:PutTraceSegments", "s3:GetObject"], "*"),
        rights("xray:PutTraceSegments", "*"),
        'Resource of s3:GetObject is "*"; name',
    ),
    Case(
        "iam-no-wildcard-resource",
        ROLE_POLICY,
        rights("s3:GetObject", "arn:aws:s3:::*"),
        rights("s3:GetObject", "arn:aws:s3:::media/*"),
        "arn:aws:s3:::*",
    ),
    Case(
        "iam-pass-role",
        ROLE_POLICY,
        rights("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/job"),
        rights("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}),
        "iam:PassedToService",
    ),
    Case(
        "iam-pass-role",
        ROLE_POLICY,
        rights("iam:passrole", Condition={"StringLike": {"iam:PassedToService": "*"}}),
        rights("iam:GetRole"),
        "iam:PassedToService",
    ),
    Case(
        "service-principal-source",
        ROLE,
        trust("events.amazonaws.com"),
        trust("events.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
        'Principal is "events.amazonaws.com"; add a condition on aws:SourceArn',
    ),
    Case(
        "service-principal-source",
        ROLE,
        trust("events.amazonaws.com", {"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:*:rule/*"}}),
        trust("events.amazonaws.com", {"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{ACCOUNT}:rule/*"}}),
        "fixed value",
    ),
    Case(
        "service-principal-source",
        ROLE,
        {"assumeRolePolicy": document(Principal={"Service": "ec2.amazonaws.com"}, Action=["sts:AssumeRole", "sts:X"])},
        trust("ec2.amazonaws.com"),
        "ec2.amazonaws.com",
    ),
    Case(
        "service-principal-source",
        ROLE,
        trust(
            "events.amazonaws.com", {"StringEquals": {"s3:x-amz-acl": "private", "aws:SourceAccount": [ACCOUNT, "*"]}}
        ),
        trust("events.amazonaws.com", {"StringEquals": {"s3:x-amz-acl": "private", "aws:SourceAccount": [ACCOUNT]}}),
        "events.amazonaws.com",
    ),
    Case(
        "service-principal-source",
        QUEUE_POLICY,
        {"policy": document(Principal={"Service": "s3.amazonaws.com"}, Action="sqs:SendMessage")},
        trust("s3.amazonaws.com"),
        "s3.amazonaws.com",
    ),
    Case(
        "service-principal-source",
        PERMISSION,
        {"principal": "elasticloadbalancing.amazonaws.com", "action": "lambda:InvokeFunction"},
        {"principal": "s3.amazonaws.com", "action": "lambda:InvokeFunction", "sourceAccount": ACCOUNT},
        "elasticloadbalancing.amazonaws.com",
    ),
    Case(
        "no-public-policy",
        BUCKET_POLICY,
        bucket_policy(),
        bucket_policy({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        'Principal is "*"; name the principal',
    ),
    Case(
        "no-public-policy",
        BUCKET_POLICY,
        bucket_policy({"StringLike": {"aws:SourceVpce": "vpce-*"}}),
        bucket_policy({"StringLike": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        "fixed value",
    ),
    Case(
        "no-public-policy",
        BUCKET_POLICY,
        bucket_policy({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}),
        bucket_policy({"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        "fixed value",
    ),
    Case(
        "no-public-policy",
        BUCKET_POLICY,
        {"policy": document(NotPrincipal={"AWS": ACCOUNT})},
        {"policy": document(Effect="Deny", Principal="*")},
        "Principal",
    ),
    Case(
        "no-public-policy",
        PERMISSION,
        {"principal": "*", "action": "lambda:InvokeFunctionUrl"},
        {"principal": "*", "action": "lambda:InvokeFunctionUrl", "principalOrgId": "o-1234567890"},
        "Principal",
    ),
    # Network
    Case(
        "no-open-ingress",
        INGRESS,
        {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        {"prefixListId": "pl-3b927c52", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        'cidrIpv4 is "0.0.0.0/0"; name a prefix list',
    ),
    Case("no-open-ingress", INGRESS, {"cidrIpv4": "128.0.0.0/1"}, {"cidrIpv4": "10.0.0.0/8"}, "128.0.0.0/1"),
    Case(
        "no-open-ingress",
        GROUP,
        {"ingress": [{"protocol": "-1", "ipv6CidrBlocks": ["fd00::/48", "::/0"]}]},
        {"ingress": [{"protocol": "-1", "ipv6CidrBlocks": ["fd00::/48"]}]},
        'ingress 0, ipv6CidrBlocks is "::/0"',
    ),
    Case(
        "no-open-ingress",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]},
        {"type": "egress", "cidrBlocks": ["0.0.0.0/0"], "protocol": "tcp", "fromPort": 443, "toPort": 443},
        "cidrBlocks",
    ),
    Case(
        "no-open-egress",
        EGRESS,
        {"cidrIpv6": "::/0", "ipProtocol": "tcp", "fromPort": 0, "toPort": 443},
        {"cidrIpv6": "::/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        "allow TCP 443 only",
    ),
    Case(
        "no-open-egress",
        GROUP,
        {"egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]},
        {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]},
        "egress 0, cidrBlocks",
    ),
    Case("balancer-internal", BALANCER, {}, {"internal": True}, "internal is not set; set it to true"),
    Case(
        "imdsv2",
        TEMPLATE,
        {"metadataOptions": {"httpTokens": "optional", "httpPutResponseHopLimit": 1}},
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
        'metadataOptions.httpTokens is "optional"; set it to required',
    ),
    Case(
        "imdsv2",
        "aws:ec2/instance:Instance",
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}},
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
        "metadataOptions.httpPutResponseHopLimit is 2; set it to 1",
    ),
    # Observation
    Case("log-retention", "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}, {"retentionInDays": 7}, "is 0"),
    Case(
        "state-machine-observed",
        MACHINE,
        {"loggingConfiguration": {"level": "OFF"}, "tracingConfiguration": {"enabled": True}},
        {"loggingConfiguration": {"level": "ERROR"}, "tracingConfiguration": {"enabled": True}},
        'loggingConfiguration.level is "OFF"',
    ),
    Case(
        "state-machine-observed",
        MACHINE,
        {"loggingConfiguration": {"level": "ALL"}},
        {"loggingConfiguration": {"level": "ALL"}, "tracingConfiguration": {"enabled": True}},
        "tracingConfiguration.enabled is not set",
    ),
    Case("balancer-logs", BALANCER, {}, {"accessLogs": {"enabled": True, "bucket": "logs"}}, "accessLogs.enabled"),
    # Protection
    Case("lambda-runtime", FUNCTION, {"runtime": "python3.9"}, {"runtime": "python3.13"}, 'runtime is "python3.9"'),
    Case("lambda-runtime", FUNCTION, {}, {"packageType": "Image"}, "runtime is not set"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.type.rpartition(':')[2]}")
def test_a_resource_rule(pack: Pack, case: Case) -> None:
    urn = f"urn:pulumi:dev::headend::{case.type}::it"
    messages = [item.message for item in pack.analyze(Item(case.type, case.bad, "it", urn)) if item.rule == case.rule]
    assert len(messages) == 1
    assert case.says in messages[0].partition("\n")[2]
    mended = ROLE if "assumeRolePolicy" in case.good else case.type
    assert case.rule not in {item.rule for item in pack.analyze(Item(mended, case.good, "it", urn))}


@dataclass(frozen=True)
class StackCase:
    """Resources by name. `refers`: (from, property, to). The corrected stack has all of these and more."""

    rule: str
    says: str
    bad: Mapping[str, tuple[str, Mapping[str, Any]]]
    good: Mapping[str, tuple[str, Mapping[str, Any]]]
    refers: Sequence[tuple[str, str, str]] = ()
    stack: str = "dev"
    protected: Sequence[str] = ()
    """Names of the resources that the corrected stack protects."""


BUCKET = {"films": ("aws:s3/bucket:Bucket", {})}
QUEUE = {"letters": ("aws:sqs/queue:Queue", {})}
TOPIC = {"news": ("aws:sns/topic:Topic", {})}
EDGE = {"edge": (DISTRIBUTION, {"aliases": ["watch.example.com"]})}
SOURCE = {"source": ("aws:cloudwatch/logDeliverySource:LogDeliverySource", {})}
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOGGING = {"logging": ("aws:s3/bucketLogging:BucketLogging", {})}
TAGS = {"project": "headend", "stack": "dev"}
KINDS = [{"resourceType": kind, "tags": TAGS} for kind in ("instance", "volume")]
ASG = "aws:autoscaling/group:Group"


def origin(policy: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """A VPC origin to which CloudFront speaks by this protocol policy."""
    return {
        "origin": ("aws:cloudfront/vpcOrigin:VpcOrigin", {"vpcOriginEndpointConfig": {"originProtocolPolicy": policy}})
    }


def group_tags(*, propagate: bool) -> list[dict[str, Any]]:
    """An Auto Scaling group's tags."""
    return [{"key": key, "value": value, "propagateAtLaunch": propagate} for key, value in TAGS.items()]


STACK_CASES = [
    StackCase(
        "bucket-complete",
        "films: public access block is not set; declare a BucketPublicAccessBlock",
        {**BUCKET, "encryption": (ENCRYPTION, {})},
        {**BUCKET, "encryption": (ENCRYPTION, {}), "block": (BLOCK, {})},
        [("encryption", "bucket", "films"), ("block", "bucket", "films")],
    ),
    StackCase(
        "bucket-complete",
        "films: encryption is not set",
        {**BUCKET, "block": (BLOCK, {})},
        {**BUCKET, "encryption": (ENCRYPTION, {}), "block": (BLOCK, {})},
        [("encryption", "bucket", "films"), ("block", "bucket", "films")],
    ),
    StackCase(
        "tls-only-attached",
        "films: policy is not set; declare a BucketPolicy",
        BUCKET,
        {**BUCKET, "access": (BUCKET_POLICY, {})},
        [("access", "bucket", "films")],
    ),
    StackCase(
        "tls-only-attached",
        "letters: policy is not set",
        QUEUE,
        {**QUEUE, "access": (QUEUE_POLICY, {})},
        [("access", "queueUrl", "letters")],
    ),
    StackCase(
        "tls-only-attached",
        "news: policy is not set",
        TOPIC,
        {**TOPIC, "access": (TOPIC_POLICY, {})},
        [("access", "arn", "news")],
    ),
    StackCase(
        "cloudfront-origin-tls",
        'originProtocolPolicy of origin is "http-only"; choose https-only',
        {**EDGE, **origin("http-only")},
        {**EDGE, **origin("https-only")},
        [("edge", "origins", "origin")],
    ),
    StackCase(
        "cloudfront-origin-tls",
        "edge",
        {**EDGE, **origin("match-viewer")},
        {"edge": (DISTRIBUTION, {"aliases": []}), **origin("http-only")},  # without a name there is no certificate
        [("edge", "origins", "origin")],
    ),
    StackCase(
        "required-tags",
        "films: tag 'stack' is not set; set aws:defaultTags",
        {"films": ("aws:s3/bucket:Bucket", {"tagsAll": {"project": "headend"}})},
        {"films": ("aws:s3/bucket:Bucket", {"tagsAll": TAGS}), "rule": (LISTENER, {})},
    ),
    StackCase(
        "required-tags",
        "fleet: propagated tag 'project' is not set; add the tag",
        {"fleet": (ASG, {"tags": group_tags(propagate=False)})},
        {"fleet": (ASG, {"tags": group_tags(propagate=True)})},
    ),
    StackCase(
        "required-tags",
        "node: volume tag 'project' is not set",
        {"node": (TEMPLATE, {"tagSpecifications": KINDS[:1]})},
        {"node": (TEMPLATE, {"tagSpecifications": KINDS})},
    ),
    StackCase(
        "bucket-logs",
        "films: access log is not set",
        BUCKET,
        {**BUCKET, **LOGGING},
        [("logging", "bucket", "films")],
    ),
    StackCase(
        "bucket-logs",
        "films: access log is not set",
        BUCKET,
        # A bucket that takes logs needs no log of its own. Here its name comes from its policy's output.
        {**BUCKET, **LOGGING, "access": (BUCKET_POLICY, {})},
        [("logging", "targetBucket", "access"), ("access", "bucket", "films")],
    ),
    StackCase(
        "bucket-logs",
        "films: access log is not set",
        # Another bucket takes logs or has a policy. That does not count for this bucket.
        {**BUCKET, **LOGGING, "logs": ("aws:s3/bucket:Bucket", {}), "access": (BUCKET_POLICY, {})},
        {
            **BUCKET,
            **LOGGING,
            "logs": ("aws:s3/bucket:Bucket", {}),
            "access": (BUCKET_POLICY, {}),
            "own": LOGGING["logging"],
        },
        [("logging", "targetBucket", "access"), ("access", "bucket", "logs"), ("own", "bucket", "films")],
    ),
    StackCase(
        "cloudfront-logs",
        "edge: access log is not set",
        {**EDGE, **SOURCE},  # nothing delivers from this source
        {**EDGE, **SOURCE, "delivery": ("aws:cloudwatch/logDelivery:LogDelivery", {})},
        [("source", "resourceArn", "edge"), ("delivery", "deliverySourceName", "source")],
    ),
    StackCase(
        "cloudfront-logs",
        "edge: access log is not set",
        EDGE,
        {"edge": (DISTRIBUTION, {"loggingConfig": {"bucket": "logs.s3.amazonaws.com"}})},
    ),
    StackCase(
        "production-protected",
        "films: the option protect is false; set headend:protect",
        BUCKET,
        BUCKET,
        stack="prod",
        protected=["films"],
    ),
    StackCase(
        "production-protected",
        "films: forceDestroy is true",
        {"films": ("aws:s3/bucket:Bucket", {"forceDestroy": True})},
        {
            "films": ("aws:s3/bucket:Bucket", {"forceDestroy": True}),
            "page": ("aws:s3/bucketObjectv2:BucketObjectv2", {}),
        },
        [("page", "bucket", "films")],  # the program can write these objects again
        stack="production",
    ),
    StackCase(
        "production-protected",
        "titles: deletionProtectionEnabled is false",
        {"titles": ("aws:dynamodb/table:Table", {**TABLE, "deletionProtectionEnabled": False})},
        {"titles": ("aws:dynamodb/table:Table", TABLE)},
        stack="prod-eu",
        protected=["titles"],
    ),
    StackCase(
        "production-protected",
        "titles: pointInTimeRecovery.enabled is false",
        {"titles": ("aws:dynamodb/table:Table", {"deletionProtectionEnabled": True})},
        {"titles": ("aws:dynamodb/table:Table", TABLE)},
        stack="prod",
        protected=["titles"],
    ),
    StackCase(
        "production-protected",
        "balancer: enableDeletionProtection is false",
        {"balancer": (BALANCER, {})},
        {"balancer": (BALANCER, {"enableDeletionProtection": True})},
        stack="prod",
    ),
]


@pytest.mark.parametrize("case", STACK_CASES, ids=lambda case: f"{case.rule}-{case.says.split()[0]}")
def test_a_stack_rule(pack: Pack, case: StackCase) -> None:
    def ask(stack: Mapping[str, tuple[str, Mapping[str, Any]]], protected: Sequence[str]) -> list[tuple[str, str]]:
        urns = {name: f"urn:pulumi:{case.stack}::headend::{type_}::{name}" for name, (type_, _) in stack.items()}
        items = [
            Item(
                type_,
                props,
                name,
                urns[name],
                name in protected,
                {property_: [urns[to]] for who, property_, to in case.refers if who == name and to in urns},
            )
            for name, (type_, props) in stack.items()
        ]
        found = [item for item in pack.analyze_stack(items) if item.rule == case.rule]
        assert all(item.urn in urns.values() for item in found)
        return [(item.urn, item.message) for item in found]

    messages = [message for _, message in ask(case.bad, ())]
    assert any(case.says in message for message in messages)
    assert ask(case.good, case.protected) == []


def test_a_stack_that_is_not_production_may_be_thrown_away(pack: Pack) -> None:
    item = Item("aws:s3/bucket:Bucket", {"forceDestroy": True}, "films", "urn:pulumi:dev::headend::b::films")
    assert "production-protected" not in {found.rule for found in pack.analyze_stack([item])}


def test_every_rule_is_mandatory_and_is_tested(pack: Pack) -> None:
    levels = pack.levels()
    assert set(levels.values()) == {"MANDATORY"}
    assert set(levels) == {case.rule for case in [*CASES, *STACK_CASES]}


def test_values_that_a_preview_cannot_know_pass_and_wrong_ones_do_not(pack: Pack) -> None:
    assert pack.analyze(Item(ROLE_POLICY, {"policy": UNKNOWN}, "it", "urn:pulumi:dev::headend::p::it")) == []
    role = {"assumeRolePolicy": UNKNOWN, "inlinePolicies": [{"name": "all", **rights("s3:*")}]}
    found = pack.analyze(Item(ROLE, role, "it", "urn:pulumi:dev::headend::r::it"))
    assert [item.rule for item in found] == ["iam-no-wildcard-action"]


@pytest.mark.filterwarnings("ignore:pkg_resources")
def test_the_actions_without_a_resource_have_none() -> None:
    """parliament has AWS's Service Authorization Reference. A `*` there marks a resource that must be named."""
    from parliament import iam_definition  # noqa: PLC0415 - takes a second

    required = {
        f"{service['prefix']}:{action['privilege']}": [kind["resource_type"] for kind in action["resource_types"]]
        for service in iam_definition
        for action in service["privileges"]
    }
    unknown = {action for action in WITHOUT_RESOURCE if action not in required}
    assert unknown <= {"mediaconvert:Probe"}  # newer than parliament
    assert not {action for action in WITHOUT_RESOURCE - unknown if any(kind.endswith("*") for kind in required[action])}
