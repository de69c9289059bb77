"""The watchdog counts a worker of nginx as frozen if it neither answers nor uses processor time."""

import re
import runpy
from pathlib import Path
from typing import Any

from components.serving.cache_node import user_data
from facts.instances import INSTANCE_TYPES

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(user_data.__file__).with_name("node-watch.py")))


def test_it_may_open_enough_connections_on_the_largest_machine() -> None:
    unit = Path(user_data.__file__).with_name("cache-node-watch.service").read_text()
    [limit] = re.findall(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE)
    # nginx has a worker for each processor. The script has a few other files.
    assert int(limit) > 100 + SCRIPT["ATTEMPTS"] * max(machine.vcpus for machine in INSTANCE_TYPES.values())


def rounds(*seen: tuple[dict[int, str], set[int]]) -> dict[int, int]:
    """Worker to its number of silent rounds. Each round is (processor time of each worker, workers that answered)."""
    quiet: dict[int, tuple[str, int]] = {}
    for workers, answered in seen:
        quiet = SCRIPT["silent"](workers, answered, quiet)
    return {worker: count for worker, (_, count) in quiet.items()}


def test_one_that_neither_answers_nor_runs_is_counted() -> None:
    assert rounds(*[({1: "5 5", 2: "7 7"}, {2})] * 3) == {1: 3}


def test_one_that_is_slow_is_not_frozen() -> None:
    assert rounds(({1: "5 5"}, set()), ({1: "6 5"}, set()), ({1: "6 9"}, set())) == {1: 1}


def test_one_that_answers_again_is_forgiven() -> None:
    still = {1: "5 5"}
    assert rounds((still, set()), (still, set()), (still, {1})) == {}
    assert rounds((still, set()), (still, {1}), (still, set())) == {1: 1}


def test_one_that_is_gone_is_forgotten() -> None:
    assert rounds(({1: "5 5"}, set()), ({2: "0 0"}, {2})) == {}
