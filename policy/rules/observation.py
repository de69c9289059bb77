"""Tags, logs and traces, kept for a known time, so that people can find out what happened."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs

from .buckets import BUCKET
from .encryption import TEMPLATE
from .network import BALANCER
from .rule import Found, Stack, resource_rule, stack_rule
from .transit import DISTRIBUTION

REQUIRED_TAGS = ("project", "stack")
GROUP = "aws:autoscaling/group:Group"


@stack_rule("required-tags", "Whatever takes tags says which project and stack it belongs to.")
def required_tags(item: PolicyResource, stack: Stack) -> Iterator[Found]:
    """Reads `tagsAll`: the provider computes it for every type that takes tags, and includes its default tags.

    Default tags do not reach the instances of an Auto Scaling group. The group's own tags and the launch template's do.
    """
    _ = stack
    remedy = "set aws:defaultTags in the stack's config"
    for path, tags in _tags(item):
        for key in REQUIRED_TAGS:
            if not tags.get(key):
                yield Found(f"{path} {key!r}", tags.get(key), remedy if path == "tag" else "add the tag")


def _tags(item: PolicyResource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and content of each set of tags."""
    if "tagsAll" in item.props:
        yield "tag", item.props["tagsAll"] or {}
    if item.resource_type == GROUP:
        tags = item.props.get("tags") or []
        yield "propagated tag", {tag["key"]: tag["value"] for tag in tags if tag["propagateAtLaunch"]}
    if item.resource_type == TEMPLATE:
        given = {spec["resourceType"]: spec.get("tags") for spec in item.props.get("tagSpecifications") or []}
        for kind in ("instance", "volume"):
            yield f"{kind} tag", given.get(kind) or {}


@resource_rule("log-retention", "Logs are deleted some day.", "aws:cloudwatch/logGroup:LogGroup")
def log_retention(args: ResourceValidationArgs) -> Iterator[Found]:
    """Zero or no value keeps logs for ever, so that the bill only grows."""
    if not args.props.get("retentionInDays"):
        yield Found("retentionInDays", args.props.get("retentionInDays"), "set the days that the log is worth")


@resource_rule("state-machine-observed", "Workflows are logged and traced.", "aws:sfn/stateMachine:StateMachine")
def state_machine_observed(args: ResourceValidationArgs) -> Iterator[Found]:
    """An operator must be able to see where a title failed."""
    logging, tracing = args.props.get("loggingConfiguration") or {}, args.props.get("tracingConfiguration") or {}
    if logging.get("level") in (None, "OFF"):
        yield Found("loggingConfiguration.level", logging.get("level"), "choose ERROR or more")
    if tracing.get("enabled") is not True:
        yield Found("tracingConfiguration.enabled", tracing.get("enabled"), "set it to true")


@resource_rule("balancer-logs", "Load balancers log requests.", BALANCER)
def balancer_logs(args: ResourceValidationArgs) -> Iterator[Found]:
    """The logs go into the log bucket of the region."""
    logs = args.props.get("accessLogs") or {}
    if logs.get("enabled") is not True:
        yield Found("accessLogs.enabled", logs.get("enabled"), "set it to true, with the log bucket")


@stack_rule("bucket-logs", "Buckets log requests, except those that take the logs.", BUCKET)
def bucket_logs(bucket: PolicyResource, stack: Stack) -> Iterator[Found]:
    """A log bucket has no log, since it would log its own logging."""
    type_ = "aws:s3/bucketLogging:BucketLogging"
    if not any(stack.referring(type_, property_, bucket) for property_ in ("bucket", "targetBucket")):
        yield Found("access log", None, "declare a BucketLogging whose `bucket` is an output of this bucket")


@stack_rule("cloudfront-logs", "CloudFront logs requests.", DISTRIBUTION)
def cloudfront_logs(distribution: PolicyResource, stack: Stack) -> Iterator[Found]:
    """By a vended log delivery, or in the older way by the distribution's own loggingConfig."""
    sources = stack.referring("aws:cloudwatch/logDeliverySource:LogDeliverySource", "resourceArn", distribution)
    delivered = any(
        stack.referring("aws:cloudwatch/logDelivery:LogDelivery", "deliverySourceName", source) for source in sources
    )
    if not delivered and not distribution.props.get("loggingConfig"):
        yield Found("access log", None, "declare a LogDeliverySource for its ARN, and a LogDelivery for the source")
