"""Many calls of several functions at once: processes are used again, and every call is answered."""

import itertools
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws import functions
from local.aws.functions import SANDBOXES, Result, Sandboxes


class Process:
    """A sandbox without a process."""

    started = itertools.count()

    def __init__(self, function: Any, *_: object) -> None:
        next(Process.started)
        time.sleep(0.1)  # starting a process takes longer than a call
        self.function, self.killed, self.lock = function, False, threading.Lock()

    def alive(self) -> bool:
        return not self.killed

    def invoke(self, payload: bytes, function: Any, _log: Path) -> Result:
        assert function is self.function
        assert not self.killed
        assert self.lock.acquire(blocking=False), "one call at a time"
        time.sleep(0.002)
        self.lock.release()
        return Result(payload, failed=False)

    def kill(self) -> None:
        self.killed = True


def a_function(name: str) -> Any:
    return SimpleNamespace(function_name=name, code_sha_256=name, get_configuration=dict)


@pytest.fixture
def sandboxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandboxes:
    Process.started = itertools.count()
    monkeypatch.setattr(functions, "Sandbox", Process)
    return Sandboxes("http://127.0.0.1:1", tmp_path)


def test_a_crowd_of_calls_starts_few_processes_and_all_are_answered(sandboxes: Sandboxes) -> None:
    kinds = [a_function(name) for name in ("identify", "prepare", "verify")]
    answered: list[Result] = []

    def call(function: Any) -> None:
        answered.append(sandboxes.invoke(function, b"{}"))

    calls = [threading.Thread(target=call, args=[function], daemon=True) for _ in range(100) for function in kinds]
    for each in calls:
        each.start()
    for each in calls:
        each.join(30)
    assert len(answered) == len(calls)
    # The number depends on the order in which threads run. It is about 25 for 300 calls. Before waiting calls were
    # counted, two of three calls started a process.
    assert next(Process.started) < len(calls) / 4, "they are not ended for one another"


def test_more_functions_than_there_may_be_processes_take_turns(sandboxes: Sandboxes) -> None:
    for _ in range(2):
        for number in range(SANDBOXES + 2):
            assert not sandboxes.invoke(a_function(str(number)), b"{}").failed
