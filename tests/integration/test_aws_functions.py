"""The laptop's Lambda: what a handler finds, prints and returns, and the sandboxes that it runs in."""

import base64

import pytest

from tests.integration.aws_bench import REGION, Aws, sandboxes
from tests.waiting import eventually


def test_a_handler_finds_what_it_has_on_aws(aws: Aws) -> None:
    code = (
        "import os, boto3\ndef handle(event, context):\n    left = context.get_remaining_time_in_millis()\n"
        "    names = boto3.client('s3').list_buckets()['Buckets']\n"
        "    return {'event': event, 'name': context.function_name, 'left': left,\n"
        "            'region': os.environ['AWS_REGION'], 'own': os.environ['OWN'],\n"
        "            'profile': 'AWS_PROFILE' in os.environ,\n"
        "            'arn': context.invoked_function_arn, 'buckets': len(names)}\n"
    )
    arn = aws.function(code, Environment={"Variables": {"OWN": "setting"}})
    aws.bucket()
    found, error = aws.invoke(arn, {"a": ["ü"]})
    assert error is None
    assert found["event"] == {"a": ["ü"]}
    assert (found["region"], found["own"], found["profile"], found["arn"]) == (REGION, "setting", False, arn)
    assert found["name"] == arn.rpartition(":")[2]
    assert found["buckets"] >= 1
    assert 10_000 < found["left"] <= 20_000


def test_a_sandbox_is_kept_warm_until_code_or_configuration_change(aws: Aws) -> None:
    arn = aws.function("calls = []\ndef handle(event, context):\n    calls.append(1)\n    return len(calls)\n")
    assert [aws.invoke(arn)[0] for _ in range(3)] == [1, 2, 3]
    aws.functions.update_function_configuration(FunctionName=arn, Environment={"Variables": {"A": "b"}})
    assert aws.invoke(arn)[0] == 1


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (
            "class SourceRefused(Exception): pass\ndef handle(e, c): raise SourceRefused('no sound')",
            "SourceRefused",
            "no sound",
        ),
        ("import time\ndef handle(e, c): time.sleep(30)", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("import os\ndef handle(e, c): os._exit(3)", "Runtime.ExitError", "exit status 3"),
        ("import pydantic\ndef handle(e, c): pass", "Runtime.ImportModuleError", "No module named 'pydantic'"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound", "handle"),
        ("def handle(e, c): return object()", "Runtime.MarshalError", "not JSON serializable"),
    ],
)
def test_a_failure_is_reported_as_lambda_reports_it(aws: Aws, code: str, kind: str, message: str) -> None:
    arn = aws.function(code, Timeout=1 if kind == "Sandbox.Timedout" else 20)
    for _ in range(2):  # and the next invocation gets a working sandbox
        answer, error = aws.invoke(arn)
        assert (answer["errorType"], error) == (kind, "Unhandled"), answer
        assert message in answer["errorMessage"]


def test_what_a_handler_prints_is_logged(aws: Aws) -> None:
    arn = aws.function(
        "import logging, sys\ndef handle(event, context):\n    print('printed')\n    sys.stderr.write('written\\n')\n"
        "    logging.getLogger().warning('warned')\n    raise ValueError('a\\nb')\n"
    )
    tail = aws.functions.invoke(FunctionName=arn, LogType="Tail")["LogResult"]
    name = arn.rpartition(":")[2]
    group = f"/aws/lambda/{name}"
    kept = [event["message"] for event in aws.logs.filter_log_events(logGroupName=group)["events"]]
    file = (aws.run_dir / "logs" / f"lambda-{name}.log").read_text()
    for text in (base64.b64decode(tail).decode(), "\n".join(kept), file):
        for expected in ("START RequestId", "printed", "written", "warned", "[ERROR] ValueError: a", "END RequestId"):
            assert expected in text


def test_sandboxes_have_a_limit(aws: Aws) -> None:
    arns = [aws.function("def handle(event, context):\n    return 1\n") for _ in range(10)]
    assert [aws.invoke(arn)[0] for arn in arns] == [1] * 10
    assert eventually(lambda: len(sandboxes(aws)) <= 8)
