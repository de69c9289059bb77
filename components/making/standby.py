"""The second home: a copy of what the first one could not make again. Nothing works there until somebody moves home.

docs/operating.md says how, under "A region fails".
"""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket
from components.blocks.replication import Replication
from components.making.storage import uploads_bucket


class StandbyArgs(TypedDict):
    """What is copied, and where."""

    home: str
    region: str
    """Where the copies are."""
    uploads: PrivateBucket
    tables: Mapping[str, pulumi.Input[str]]
    """ARNs of the catalogue's tables, as `Catalogue.tables` has them."""
    noncurrent_days: int
    log_bucket: pulumi.Input[str]
    """Of the region of the copies."""
    protect: bool


class Standby(pulumi.ComponentResource):
    """Copies of the uploads and of the catalogue. The renditions are in that region anyhow."""

    uploads: PrivateBucket

    def __init__(self, name: str, args: StandbyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["region"] == args["home"]:
            raise ValueError(f"Standby {name!r}: region must not be home, got {args['region']}")
        super().__init__("headend:standby:Standby", name, None, opts)
        child, region = pulumi.ResourceOptions(parent=self), args["region"]
        self.uploads = uploads_bucket(
            f"{name}-uploads",
            {
                "region": region,
                "noncurrent_days": args["noncurrent_days"],
                "protect": args["protect"],
                "log_bucket": args["log_bucket"],
            },
            child,
        )
        Replication(
            f"{name}-replication",
            {"home": args["home"], "source": args["uploads"], "replicas": {region: self.uploads}, "prefix": ""},
            child,
        )
        for key, arn in args["tables"].items():
            # A restored table leaves with its config key, and so must its copy.
            protect = args["protect"] and key == "catalogue"
            aws.dynamodb.TableReplica(
                f"{name}-{key}",
                region=region,
                global_table_arn=arn,
                point_in_time_recovery=True,
                deletion_protection_enabled=protect,
                opts=pulumi.ResourceOptions(parent=self, protect=protect),
            )
        self.register_outputs({"uploads_name": self.uploads.bucket_name})
