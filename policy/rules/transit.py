"""Encryption in transit: TLS wherever a certificate is possible."""

import re
from collections.abc import Iterator

from pulumi_policy import PolicyResource, ResourceValidationArgs

from .buckets import BUCKET
from .documents import Condition, resource_statements
from .encryption import QUEUE, TOPIC
from .rule import BUCKET_POLICY, Found, Stack, resource_rule, stack_rule

QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
MODERN_TLS = re.compile(r"TLSv1\.[23]")

_POLICY_OF = {
    BUCKET: (BUCKET_POLICY, "bucket"),
    QUEUE: (QUEUE_POLICY, "queueUrl"),
    TOPIC: (TOPIC_POLICY, "arn"),
}
"""By resource type: the type of its policy, and the policy's property that names the resource."""
_EVERY_REQUEST = {BUCKET_POLICY: {"s3:*"}, QUEUE_POLICY: {"sqs:*"}, TOPIC_POLICY: {"sns:*", "sns:Publish"}}
"""Actions of which the policy must deny at least one. For a topic `sns:Publish` is enough, since only its owner may do
anything else to it."""
_PLAIN_HTTP = Condition("Bool", "aws:securetransport", ["false"])


@resource_rule("tls-only", "Buckets, queues and topics refuse plain HTTP.", *_EVERY_REQUEST)
def tls_only(args: ResourceValidationArgs) -> Iterator[Found]:
    """One statement denies everything to everybody without TLS. For a bucket it also names the objects."""
    every_request = _EVERY_REQUEST[args.resource_type]
    for statement in resource_statements(args):
        of_objects = [resource.endswith("/*") for resource in statement.resources]
        whole = args.resource_type != BUCKET_POLICY or (any(of_objects) and not all(of_objects))
        everybody = not statement.allows and ("AWS", "*") in statement.principals
        if everybody and whole and every_request & {*statement.actions} and statement.conditions == [_PLAIN_HTTP]:
            return
    remedy = f"deny * the action {min(every_request)} on all of it, on the condition Bool aws:SecureTransport false"
    yield Found("policy, statement against plain HTTP", None, remedy)


@stack_rule(
    "tls-only-attached", "Buckets, queues and topics have a policy, which the rule tls-only reads.", *_POLICY_OF
)
def tls_only_attached(item: PolicyResource, stack: Stack) -> Iterator[Found]:
    """A policy is a separate resource, so nobody would notice that it was forgotten."""
    type_, property_ = _POLICY_OF[item.resource_type]
    if not stack.referring(type_, property_, item):
        yield Found("policy", None, f"declare a {type_.rpartition(':')[2]} whose `{property_}` is an output of it")


@resource_rule("cloudfront-tls", "Viewers speak HTTPS, and with a name of ours TLS 1.2 or newer.", DISTRIBUTION)
def cloudfront_tls(args: ResourceValidationArgs) -> Iterator[Found]:
    """Without a certificate of our own, CloudFront accepts only its oldest minimum version."""
    behaviours = [("defaultCacheBehavior", args.props["defaultCacheBehavior"])]
    for behaviour in args.props.get("orderedCacheBehaviors") or []:
        behaviours.append((f"orderedCacheBehaviors {behaviour['pathPattern']}", behaviour))
    for path, behaviour in behaviours:
        if behaviour["viewerProtocolPolicy"] not in ("https-only", "redirect-to-https"):
            value = behaviour["viewerProtocolPolicy"]
            yield Found(f"{path}, viewerProtocolPolicy", value, "choose https-only or redirect-to-https")
    certificate = args.props["viewerCertificate"]
    oldest = certificate.get("minimumProtocolVersion") or ""
    if not certificate.get("cloudfrontDefaultCertificate") and not MODERN_TLS.match(oldest):
        yield Found("viewerCertificate.minimumProtocolVersion", oldest, "choose TLSv1.2_2021 or newer")


@stack_rule(
    "cloudfront-origin-tls", "With a name of ours, CloudFront speaks HTTPS to the load balancers.", DISTRIBUTION
)
def origin_tls(distribution: PolicyResource, stack: Stack) -> Iterator[Found]:
    """Without our own name nobody can get a certificate for the balancer. The hop is private."""
    _ = stack
    for origin in distribution.property_dependencies.get("origins", []) if distribution.props.get("aliases") else []:
        config = origin.props.get("vpcOriginEndpointConfig") or {}
        if config.get("originProtocolPolicy", "https-only") != "https-only":
            path = f"vpcOriginEndpointConfig.originProtocolPolicy of {origin.name}"
            yield Found(path, config["originProtocolPolicy"], "choose https-only")


@resource_rule(
    "listener-tls", "A listener with a certificate uses it, with TLS 1.2 or newer.", "aws:lb/listener:Listener"
)
def listener_tls(args: ResourceValidationArgs) -> Iterator[Found]:
    """Balancers without a certificate may speak HTTP. They are internal, as another rule says."""
    protocol, policy = args.props.get("protocol"), args.props.get("sslPolicy")
    if args.props.get("certificateArn") and protocol not in ("HTTPS", "TLS"):
        yield Found("protocol", protocol, "choose HTTPS, since there is a certificate")
    elif protocol in ("HTTPS", "TLS") and not re.search(r"TLS13-1-[23]|TLS-1-2", policy or ""):
        yield Found("sslPolicy", policy, "choose ELBSecurityPolicy-TLS13-1-2-Res-2021-06 or a stricter one")
