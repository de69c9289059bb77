"""Where the team's own name leads: to the distribution, by records in the team's hosted zone."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.edge.delivery import Delivery


class AddressArgs(TypedDict):
    """Which name, and what it stands for."""

    host: str
    zone_id: str
    delivery: Delivery


class Address(pulumi.ComponentResource):
    """Alias records, which cost nothing to ask and may stand at a zone's top, where a CNAME may not."""

    def __init__(self, name: str, args: AddressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:address:Address", name, None, opts)
        delivery = args["delivery"]
        for kind, family in (("A", "ipv4"), ("AAAA", "ipv6")):
            # A record that somebody made by hand is not written over: it may be what viewers use now.
            aws.route53.Record(
                f"{name}-{family}",
                zone_id=args["zone_id"],
                name=args["host"],
                type=kind,
                aliases=[
                    {
                        "name": delivery.edge_domain,
                        "zone_id": delivery.edge_zone_id,
                        # Route 53 asks no health of a distribution.
                        "evaluate_target_health": False,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
