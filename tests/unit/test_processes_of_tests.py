"""Which end-to-end tests run in one process."""

import pytest

from tests.e2e.conftest import ByCloud


def test_files_that_share_a_cloud_run_in_one_process_and_others_alone(pytestconfig: pytest.Config) -> None:
    scheduler = ByCloud.__new__(ByCloud)  # to make one, pytest-xdist must be at work
    scheduler.config = pytestconfig
    files = sorted((pytestconfig.rootpath / "tests" / "e2e").rglob("test_*.py"))
    names = [str(file.relative_to(pytestconfig.rootpath)) for file in files]
    scopes = {name: scheduler._split_scope(f"{name}::test_it") for name in names}
    shared = {name: scope for name, scope in scopes.items() if name != scope}
    assert set(shared.values()) == {"tests/e2e/small", "tests/e2e/whole"}
    assert all(name.startswith(f"{scope}/") for name, scope in shared.items())
