"""Signed playback: the public keys that CloudFront trusts. The private halves never pass through Pulumi."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws


class SigningArgs(TypedDict):
    """Which keys CloudFront trusts."""

    keys: Mapping[str, str]
    """PEM by name. The first key signs new cookies. Cookies of the others are still accepted, so no film stops."""


class Signing(pulumi.ComponentResource):
    """A key group at CloudFront."""

    key_group_id: pulumi.Output[str]
    key_pair_id: pulumi.Output[str]
    """Id of the key that signs."""
    folder: str
    """Path in SSM, below which a SecureString has the private half of each key. `headend keys rotate` writes them."""
    parameter: str
    """Name of the SecureString of the key that signs."""

    def __init__(self, name: str, args: SigningArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not args["keys"]:
            raise ValueError(f"Signing {name!r}: keys must name at least one key, got none")
        super().__init__("headend:signing:Signing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        keys = [
            aws.cloudfront.PublicKey(
                f"{name}-{key}",
                # CloudFront keeps the PEM with one line break at its end. Without it every preview replaces the key.
                encoded_key=pem.rstrip() + "\n",
                comment=key,
                opts=child,
            )
            for key, pem in args["keys"].items()
        ]
        group = aws.cloudfront.KeyGroup(f"{name}-keys", items=[key.id for key in keys], opts=child)
        self.key_group_id, self.key_pair_id = group.id, keys[0].id
        self.folder = f"/{pulumi.get_project()}/{pulumi.get_stack()}/signing/"
        self.parameter = self.folder + next(iter(args["keys"]))
        self.register_outputs({"key_group_id": self.key_group_id, "key_pair_id": self.key_pair_id})
