"""A deployed handler: its zip holds its imports, its role has the rights that it needs, and its log expires."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.blocks.handler_files import handler_files
from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import allow
from local.engine import Archive, Deployment
from tests.declared import REGION, ROOT, depends_on, listed, made, refusal, statements, whole

HANDLERS = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))


def function(**other: Any) -> Deployment:
    args: dict[str, Any] = {
        "region": REGION,
        "handler": "identify",
        "timeout": 60,
        "memory": 512,
        "log_days": 14,
    }
    return made(LambdaFunction, "identify", {**args, **other})


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_runs_with_only_the_files_of_its_zip(handler: str, tmp_path: Path) -> None:
    module = f"lambdas.{handler}.handler"
    functions = whole("dev").of_type("aws:lambda/function:Function")
    [deployed] = [item.inputs for item in functions if item.inputs["handler"] == f"{module}.handle"]
    for file in deployed["code"].assets:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    # -I: Python finds no file of this project but the copies.
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from {module} import handle"
    environment = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **deployed["environment"]["variables"]}
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_another_functions_code_is_in_no_zip() -> None:
    signed = [handler for handler in HANDLERS if "lambdas/signing.py" in handler_files(handler)]
    assert signed == ["playback"]
    for handler in HANDLERS:
        own = [file for file in handler_files(handler) if file.endswith("/handler.py")]
        assert own == [f"lambdas/{handler}/handler.py"]
    # The sweeper names the title of an upload as the workflow does.
    folders = {handler: {Path(file).parent.name for file in handler_files(handler)} for handler in HANDLERS}
    shared = {(handler, other) for handler in HANDLERS for other in (folders[handler] & {*HANDLERS}) - {handler}}
    assert shared == {("sweep", "identify")}


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


def test_it_logs_to_a_group_that_expires_and_can_write_to_no_other() -> None:
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


def test_a_handler_that_is_not_there_is_refused() -> None:
    args = {"region": REGION, "handler": "prob", "timeout": 1, "memory": 128, "log_days": 1}
    said = refusal(LambdaFunction, "probe", args)
    allowed = f"a folder of lambdas/ that holds a handler.py ({', '.join(HANDLERS)})"
    assert said == f"LambdaFunction 'probe': handler must be {allowed}, got 'prob'"
