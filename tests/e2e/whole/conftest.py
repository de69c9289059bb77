"""The cloud that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from local.cloud import LaptopCloud
from tests.e2e.platform import deployed


@pytest.fixture(scope="package")
def cloud() -> Iterator[LaptopCloud]:
    """The deployed platform. A dead node is not replaced while the tests run, since they watch the other nodes."""
    with deployed(boot_seconds=3600) as cloud:
        yield cloud
