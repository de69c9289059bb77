"""Replication: each rendition is copied to every other region, and the role for that can do nothing else."""

import functools

from components.blocks.bucket import PrivateBucket
from components.blocks.replication import Replication
from local.engine import Deployment
from tests.declared import depends_on, deploy, refusal, statements


@functools.cache
def replication() -> Deployment:
    def program() -> None:
        def bucket(region: str) -> PrivateBucket:
            return PrivateBucket(f"media-{region}", {"region": region, "noncurrent_days": 7, "protect": False})

        replicas = {region: bucket(region) for region in ("eu-west-1", "ap-south-1")}
        Replication(
            "replication", {"home": "us-east-1", "source": bucket("us-east-1"), "replicas": replicas, "prefix": "v/"}
        )

    return deploy(program)


def test_renditions_are_copied_to_every_replica_and_so_is_their_deletion() -> None:
    done = replication()
    rules = done.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig").inputs["rules"]
    buckets = {item.region: item.outputs["arn"] for item in done.of_type("aws:s3/bucket:Bucket")}
    assert {rule["id"]: rule["destination"]["bucket"] for rule in rules} == {
        region: arn for region, arn in buckets.items() if region != "us-east-1"
    }
    assert {rule["status"] for rule in rules} == {"Enabled"}
    assert {rule["filter"]["prefix"] for rule in rules} == {"v/"}
    assert {rule["deleteMarkerReplication"]["status"] for rule in rules} == {"Enabled"}
    # S3 refuses two rules of one priority.
    assert len({rule["priority"] for rule in rules}) == len(rules)


def test_the_role_reads_the_source_and_writes_the_replicas() -> None:
    done = replication()
    arns = {item.outputs["arn"]: item.region for item in done.of_type("aws:s3/bucket:Bucket")}
    may: dict[str, set[str]] = {}
    for statement in statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]):
        resources = statement["Resource"]
        for arn in resources if isinstance(resources, list) else [resources]:
            may.setdefault(arns[arn.removesuffix("/*")], set()).update(statement["Action"])
    assert all("Replicate" not in action for action in may["us-east-1"])
    for region in ("eu-west-1", "ap-south-1"):
        assert may[region] == {"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"}


def test_both_ends_have_versions_and_the_role_its_rights_before_s3_is_told() -> None:
    done = replication()
    rules = done.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    for before in (
        *done.of_type("aws:s3/bucketVersioning:BucketVersioning"),
        done.one("aws:iam/rolePolicy:RolePolicy"),
    ):
        assert depends_on(done, rules, before), before.name


def test_one_region_replicates_to_nobody() -> None:
    said = refusal(Replication, "replication", {"home": "us-east-1", "replicas": {}, "prefix": "v/"})
    assert said == "Replication 'replication': replicas must name at least one region, got none"
