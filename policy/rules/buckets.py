"""Buckets are private: every means that S3 has for it must be used."""

from collections.abc import Iterator

from pulumi_policy import PolicyResource, ResourceValidationArgs

from .rule import Found, Stack, resource_rule, stack_rule

BUCKET = "aws:s3/bucket:Bucket"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACL = "aws:s3/bucketAcl:BucketAcl"
OBJECTS = ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2")


@resource_rule("bucket-access-block", "A bucket refuses to be made public.", ACCESS_BLOCK)
def access_block(args: ResourceValidationArgs) -> Iterator[Found]:
    """All four switches are needed: each closes what the others leave open."""
    for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if args.props.get(name) is not True:
            yield Found(name, args.props.get(name), "set it to true")


@resource_rule("bucket-no-public-acl", "No access control list opens a bucket or an object.", ACL, BUCKET, *OBJECTS)
def no_public_acl(args: ResourceValidationArgs) -> Iterator[Found]:
    """Neither a canned ACL nor a grant may name one of S3's groups that mean everybody."""
    acl = args.props.get("acl")
    if acl in ("public-read", "public-read-write", "authenticated-read"):
        yield Found("acl", acl, "leave it out, and grant access in the bucket's policy")
    policy = args.props.get("accessControlPolicy") if args.resource_type == ACL else None
    for grant in (policy or {}).get("grants") or []:
        group = (grant.get("grantee") or {}).get("uri") or ""
        if group.endswith(("/AllUsers", "/AuthenticatedUsers")):
            yield Found("accessControlPolicy.grants", group, "take the grant out")


@stack_rule("bucket-complete", "A bucket has its block of public access and its encryption.", BUCKET)
def complete(bucket: PolicyResource, stack: Stack) -> Iterator[Found]:
    """Each is a separate resource, so nobody would notice that it was forgotten."""
    for kind, type_ in {
        "public access block": ACCESS_BLOCK,
        "encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    }.items():
        if not stack.referring(type_, "bucket", bucket):
            yield Found(kind, None, f"declare a {type_.rpartition(':')[2]} whose `bucket` is an output of this bucket")
