"""A bucket's policy: no reader whom it does not name."""

import functools

import pulumi_aws as aws

from components.blocks.bucket_access import BucketAccess, read_by_cloudfront, read_through_endpoint
from local.engine import Deployment
from tests.declared import REGION, depends_on, deploy, statements

ARN = "arn:aws:s3:::films"
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1"


@functools.cache
def access() -> Deployment:
    def program() -> None:
        grants = [read_by_cloudfront(ARN, DISTRIBUTION, "v/*"), *read_through_endpoint(ARN, "vpce-1")]
        made = BucketAccess(
            "films", {"region": REGION, "bucket_name": "films", "bucket_arn": ARN, "statements": grants}
        )
        aws.s3.BucketObjectv2("later", bucket=made.bucket_name, key=made.bucket_arn)

    return deploy(program)


def test_readers_get_objects_of_their_prefix_and_nothing_else() -> None:
    _, cloudfront, nodes, lists = statements(access().one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    for grant in (cloudfront, nodes):
        assert (grant["Effect"], grant["Action"], grant["Resource"]) == ("Allow", "s3:GetObject", f"{ARN}/v/*")
    assert cloudfront["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert cloudfront["Condition"] == {"StringEquals": {"aws:SourceArn": DISTRIBUTION}}
    # "Anybody" with this condition, without a wildcard in it, does not count as public for S3.
    assert nodes["Principal"] == "*"
    assert nodes["Condition"] == {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    assert (lists["Action"], lists["Resource"]) == ("s3:ListBucket", ARN)
    assert lists["Condition"] == {"StringEquals": {"aws:SourceVpce": "vpce-1", "s3:prefix": "v/fill/"}}


def test_whatever_uses_its_name_waits_for_the_policy() -> None:
    done = access()
    later = done.one("aws:s3/bucketObjectv2:BucketObjectv2")
    assert (later.inputs["bucket"], later.inputs["key"]) == ("films", ARN)
    assert depends_on(done, later, done.one("aws:s3/bucketPolicy:BucketPolicy"))
