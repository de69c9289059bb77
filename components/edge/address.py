"""Records in the team's hosted zone that point the team's own name at the distribution."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.edge.delivery import Delivery


class AddressArgs(TypedDict):
    """The name, and the distribution to which it leads."""

    host: str
    zone_id: str
    delivery: Delivery


class Address(pulumi.ComponentResource):
    """Alias records. Queries for them are free, and unlike a CNAME they may have the name of the zone itself."""

    def __init__(self, name: str, args: AddressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:address:Address", name, None, opts)
        delivery = args["delivery"]
        for kind, family in (("A", "ipv4"), ("AAAA", "ipv6")):
            # The program does not overwrite a record that somebody made by hand, since viewers may use it now.
            aws.route53.Record(
                f"{name}-{family}",
                zone_id=args["zone_id"],
                name=args["host"],
                type=kind,
                aliases=[
                    {
                        "name": delivery.edge_domain,
                        "zone_id": delivery.edge_zone_id,
                        # Route 53 does not check the health of a distribution.
                        "evaluate_target_health": False,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
