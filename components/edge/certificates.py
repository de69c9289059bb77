"""Certificates for the team's own name. Records in the team's hosted zone prove that the name is the team's."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.edge.routes import origin_host
from facts.regions import CLOUDFRONT_REGION

ISSUED_WITHIN = pulumi.CustomTimeouts(create="75m")
"""ACM usually issues a certificate within minutes, but sometimes after over an hour (terraform-provider-aws #9338)."""


class CertificatesArgs(TypedDict):
    """The name, its zone, and the regions that need certificates."""

    host: str
    """The name that viewers open."""
    zone_id: str
    """Id of a public hosted zone of Route 53 for the name. The zone itself is not part of the stack."""
    home: str
    regions: Sequence[str]
    """Regions with load balancers, including home."""


class Certificates(pulumi.ComponentResource):
    """One certificate for CloudFront, and one for the load balancer of each region. ACM renews them by itself."""

    viewers: pulumi.Output[str]
    """ARN, once it is issued."""
    balancers: Mapping[str, pulumi.Output[str]]
    """ARN by region, once it is issued."""

    def __init__(self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args["home"] not in args["regions"]:
            held = ", ".join(args["regions"]) or "none"
            raise ValueError(f"Certificates {name!r}: regions must hold home, {args['home']!r}, got {held}")
        refuse_foreign_zone(args["host"], args["zone_id"])
        super().__init__("headend:certificates:Certificates", name, None, opts)
        # The name that CloudFront asks the load balancers for.
        host, zone, origin = args["host"], args["zone_id"], origin_host(args["host"])
        [self.viewers] = self._issued(f"{name}-viewers", host, zone, [CLOUDFRONT_REGION]).values()
        # Home comes first. It is always there, so the record that proves all certificates does not change when other
        # regions do.
        regions = [args["home"], *(region for region in args["regions"] if region != args["home"])]
        self.balancers = self._issued(f"{name}-origin", origin, zone, regions)
        self.register_outputs({"viewers": self.viewers})

    def _issued(self, name: str, host: str, zone_id: str, regions: Sequence[str]) -> dict[str, pulumi.Output[str]]:
        """By region: ARN of a certificate for one name."""
        child = pulumi.ResourceOptions(parent=self)
        made = {
            region: aws.acm.Certificate(
                f"{name}-{region}", region=region, domain_name=host, validation_method="DNS", opts=child
            )
            for region in regions
        }
        # For one name of an account, ACM asks for the same record in every region.
        proof = made[regions[0]].domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-proof",
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            # If somebody made a certificate for this name by hand, the record exists already, with the same value.
            allow_overwrite=True,
            opts=child,
        )
        waiting = pulumi.ResourceOptions(parent=self, custom_timeouts=ISSUED_WITHIN)
        return {
            region: aws.acm.CertificateValidation(
                f"{name}-{region}-issued",
                region=region,
                certificate_arn=certificate.arn,
                validation_record_fqdns=[record.fqdn],
                opts=waiting,
            ).certificate_arn
            for region, certificate in made.items()
        }


def refuse_foreign_zone(host: str, zone_id: str) -> None:
    """Raise RunError for a zone that does not exist, is private, or cannot hold the name."""
    key = "headend:domain.zone"
    try:
        zone = aws.route53.get_zone(zone_id=zone_id)
    except Exception as error:  # the SDK's own, of no narrower class
        hint = "aws route53 list-hosted-zones shows those of this account"
        raise pulumi.RunError(f"{key}: AWS does not show the zone {zone_id!r}: {error}. {hint}") from None
    apex = zone.name.removesuffix(".")
    if zone.private_zone:
        raise pulumi.RunError(f"{key}: {zone_id!r} ({apex}) is a private zone, and viewers are not in it")
    if host != apex and not host.endswith(f".{apex}"):
        raise pulumi.RunError(f"{key}: {zone_id!r} is the zone of {apex!r}, which cannot hold domain.name {host!r}")
