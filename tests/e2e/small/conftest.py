"""The cloud that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from local.cloud import LaptopCloud
from tests.e2e.platform import deployed


@pytest.fixture(scope="package")
def cloud() -> Iterator[LaptopCloud]:
    with deployed(config={"fleets": "1", "nodesPerFleet": {"min": 1, "max": 1}}) as cloud:
        yield cloud
