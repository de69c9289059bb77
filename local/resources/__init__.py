"""Makes declared resources in the laptop's AWS: a small handler for each type, a file for each family of services."""

from local.resources.changes import Changer
from local.resources.realiser import DECLARED_ONLY, Realiser

__all__ = ["DECLARED_ONLY", "Changer", "Realiser"]
