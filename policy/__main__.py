"""The policy pack, enforced with `pulumi up --policy-pack policy`. Every rule of `rules/` is mandatory."""

from pulumi_policy import EnforcementLevel, PolicyPack
from rules import RULES

PolicyPack(name="headend", enforcement_level=EnforcementLevel.MANDATORY, policies=RULES)
