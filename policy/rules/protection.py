"""Things that nobody can bring back: data in production, and AWS's support for an old runtime."""

from collections.abc import Iterator

from pulumi_policy import PolicyResource, ResourceValidationArgs

from .buckets import BUCKET, OBJECTS
from .network import BALANCER
from .rule import Found, Stack, resource_rule, stack_rule

TABLE = "aws:dynamodb/table:Table"
RUNTIMES = ("nodejs22.x", "nodejs24.x", "provided.al2023", "python3.12", "python3.13", "python3.14")
"""Runtimes that AWS supports (Lambda developer guide, "Lambda runtimes"). A deprecated runtime gets no fixes, and later
AWS refuses to update its functions. Add a new runtime when it comes. Remove one half a year before its support ends."""


@stack_rule("production-protected", "What production cannot make again cannot be deleted.", BUCKET, TABLE, BALANCER)
def production_protected(item: PolicyResource, stack: Stack) -> Iterator[Found]:
    """Production is every stack whose name begins with `prod`; others may be thrown away.

    In every stack, a bucket may be thrown away if this program writes its objects, such as the page's bucket.
    """
    made_again = item.resource_type == BUCKET and any(stack.referring(type_, "bucket", item) for type_ in OBJECTS)
    if made_again or not item.urn.removeprefix("urn:pulumi:").startswith("prod"):
        return
    if item.resource_type != BALANCER and not item.opts.protect:
        yield Found("the option protect", False, "set headend:protect to true in the stack's config")
    if item.resource_type == BUCKET and item.props.get("forceDestroy"):
        yield Found("forceDestroy", True, "set it to false")
    if item.resource_type == BALANCER and not item.props.get("enableDeletionProtection"):
        yield Found("enableDeletionProtection", False, "set it to true")
    if item.resource_type == TABLE and not item.props.get("deletionProtectionEnabled"):
        yield Found("deletionProtectionEnabled", False, "set it to true")
    if item.resource_type == TABLE and not (item.props.get("pointInTimeRecovery") or {}).get("enabled"):
        yield Found("pointInTimeRecovery.enabled", False, "set it to true")


@resource_rule("lambda-runtime", "Functions run on a runtime that AWS supports.", "aws:lambda/function:Function")
def lambda_runtime(args: ResourceValidationArgs) -> Iterator[Found]:
    """Container images bring their own runtime, so they have none to check."""
    runtime = args.props.get("runtime")
    if args.props.get("packageType") != "Image" and runtime not in RUNTIMES:
        yield Found("runtime", runtime, f"choose one of {', '.join(RUNTIMES)}")
