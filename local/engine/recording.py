"""A provider without a cloud: every type gets plausible ids, ARNs and names, the same ones in every run.

For unit tests, the resource tree and the policy checks; and what the laptop cloud answers where AWS's value follows
from the name. Only values whose shape is known are made up: any other output stays unknown, and the engine says so
when a program needs it.
"""

import hashlib
from typing import Any

from local.engine import data_sources, schema
from local.engine.data_sources import ACCOUNT

# (id, ARN without "arn:aws:") by type token without "aws:". In a template stand {name}, the physical name; {id};
# {region}; {account}; {hex}, {HEX} and {uuid}, which follow from the resource; and every input that is text.
_SHAPES: dict[str, tuple[str, str]] = {
    "acm/certificate:Certificate": ("{arn}", "acm:{region}:{account}:certificate/{uuid}"),
    "autoscaling/group:Group": (
        "{name}",
        "autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
    ),
    "autoscaling/policy:Policy": (
        "{name}",
        "autoscaling:{region}:{account}:scalingPolicy:{uuid}:autoScalingGroupName/{autoscalingGroupName}:policyName/{name}",
    ),
    "budgets/budget:Budget": ("{account}:{name}", "budgets::{account}:budget/{name}"),
    "cloudfront/cachePolicy:CachePolicy": ("{uuid}", "cloudfront::{account}:cache-policy/{id}"),
    "cloudfront/distribution:Distribution": ("E{HEX}", "cloudfront::{account}:distribution/{id}"),
    "cloudfront/function:Function": ("{name}", "cloudfront::{account}:function/{name}"),
    "cloudfront/keyGroup:KeyGroup": ("{uuid}", ""),
    "cloudfront/keyValueStore:KeyValueStore": ("{name}", "cloudfront::{account}:key-value-store/{uuid}"),
    "cloudfront/originAccessControl:OriginAccessControl": (
        "E{HEX}",
        "cloudfront::{account}:origin-access-control/{id}",
    ),
    "cloudfront/originRequestPolicy:OriginRequestPolicy": (
        "{uuid}",
        "cloudfront::{account}:origin-request-policy/{id}",
    ),
    "cloudfront/publicKey:PublicKey": ("K{HEX}", ""),
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        "{uuid}",
        "cloudfront::{account}:response-headers-policy/{id}",
    ),
    "cloudfront/vpcOrigin:VpcOrigin": ("vo_{HEX}", "cloudfront::{account}:vpcorigin/{id}"),
    "cloudwatch/eventRule:EventRule": ("{name}", "events:{region}:{account}:rule/{name}"),
    "cloudwatch/logGroup:LogGroup": ("{name}", "logs:{region}:{account}:log-group:{name}"),
    "cloudwatch/metricAlarm:MetricAlarm": ("{name}", "cloudwatch:{region}:{account}:alarm:{name}"),
    "dynamodb/table:Table": ("{name}", "dynamodb:{region}:{account}:table/{name}"),
    "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": ("eigw-{hex}", ""),
    "ec2/flowLog:FlowLog": ("fl-{hex}", "ec2:{region}:{account}:vpc-flow-log/{id}"),
    "ec2/internetGateway:InternetGateway": ("igw-{hex}", "ec2:{region}:{account}:internet-gateway/{id}"),
    "ec2/launchTemplate:LaunchTemplate": ("lt-{hex}", "ec2:{region}:{account}:launch-template/{id}"),
    "ec2/routeTable:RouteTable": ("rtb-{hex}", "ec2:{region}:{account}:route-table/{id}"),
    "ec2/routeTableAssociation:RouteTableAssociation": ("rtbassoc-{hex}", ""),
    "ec2/securityGroup:SecurityGroup": ("sg-{hex}", "ec2:{region}:{account}:security-group/{id}"),
    "ec2/subnet:Subnet": ("subnet-{hex}", "ec2:{region}:{account}:subnet/{id}"),
    "ec2/vpc:Vpc": ("vpc-{hex}", "ec2:{region}:{account}:vpc/{id}"),
    "ec2/vpcEndpoint:VpcEndpoint": ("vpce-{hex}", "ec2:{region}:{account}:vpc-endpoint/{id}"),
    "fis/experimentTemplate:ExperimentTemplate": ("EXT{HEX}", ""),
    "iam/instanceProfile:InstanceProfile": ("{name}", "iam::{account}:instance-profile/{name}"),
    "iam/policy:Policy": ("{arn}", "iam::{account}:policy/{name}"),
    "iam/role:Role": ("{name}", "iam::{account}:role/{name}"),
    "iam/rolePolicy:RolePolicy": ("{role}:{name}", ""),
    "kms/key:Key": ("{uuid}", "kms:{region}:{account}:key/{id}"),
    "lambda/function:Function": ("{name}", "lambda:{region}:{account}:function:{name}"),
    "lb/listener:Listener": ("{arn}", "elasticloadbalancing:{region}:{account}:listener/app/{name}/{hex}/{hex}"),
    "lb/listenerRule:ListenerRule": (
        "{arn}",
        "elasticloadbalancing:{region}:{account}:listener-rule/app/{name}/{hex}/{hex}/{hex}",
    ),
    "lb/loadBalancer:LoadBalancer": ("{arn}", "elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex}"),
    "lb/targetGroup:TargetGroup": ("{arn}", "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex}"),
    "mediaconvert/queue:Queue": ("{name}", "mediaconvert:{region}:{account}:queues/{name}"),
    "s3/bucket:Bucket": ("{name}", "s3:::{name}"),
    "s3/bucketObject:BucketObject": ("{bucket}/{key}", "s3:::{bucket}/{key}"),
    "s3/bucketObjectv2:BucketObjectv2": ("{bucket}/{key}", "s3:::{bucket}/{key}"),
    "sfn/stateMachine:StateMachine": ("{arn}", "states:{region}:{account}:stateMachine:{name}"),
    "sns/topic:Topic": ("{arn}", "sns:{region}:{account}:{name}"),
    "sns/topicSubscription:TopicSubscription": ("{arn}", "sns:{region}:{account}:{name}:{uuid}"),
    "sqs/queue:Queue": ("https://sqs.{region}.amazonaws.com/{account}/{name}", "sqs:{region}:{account}:{name}"),
    "ssm/parameter:Parameter": ("{name}", "ssm:{region}:{account}:parameter/{name}"),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "sgr-{hex}",
        "ec2:{region}:{account}:security-group-rule/{id}",
    ),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "sgr-{hex}",
        "ec2:{region}:{account}:security-group-rule/{id}",
    ),
    "wafv2/webAcl:WebAcl": ("{uuid}", "wafv2:{region}:{account}:global/webacl/{name}/{id}"),
}
# Other outputs, by name.
_OUTPUTS = {
    "bucketDomainName": "{name}.s3.amazonaws.com",
    "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
    "dnsName": "internal-{name}-1.{region}.elb.amazonaws.com",
    "domainName": "d{hex}.cloudfront.net",
    "invokeArn": "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
    "qualifiedArn": "{arn}:1",
    "ownerId": "{account}",
    "accountId": "{account}",
    "url": "{id}",
    "ipv6CidrBlock": "2600:1f18:{hex4}:{hex2}00::/56",
    "defaultSecurityGroupId": "sg-{hex}",
    "defaultRouteTableId": "rtb-{hex}",
    "defaultNetworkAclId": "acl-{hex}",
    "arnSuffix": "{arnSuffix}",
    "etag": "E{HEX}",
    "uniqueId": "AROA{HEX}",
    "hostedZoneId": "Z2FDTNDATAQYW2",
    "zoneId": "Z35SXDOTRQ7X7K",
    "prefixListId": "pl-{hex}",
    "securityGroupRuleId": "{id}",
    "targetId": "{name}",
    "statementId": "{name}",
}
# Longest physical names that AWS takes; the rest allow 255 or do not matter.
_NAME_LIMITS = {
    "aws:lb/loadBalancer:LoadBalancer": 32, "aws:lb/targetGroup:TargetGroup": 32, "aws:s3/bucket:Bucket": 63,
    "aws:iam/role:Role": 64, "aws:lambda/function:Function": 64, "aws:cloudfront/function:Function": 64,
    "aws:cloudwatch/eventRule:EventRule": 64, "aws:sqs/queue:Queue": 80, "aws:sfn/stateMachine:StateMachine": 80,
}  # fmt: skip


