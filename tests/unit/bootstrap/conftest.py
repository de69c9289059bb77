"""The policy pack reads this program too."""

from tests.unit.policy.conftest import pack

__all__ = ["pack"]
