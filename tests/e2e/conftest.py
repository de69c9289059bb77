"""Starting a laptop cloud takes half a minute of a processor. Files in a folder with `__init__.py` share one, so they
run in one process."""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


class ByCloud(LoadFileScheduling):
    """Keeps the tests of a package, and those of any other file, in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        folder = Path(file).parent
        return str(folder) if (self.config.rootpath / folder / "__init__.py").exists() else file


@pytest.hookimpl(optionalhook=True)  # pytest may run without the plugin
def pytest_xdist_make_scheduler(config: Any, log: Any) -> ByCloud:
    """Called by pytest-xdist in place of its own choice by `--dist`."""
    return ByCloud(config, log)
