"""Each test of the workflow gets its own world."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.making_kit import titles_table
from tests.making_world import World


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World(titles_table())
