"""A handler as it is deployed: its zip holds what it imports, its role does what it needs, its log is kept as long."""

import ast
from pathlib import Path
from typing import Any

import pytest

from components.blocks.lambda_function import LambdaFunction, handler_files
from components.blocks.policies import allow
from local.engine import Archive, Deployment
from tests.declared import REGION, ROOT, depends_on, listed, made, refusal, statements

HANDLERS = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))


def function(**other: Any) -> Deployment:
    args: dict[str, Any] = {
        "region": REGION,
        "handler": "identify",
        "files": handler_files("identify"),
        "timeout": 60,
        "memory": 512,
        "log_days": 14,
    }
    return made(LambdaFunction, "identify", {**args, **other})


def imports(path: Path) -> set[str]:
    """The files of this project that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    files = {f"{name.replace('.', '/')}.py" for name in names}
    return {file for file in files if (ROOT / file).is_file()}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_zip_holds_everything_that_its_handler_imports(handler: str) -> None:
    held, missing = set(handler_files(handler)), set[str]()
    for file in held:
        missing |= imports(ROOT / file) - held
    assert missing == set()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_zip_holds_listed_files_alone_so_a_compiled_file_never_changes_a_preview(handler: str) -> None:
    assert handler_files(handler) == sorted(set(handler_files(handler)), key=handler_files(handler).index)
    assert all(file.startswith("lambdas/") and file.endswith(".py") for file in handler_files(handler))


def test_the_entry_point_is_in_the_zip_where_the_runtime_looks_for_it() -> None:
    made = function().one("aws:lambda/function:Function").inputs
    code = made["code"]
    assert isinstance(code, Archive)
    module, _, entry = made["handler"].rpartition(".")
    path = f"{module.replace('.', '/')}.py"
    assert path in (code.assets or {})
    defined = {
        node.name
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert entry in defined


def test_it_logs_to_a_group_that_forgets_and_can_write_to_no_other() -> None:
    done = function(log_days=30)
    group = done.one("aws:cloudwatch/logGroup:LogGroup")
    made = done.one("aws:lambda/function:Function").inputs
    assert group.inputs["retentionInDays"] == 30
    assert made["loggingConfig"] == {"logFormat": "JSON", "logGroup": group.outputs["name"]}
    writes = [
        listed(statement["Resource"])
        for statement in statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        if any(action.startswith("logs:") for action in listed(statement["Action"]))
    ]
    assert writes == [[f"{group.outputs['arn']}:log-stream:*"]]


def test_it_may_do_what_it_was_given_and_nothing_else() -> None:
    done = function(statements=[allow("s3:GetObject", "arn:aws:s3:::media/*")])
    policy = statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    actions = {action for statement in policy for action in listed(statement["Action"])}
    assert actions == {
        "s3:GetObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }


def test_only_lambda_may_take_its_role() -> None:
    [trusted] = statements(function().one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_it_is_traced_and_starts_only_once_it_has_its_rights() -> None:
    done = function()
    made = done.one("aws:lambda/function:Function")
    assert made.inputs["tracingConfig"] == {"mode": "Active"}
    assert depends_on(done, made, done.one("aws:iam/rolePolicy:RolePolicy"))


def test_a_zip_without_its_handler_is_refused() -> None:
    said = refusal(
        LambdaFunction,
        "probe",
        {"region": REGION, "handler": "probe", "files": [], "timeout": 1, "memory": 128, "log_days": 1},
    )
    assert said == "LambdaFunction 'probe': files must hold lambdas/probe/handler.py, got none"
