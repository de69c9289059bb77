"""A component tested with Pulumi's own mocks and nothing of ours. A team that copies one component can start from it.

It follows https://www.pulumi.com/docs/iac/guides/testing/unit/. The other tests use tests/declared.py, which also
records options, regions and dependencies, refuses an output that nothing computed, and runs the whole program.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from components.blocks.bucket import PrivateBucket, PrivateBucketArgs

ARGS: PrivateBucketArgs = {"region": "eu-west-1", "noncurrent_days": 7, "protect": True}


class Mocks(pulumi.runtime.Mocks):
    """AWS's answers that the component needs: an id for each resource, and the outputs that the component reads."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        """The inputs of each resource by its type, as they go to the provider: in camelCase."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made[args.typ] = args.inputs
        computed = {"bucket": f"{args.name}-1234567", "arn": f"arn:aws:s3:::{args.name}-1234567"}
        return f"{args.name}-id", {**computed, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise NotImplementedError(f"no answer is mocked for {args.token}")


@pytest.fixture(autouse=True)
def mocks() -> Iterator[Mocks]:
    mocks = Mocks()
    with asyncio.Runner() as runner:  # set_mocks needs an event loop, and asyncio.run of other tests leaves none
        asyncio.set_event_loop(runner.get_loop())
        pulumi.runtime.set_mocks(mocks, project="headend", stack="test", preview=False)
        yield mocks
    # Mocks belong to the whole process. Without this they would also make late resources of other tests.
    pulumi.runtime.settings.reset_options()


@pulumi.runtime.test
def test_its_outputs_are_the_buckets() -> pulumi.Output[None]:
    films = PrivateBucket("films", ARGS)

    def check(outputs: list[str]) -> None:
        assert outputs == ["films-bucket-1234567", "arn:aws:s3:::films-bucket-1234567"]

    return pulumi.Output.all(films.bucket_name, films.bucket_arn).apply(check)


@pulumi.runtime.test
def make_films() -> None:
    """Register a bucket. The decorator waits until all of it is registered."""
    PrivateBucket("films", ARGS)


def test_nothing_makes_it_public(mocks: Mocks) -> None:
    make_films()
    block = mocks.made["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
    assert block["bucket"] == "films-bucket-1234567"
    assert block["blockPublicAcls"] is block["blockPublicPolicy"] is block["restrictPublicBuckets"] is True


def test_bad_arguments_are_refused_before_anything_is_made(mocks: Mocks) -> None:
    with pytest.raises(ValueError, match="noncurrent_days must be >= 1, got 0"):
        PrivateBucket("films", {**ARGS, "noncurrent_days": 0})
    assert "aws:s3/bucket:Bucket" not in mocks.made
