"""One laptop cloud for all end-to-end tests, with the declared two fleets of two nodes."""

from collections.abc import Iterator

import pytest

from local.cloud import LaptopCloud
from tests.e2e.platform import deployed


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    """The platform, deployed. A node that dies is not replaced while the tests run: they watch what the rest does."""
    with deployed(boot_seconds=3600) as cloud:
        yield cloud
