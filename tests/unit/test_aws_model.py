"""The program's resources, checked against AWS's own models of its services, which botocore has.

The SDK accepts any text for most properties (even `"TLSv1.2_2O21"`), and AWS refuses it in the middle of an update.
botocore knows the allowed values, pattern and range of each parameter. Properties are matched to parameters by name.
"""

import functools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from local.engine import Archive, Asset, Deployment
from tests.declared import whole, with_standby, zoned
from tests.unit.lambdas import service_model

# By type: (service, operation, the parameter that holds the properties, or "" for the operation's own parameters)
CALLS: dict[str, tuple[str, str, str]] = {
    "aws:acm/certificate:Certificate": ("acm", "RequestCertificate", ""),
    "aws:autoscaling/group:Group": ("autoscaling", "CreateAutoScalingGroup", ""),
    "aws:autoscaling/policy:Policy": ("autoscaling", "PutScalingPolicy", ""),
    "aws:budgets/budget:Budget": ("budgets", "CreateBudget", "Budget"),
    "aws:cloudfront/cachePolicy:CachePolicy": ("cloudfront", "CreateCachePolicy", "CachePolicyConfig"),
    "aws:cloudfront/distribution:Distribution": ("cloudfront", "CreateDistribution", "DistributionConfig"),
    "aws:cloudfront/function:Function": ("cloudfront", "CreateFunction", "FunctionConfig"),
    "aws:cloudfront/keyGroup:KeyGroup": ("cloudfront", "CreateKeyGroup", "KeyGroupConfig"),
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": ("cloudfront", "CreateMonitoringSubscription", ""),
    "aws:cloudfront/originAccessControl:OriginAccessControl": (
        "cloudfront", "CreateOriginAccessControl", "OriginAccessControlConfig",
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": (
        "cloudfront", "CreateOriginRequestPolicy", "OriginRequestPolicyConfig",
    ),
    "aws:cloudfront/publicKey:PublicKey": ("cloudfront", "CreatePublicKey", "PublicKeyConfig"),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        "cloudfront", "CreateResponseHeadersPolicy", "ResponseHeadersPolicyConfig",
    ),
    "aws:cloudfront/vpcOrigin:VpcOrigin": ("cloudfront", "CreateVpcOrigin", ""),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch", "PutDashboard", ""),
    "aws:cloudwatch/eventRule:EventRule": ("events", "PutRule", ""),
    "aws:cloudwatch/eventTarget:EventTarget": ("events", "PutTargets", "Targets"),
    "aws:cloudwatch/logDelivery:LogDelivery": ("logs", "CreateDelivery", ""),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": ("logs", "PutDeliveryDestination", ""),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": ("logs", "PutDeliverySource", ""),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "PutRetentionPolicy", ""),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm", ""),
    "aws:dynamodb/table:Table": ("dynamodb", "CreateTable", ""),
    "aws:dynamodb/tableReplica:TableReplica": (
        "dynamodb", "UpdateTable", "ReplicaUpdates.Create",
    ),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": ("ec2", "CreateEgressOnlyInternetGateway", ""),
    "aws:ec2/flowLog:FlowLog": ("ec2", "CreateFlowLogs", ""),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2", "CreateLaunchTemplate", "LaunchTemplateData"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", "AssociateRouteTable", ""),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", "CreateSecurityGroup", ""),
    "aws:ec2/subnet:Subnet": ("ec2", "CreateSubnet", ""),
    "aws:ec2/vpc:Vpc": ("ec2", "CreateVpc", ""),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2", "CreateVpcEndpoint", ""),
    "aws:fis/experimentTemplate:ExperimentTemplate": ("fis", "CreateExperimentTemplate", ""),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicy", ""),
    "aws:iam/role:Role": ("iam", "CreateRole", ""),
    "aws:kms/key:Key": ("kms", "CreateKey", ""),
    "aws:lambda/function:Function": ("lambda", "CreateFunction", ""),
    "aws:lambda/permission:Permission": ("lambda", "AddPermission", ""),
    "aws:lb/listener:Listener": ("elbv2", "CreateListener", ""),
    "aws:lb/listenerRule:ListenerRule": ("elbv2", "CreateRule", ""),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "CreateLoadBalancer", ""),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "CreateTargetGroup", ""),
    "aws:mediaconvert/queue:Queue": ("mediaconvert", "CreateQueue", ""),
    "aws:route53/record:Record": ("route53", "ChangeResourceRecordSets", "ChangeBatch.Changes.ResourceRecordSet"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3", "PutBucketLifecycleConfiguration", "LifecycleConfiguration",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("s3", "PutObject", ""),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "s3", "PutBucketOwnershipControls", "OwnershipControls",
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        "s3", "PutBucketReplication", "ReplicationConfiguration",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3", "PutBucketEncryption", "ServerSideEncryptionConfiguration",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3", "PutBucketVersioning", ""),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "CreateStateMachine", ""),
    "aws:sns/topicSubscription:TopicSubscription": ("sns", "Subscribe", ""),
    "aws:wafv2/webAcl:WebAcl": ("wafv2", "CreateWebACL", ""),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        "wafv2", "PutLoggingConfiguration", "LoggingConfiguration",
    ),
}  # fmt: skip


