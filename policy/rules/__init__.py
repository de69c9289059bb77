"""The rules of the pack: all rules that the modules in this folder define."""

from pulumi_policy import Policy

from . import buckets, encryption, identity, network, observation, protection, transit

RULES = [
    rule
    for module in (buckets, encryption, identity, network, observation, protection, transit)
    for rule in vars(module).values()
    if isinstance(rule, Policy)
]
