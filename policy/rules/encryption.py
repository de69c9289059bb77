"""Encryption at rest, where AWS leaves it to the owner. (DynamoDB and CloudWatch Logs always encrypt.)"""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from .rule import Found, resource_rule

QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"
KEY = "aws:kms/key:Key"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"


@resource_rule("encrypted-at-rest", "What is stored is encrypted.", QUEUE, TOPIC, TEMPLATE, INSTANCE, VOLUME)
def at_rest(args: ResourceValidationArgs) -> Iterator[Found]:
    """This rule is for messages and disks. Buckets have their own rule."""
    match args.resource_type:
        case "aws:sqs/queue:Queue":
            if not (args.props.get("sqsManagedSseEnabled") or args.props.get("kmsMasterKeyId")):
                value = args.props.get("sqsManagedSseEnabled")
                yield Found("sqsManagedSseEnabled", value, "set it to true, or give a kmsMasterKeyId")
        case "aws:sns/topic:Topic":
            if not args.props.get("kmsMasterKeyId"):
                yield Found("kmsMasterKeyId", None, "give the topic a key")
        case _:
            for path, encrypted in _disks(args):
                if str(encrypted).lower() != "true":  # a launch template takes it as text
                    yield Found(path, encrypted, "set it to true")


def _disks(args: ResourceValidationArgs) -> Iterator[tuple[str, object]]:
    """Property and value of every volume's encryption."""
    if args.resource_type == VOLUME:
        yield "encrypted", args.props.get("encrypted")
    if args.resource_type == INSTANCE:
        root = args.props.get("rootBlockDevice") or {}
        yield "rootBlockDevice.encrypted", root.get("encrypted")
        for disk in args.props.get("ebsBlockDevices") or []:
            yield f"ebsBlockDevices {disk.get('deviceName')}, encrypted", disk.get("encrypted")
    for disk in (args.props.get("blockDeviceMappings") or []) if args.resource_type == TEMPLATE else []:
        if disk.get("ebs"):
            yield f"blockDeviceMappings {disk.get('deviceName')}, ebs.encrypted", disk["ebs"].get("encrypted")


@resource_rule("key-rotation", "Keys are renewed every year.", KEY)
def key_rotation(args: ResourceValidationArgs) -> Iterator[Found]:
    """This rule is for symmetric keys, since KMS renews no others."""
    if args.props.get("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT") and not args.props.get(
        "enableKeyRotation"
    ):
        yield Found("enableKeyRotation", args.props.get("enableKeyRotation"), "set it to true")
