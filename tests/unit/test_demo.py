"""What `make demo` says, and what it keeps to itself."""

import sys

import pytest

from local.__main__ import _tell_unless_interrupted


class Dropped:
    """An object that raises when it is dropped, where nobody can catch it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def test_ctrl_c_in_a_callback_is_no_news_and_a_fault_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", _tell_unless_interrupted)
    Dropped(KeyboardInterrupt())
    assert capsys.readouterr().err == ""
    Dropped(ValueError("a fault"))
    assert "ValueError: a fault" in capsys.readouterr().err
