"""All handlers: how they fail, and whether their zips hold what they import."""

import ast
import importlib
import sys
import traceback
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from components.blocks.lambda_function import handler_files
from lambdas.refusals import SourceRefused, step

ROOT = Path(__file__).parents[3]
HANDLERS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))
IN_THE_RUNTIME = {*sys.stdlib_module_names, "boto3", "botocore"}


@step
def a_handler(error: Exception | None) -> str:
    if error:
        raise error
    return "fine"


def test_a_refusal_has_no_traceback_for_the_log_and_the_next_fault_has() -> None:
    with pytest.raises(SourceRefused) as refusal:
        a_handler(SourceRefused("Too short."))
    assert traceback.extract_tb(refusal.value.__traceback__) == []  # Lambda's runtime logs this
    with pytest.raises(KeyError) as fault:
        a_handler(KeyError("x"))
    assert traceback.extract_tb(fault.value.__traceback__) != []


def test_a_refusal_is_one_warning_with_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SourceRefused):
        a_handler(SourceRefused("Too short."))
    (record,) = caplog.records
    assert (record.levelname, vars(record)["reason"], record.exc_info) == ("WARNING", "Too short.", None)


@pytest.mark.parametrize("code", ["SlowDown", "ThrottlingException", "AccessDenied"])
def test_aws_errors_are_told_apart_by_name(code: str) -> None:
    with pytest.raises(Exception, match=code) as error:
        a_handler(ClientError({"Error": {"Code": code, "Message": "m"}}, "ListObjectsV2"))
    assert type(error.value).__name__ == code


def test_an_answer_goes_through() -> None:
    assert a_handler(None) == "fine"


def imports(file: str) -> set[tuple[str, str]]:
    """(module, full name) of every import in a file, including late imports. `import x` gives (x, x)."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            found |= {(alias.name, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(str(node.module), f"{node.module}.{alias.name}") for alias in node.names}
    return found


@pytest.mark.parametrize("name", HANDLERS)
def test_the_zip_holds_what_the_handler_imports(name: str) -> None:
    files = handler_files(name)
    held = {file.removesuffix(".py").replace("/", ".") for file in files}
    for file in files:
        library = {"cryptography"} if file == "lambdas/signing.py" else set[str]()
        for module, member in imports(file):
            there = {module, member} & held or module.partition(".")[0] in IN_THE_RUNTIME | library
            assert there, f"{file} imports {member}"


@pytest.mark.parametrize("name", HANDLERS)
def test_lambda_finds_its_handler(name: str) -> None:
    assert callable(importlib.import_module(f"lambdas.{name}.handler").handle)


def test_all_are_here() -> None:
    found = ["canary", "captions", "experience", "forecast", "identify", "playback", "prepare", "sweep", "verify"]
    assert found == HANDLERS
