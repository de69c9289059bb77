"""One laptop cloud for all end-to-end tests, with the declared two fleets of two nodes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import LaptopCloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    """The platform, deployed. A node that dies is not replaced while the tests run: they watch what the rest does."""
    os.environ["HEADEND_X264_PRESET"] = "ultrafast"
    run_dir = Path(tempfile.mkdtemp(prefix="headend-test-"))
    cloud = LaptopCloud(run_dir, boot_seconds=3600)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)
