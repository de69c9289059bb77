"""The rules of the pack: whatever the modules below define."""

from pulumi_policy import Policy

from . import buckets, encryption, identity, network, observation, protection, transit

RULES = [
    rule
    for module in (buckets, encryption, identity, network, observation, protection, transit)
    for rule in vars(module).values()
    if isinstance(rule, Policy)
]
