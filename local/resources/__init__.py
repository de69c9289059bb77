"""What each declared resource becomes in the laptop's AWS: one small handler a type, one file a service family."""

from local.resources.changes import Changer
from local.resources.realiser import DECLARED_ONLY, Realiser

__all__ = ["DECLARED_ONLY", "Changer", "Realiser"]