# Properties whose parameter has another name.
ALIASES = {
    "aliases": "AliasTarget",
    "assumeRolePolicy": "AssumeRolePolicyDocument",
    "fixedResponse": "FixedResponseConfig",
    "function": "FunctionName",
    "loadBalancerType": "Type",
    "orderedCacheBehaviors": "CacheBehaviors",
    "originId": "Id",
    "pathPattern": "PathPatternConfig",
    "records": "ResourceRecords",
    "role": "RoleName",
    "topic": "TopicArn",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}

# Properties that have no parameter: the region, what Pulumi does itself, names of other resources.
UNCHECKED = {"region", "tags", "bucket", "namePrefix", "source", "code", "publish", "rule", "timeouts", "dimensions"}
# By type: properties that AWS takes in another call than the one that makes the resource, or as a name and a text.
ELSEWHERE = {
    "Budget": {"limitAmount", "limitUnit", "notifications"},
    "Distribution": {"defaultCacheBehavior.cachedMethods", "orderedCacheBehaviors.cachedMethods"},
    "FlowLog": {"vpcId"},
    "Group": {"enabledMetrics", "ignoreFailedScalingActivities", "waitForCapacityTimeout"},
    "Key": {"deletionWindowInDays", "enableKeyRotation"},
    "LaunchTemplate": {"tagSpecifications.tags", "updateDefaultVersion"},
    "Listener": {"certificateArn"},
    "LoadBalancer": {
        "accessLogs", "desyncMitigationMode", "dropInvalidHeaderFields", "enableDeletionProtection", "idleTimeout",
        "internal",
    },
    "MetricAlarm": {"metricQueries"},
    "Record": {"aliases.name", "aliases.zoneId", "allowOverwrite", "zoneId"},
    "RolePolicy": {"policy"},
    "StateMachine": {"loggingConfiguration.logDestination"},
    "Subnet": {"assignIpv6AddressOnCreation", "mapPublicIpOnLaunch"},
    "Table": {
        "attributes", "globalSecondaryIndexes", "hashKey", "pointInTimeRecovery", "streamEnabled", "streamViewType",
        "ttl",
    },
    # All of them belong to the copy, which is a table with calls of its own.
    "TableReplica": {"deletionProtectionEnabled", "globalTableArn", "pointInTimeRecovery"},
    "TargetGroup": {
        "deregistrationDelay", "healthCheck", "lambdaMultiValueHeadersEnabled", "loadBalancingAlgorithmType",
    },
    "Vpc": {"assignGeneratedIpv6CidrBlock", "enableDnsHostnames", "enableDnsSupport"},
    "VpcEndpoint": {"policy"},
}  # fmt: skip

# Types whose properties are ids, documents and switches. None of their properties has a list of allowed values.
WITHOUT_WORDS = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}


@cache
def shape_of(service: str, operation: str, member: str) -> Any:
    shape: Any = service_model.service(service).operation_model(operation).input_shape
    for part in filter(None, member.split(".")):
        shape = (shape.member if shape.type_name == "list" else shape).members[part]
    return shape.member if shape.type_name == "list" else shape


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def member_for(key: str, shape: Any) -> Any:
    """AWS's parameter for a property. The names differ in case, or in singular and plural, or are in ALIASES."""
    by_name = {_plain(member): shape.members[member] for member in shape.members}
    for name in (_plain(key), _plain(ALIASES.get(key, ""))):
        for written in (name, f"{name}s", name.removesuffix("s")):
            if written in by_name:
                return by_name[written]
    return None


