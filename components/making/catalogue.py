"""The catalogue: one row for each title. Publishing a version means that the row points to it.

The table also has the counts of plays, one item for each title and day (lambdas/plays.py), and the sweeper's notes
(lambdas/rows.py). These have no state, so that no list of titles shows them.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class CatalogueArgs(TypedDict):
    """How the catalogue is kept."""

    region: str
    protect: bool
    """Refuse to delete the table."""
    copied: NotRequired[bool]
    """Keep the stream from which DynamoDB copies the table to another region. Default: false."""
    restored: NotRequired[str]
    """Name of a restored table that is used instead of this one. The program does not own it. The stack's own table
    stays, so that an operator can go back to it."""


class Catalogue(pulumi.ComponentResource):
    """The table of titles, with an index by state for lists. It can be restored to any second of the last 35 days."""

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    tables: dict[str, pulumi.Output[str]]
    """ARNs of its own table and of the restored table that is used instead, if there is one."""

    def __init__(self, name: str, args: CatalogueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:catalogue:Catalogue", name, None, opts)
        copied = args.get("copied", False)
        child = pulumi.ResourceOptions(
            parent=self,
            protect=args["protect"],
            # Copies are resources of their own. DynamoDB refuses to end the stream of a table that has one, and Pulumi
            # deletes a copy last: so a stream, which costs nothing, stays.
            ignore_changes=["replicas"] if copied else ["replicas", "streamEnabled", "streamViewType"],
        )
        table = aws.dynamodb.Table(
            f"{name}-titles",
            region=args["region"],
            # Uploads come in bursts, and viewers come in the evening: payment by request suits both.
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[
                {"name": "id", "type": "S"},
                {"name": "state", "type": "S"},
                {"name": "updated", "type": "S"},
            ],
            global_secondary_indexes=[
                {
                    "name": "by-state",
                    "key_schemas": [
                        {"attribute_name": "state", "key_type": "HASH"},
                        {"attribute_name": "updated", "key_type": "RANGE"},
                    ],
                    "projection_type": "ALL",
                }
            ],
            # Only the counts of plays have this attribute, and no title's row.
            ttl={"attribute_name": "until", "enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args["protect"],
            stream_enabled=True if copied else None,
            stream_view_type="NEW_AND_OLD_IMAGES" if copied else None,
            opts=child,
        )
        self.tables = {"catalogue": table.arn}
        if restored := args.get("restored"):
            table = aws.dynamodb.Table.get(f"{name}-restored", restored, region=args["region"], opts=child)
            self.tables["restored"] = table.arn
        self.table_name, self.table_arn = table.name, table.arn
        self.register_outputs({"table_name": self.table_name, "table_arn": self.table_arn})
