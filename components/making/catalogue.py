"""The catalogue: one row for each title. Publishing a version means that the row points to it.

Beside the rows lie the counts of plays, an item for each title and day (lambdas/plays.py). They have no state, so that
no list of titles shows them. Nor have the sweeper's notes (lambdas/rows.py).
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class CatalogueArgs(TypedDict):
    """How the catalogue is kept."""

    region: str
    protect: bool
    """Refuse to delete the table."""
    restored: NotRequired[str]
    """Name of a table that was restored from this one and stands for it. The program uses it and does not own it: its
    own table stays beside it, as the way back."""


class Catalogue(pulumi.ComponentResource):
    """The titles table: by id, and by state for listing; restorable to any second of the last 35 days."""

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CatalogueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:catalogue:Catalogue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, protect=args["protect"])
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
            # Of the counts of plays, which lie beside the titles: a title's row has no such attribute.
            ttl={"attribute_name": "until", "enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args["protect"],
            opts=child,
        )
        if restored := args.get("restored"):
            table = aws.dynamodb.Table.get(f"{name}-restored", restored, region=args["region"], opts=child)
        self.table_name, self.table_arn = table.name, table.arn
        self.register_outputs({"table_name": self.table_name, "table_arn": self.table_arn})
