"""Fixtures that several files share."""

from collections.abc import Iterator

import pytest

from tests.integration.aws_bench import Aws, sandboxes, start
from tests.waiting import eventually


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    server = start(tmp_path_factory.mktemp("aws"))
    yield server
    server.process.terminate()
    assert server.process.wait(60) == 0
    assert eventually(lambda: not sandboxes(server))
