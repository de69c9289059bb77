"""The policy pack checks this program too."""

from tests.unit.policy.conftest import pack

__all__ = ["pack"]
