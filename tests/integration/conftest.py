"""Fixtures that several files share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.serving.nodes import Node
from tests.integration.aws_bench import Aws, sandboxes, start
from tests.integration.node_bench import BUCKET, FILM, MANIFEST, MB, Origin, content, make_node, running
from tests.waiting import eventually


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    server = start(tmp_path_factory.mktemp("aws"))
    yield server
    server.process.terminate()
    assert server.process.wait(60) == 0
    assert eventually(lambda: not sandboxes(server))


@pytest.fixture
def origin() -> Iterator[Origin]:
    """The bucket of a node: a segment of a film, and its manifest."""
    origin = Origin(objects={BUCKET + FILM: content(4 * MB), BUCKET + MANIFEST: b"#EXTM3U\n"})
    origin.start()
    yield origin
    origin.stop()


@pytest.fixture
def node(origin: Origin, tmp_path: Path) -> Iterator[Node]:
    with running(make_node(origin, tmp_path / "node")) as node:
        yield node
