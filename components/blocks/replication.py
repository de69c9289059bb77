"""Replication: the objects of one bucket at home, copied to buckets in other regions."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket
from components.blocks.policies import allow, document, trust


class ReplicationArgs(TypedDict):
    """From one bucket to many."""

    home: str
    source: PrivateBucket
    replicas: Mapping[str, PrivateBucket]
    """Buckets by region; at least one."""
    prefix: str
    """Only objects whose key begins with this are copied. Empty: all."""


class Replication(pulumi.ComponentResource):
    """New objects are copied as they are written; for older ones see "a new region" in docs/operating.md."""

    def __init__(self, name: str, args: ReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not args["replicas"]:
            raise ValueError(f"Replication {name!r}: replicas must name at least one region, got none")
        super().__init__("headend:replication:Replication", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        source = args["source"].bucket_arn
        # S3's guide does not say that replication sends a source account or ARN. A condition on a value that is not
        # sent would stop every copy, silently. Only this account can give the role to S3, since AWS passes no role
        # between accounts.
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("s3.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                [
                    allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], source),
                    allow(
                        ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
                        pulumi.Output.concat(source, "/*"),
                    ),
                    allow(
                        ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
                        [pulumi.Output.concat(replica.bucket_arn, "/*") for replica in args["replicas"].values()],
                    ),
                ]
            ),
            opts=child,
        )
        aws.s3.BucketReplicationConfig(
            f"{name}-rules",
            region=args["home"],
            bucket=args["source"].bucket_name,
            role=role.arn,
            rules=[
                {
                    "id": region,
                    "priority": priority,
                    "status": "Enabled",
                    "filter": {"prefix": args["prefix"]},
                    # What somebody deletes is deleted in every region. S3 never replicates what lifecycle rules delete.
                    "delete_marker_replication": {"status": "Enabled"},
                    "destination": {"bucket": replica.bucket_arn, "metrics": {"status": "Enabled"}},
                }
                for priority, (region, replica) in enumerate(args["replicas"].items())
            ],
            # Both ends must have versioning before S3 takes the rules.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, args["source"], *args["replicas"].values()]),
        )
        self.register_outputs({})