class RecordingProvider:
    """Makes nothing and answers everything."""

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        """The id and outputs that AWS could give."""
        id_ = identity(type_, name, inputs, region)["id"]
        return id_, describe(type_, name, inputs, region, id_)

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer a data source."""
        return data_sources.invoke(token, args, region)


def physical_name(type_: str, name: str, inputs: dict[str, Any]) -> str:
    """The name that AWS knows a resource by: the one given, or the logical one with a suffix as Pulumi makes it.

    Raises:
        ValueError: if AWS would refuse it as too long.
    """
    suffix = hashlib.sha256(f"{type_} {name}".encode()).hexdigest()[:7]
    made = f"{inputs['namePrefix']}{suffix}" if "namePrefix" in inputs else f"{name}-{suffix}"
    if type_ == "aws:s3/bucket:Bucket":
        made = made.lower()
    physical = inputs.get("bucket" if type_ == "aws:s3/bucket:Bucket" else "name", made)
    limit = _NAME_LIMITS.get(type_, 255)
    if len(physical) > limit:
        raise ValueError(f"the name {physical!r} has {len(physical)} characters; AWS takes {limit}")
    return physical


def identity(type_: str, name: str, inputs: dict[str, Any], region: str, id_: str = "") -> dict[str, str]:
    """The values of the templates above for one resource, among them its `id` and `arn`.

    `id_` is the id that a real cloud gave; else one is made up.
    """
    digest = hashlib.sha256(f"{type_} {name} {region}".encode()).hexdigest()
    values = {key: value for key, value in inputs.items() if isinstance(value, str)} | {
        "name": physical_name(type_, name, inputs), "region": region, "account": ACCOUNT, "hex": digest[:17],
        "HEX": digest[:13].upper(), "hex4": digest[:4], "hex2": digest[4:6], "id": id_,
        "uuid": "-".join((digest[:8], digest[8:12], f"4{digest[13:16]}", f"8{digest[17:20]}", digest[20:32])),
    }  # fmt: skip
    id_template, arn_template = _shape(type_, inputs)
    if not values["id"] and id_template != "{arn}":
        values["id"] = id_template.format_map(values)
    values["arn"] = id_ if id_ and id_template == "{arn}" else f"arn:aws:{arn_template}".format_map(values)
    values["id"] = values["id"] or values["arn"]
    return values


def describe(type_: str, name: str, inputs: dict[str, Any], region: str, id_: str) -> dict[str, Any]:
    """The outputs of a resource that follow from its id, name and inputs."""
    values = identity(type_, name, inputs, region, id_)
    templates = {
        **_OUTPUTS,
        "name": "{name}",
        "bucket": "{name}",
        **({"arn": "{arn}"} if _shape(type_, inputs)[1] else {}),
    }
    values["arnSuffix"] = values["arn"].rpartition(":")[2].removeprefix("loadbalancer/")
    outputs: dict[str, Any] = {}
    for key, (python, always) in schema.output_types(type_).items():
        if not always or key in inputs:
            continue
        if key == "ipv6CidrBlock" and not inputs.get("assignGeneratedIpv6CidrBlock"):
            continue  # AWS gives a network none unless it is asked to
        if key in templates and python is str:
            outputs[key] = templates[key].format_map(values)
        elif key in ("latestVersion", "defaultVersion", "version"):
            outputs[key] = python(1)
    return outputs


def _shape(type_: str, inputs: dict[str, Any]) -> tuple[str, str]:
    token = type_.removeprefix("aws:")
    module, _, kind = token.partition(":")
    if module.startswith("s3/") and "bucket" in inputs:
        return _SHAPES.get(token, ("{bucket}", ""))
    service = module.partition("/")[0]
    return _SHAPES.get(token, ("{name}", f"{service}:{{region}}:{{account}}:{kind[:1].lower()}{kind[1:]}/{{name}}"))