def faults(value: Any, shape: Any, path: str, unknown: list[str]) -> Iterator[str]:
    """Messages for what AWS's model forbids. Properties for which no parameter was found are added to `unknown`."""
    if value is None or isinstance(value, Archive | Asset):
        return
    items = value if isinstance(value, list) else [value]
    match shape.type_name:
        case "structure" if isinstance(value, list) and "Items" in shape.members:
            yield from faults(value, shape.members["Items"], path, unknown)
        case "structure":
            for item in items:  # a single block is a list of one in the SDK
                yield from _structure(item, shape, path, unknown)
        case "list":
            for item in items:
                yield from faults(item, shape.member, path, unknown)
        case "map" if isinstance(value, dict):
            for item in value.values():
                yield from faults(item, shape.value, path, unknown)
        case "string" | "integer" | "long" | "double" | "float":
            yield from service_model.scalar_faults(value, shape, path)
        case _:
            pass


def _structure(value: Any, shape: Any, path: str, unknown: list[str]) -> Iterator[str]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if member := member_for(key, shape):
            yield from faults(item, member, f"{path}.{key}", unknown)
        else:
            unknown.append(f"{path}.{key}")


def told(inputs: dict[str, Any], type_: str, unknown: list[str]) -> list[str]:
    service, operation, member = CALLS[type_]
    return list(faults(inputs, shape_of(service, operation, member), type_.rpartition(":")[2], unknown))


@pytest.mark.parametrize(
    "run",
    [whole, functools.partial(whole, "prod"), zoned, with_standby],
    ids=["dev", "prod", "zoned", "second home"],
)
def test_aws_takes_every_word_and_number(run: Callable[[], Deployment]) -> None:
    for item in run().registrations:
        if item.type in CALLS:
            assert told(item.inputs, item.type, []) == [], item.urn


def test_every_type_is_looked_at() -> None:
    both = [*zoned().registrations, *with_standby().registrations]
    types = {item.type for item in both if item.custom}
    assert types <= CALLS.keys() | WITHOUT_WORDS
    assert not CALLS.keys() & WITHOUT_WORDS


def test_every_property_is_looked_at_or_has_a_reason_not_to_be() -> None:
    unknown: list[str] = []
    for item in [*zoned().registrations, *with_standby().registrations]:
        if item.type in CALLS:
            told(item.inputs, item.type, unknown)
    left: set[str] = set()
    for path in unknown:
        type_, _, rest = path.partition(".")
        known = rest.split(".")[0] in UNCHECKED or any(
            rest == path or rest.startswith(f"{path}.") for path in ELSEWHERE.get(type_, ())
        )
        left |= set() if known else {path}
    assert left == set()


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        ("aws:cloudfront/distribution:Distribution", {"httpVersion": "http4"}),
        (
            "aws:cloudfront/distribution:Distribution",
            {"orderedCacheBehaviors": [{"viewerProtocolPolicy": "tls-only", "pathPattern": "/x"}]},
        ),
        ("aws:cloudfront/distribution:Distribution", {"viewerCertificate": {"minimumProtocolVersion": "TLSv1.4"}}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"statistic": "Mean"}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"treatMissingData": "x" * 300}),
        ("aws:lambda/function:Function", {"runtime": "python4.0"}),
        ("aws:lambda/function:Function", {"memorySize": 64}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": {"httpTokens": "needed"}}),
        ("aws:lb/listenerRule:ListenerRule", {"actions": [{"type": "send"}]}),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "app"}),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": [{"transitions": [{"storageClass": "GLACIER_INSTANT"}]}]},
        ),
        ("aws:acm/certificate:Certificate", {"validationMethod": "POST"}),
        ("aws:route53/record:Record", {"type": "ALIAS"}),
        ("aws:wafv2/webAcl:WebAcl", {"scope": "EDGE"}),
        ("aws:fis/experimentTemplate:ExperimentTemplate", {"description": "x" * 1000}),
    ],
)
def test_a_wrong_word_or_number_is_seen(type_: str, wrong: dict[str, Any]) -> None:
    assert len(told(wrong, type_, [])) == 1
