"""The bridge speaks to a function as an Application Load Balancer does."""

import base64
import io
import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.serving.bridge import LARGEST_BODY, Bridge, bridges
from tests.serving_kit import Resource, ask, target_group

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:playback"


class Function:
    """Replaces the Lambda client: keeps the events, and gives the test's answer."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: object = {"statusCode": 200}
        self.error: str | None = None

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == ARN
        self.events.append(json.loads(Payload))
        if isinstance(self.answer, Exception):
            raise self.answer
        payload = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return {"Payload": io.BytesIO(payload), **({"FunctionError": self.error} if self.error else {})}


class Served:
    def __init__(self, *, multi_value: bool) -> None:
        self.function = Function()
        self.bridge = Bridge("arn:tg", ARN, multi_value=multi_value, endpoint_url="http://127.0.0.1:1")
        self.bridge._lambda = self.function
        self.bridge.start()
        self.address = f"127.0.0.1:{self.bridge.target[2]}"


@pytest.fixture
def served() -> Generator[Served]:
    made = Served(multi_value=True)
    yield made
    made.bridge.stop()


def test_a_request_becomes_the_balancers_event(served: Served) -> None:
    ask(served.address, "/api/a%20b?x=1&x=2&y=%C3%A9&z", headers={"Accept": "application/json"})
    (event,) = served.function.events
    assert event["requestContext"] == {"elb": {"targetGroupArn": "arn:tg"}}
    assert (event["httpMethod"], event["path"]) == ("GET", "/api/a%20b")
    # An ALB does not decode: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": ["%C3%A9"], "z": [""]}
    assert event["multiValueHeaders"]["accept"] == ["application/json"]
    assert (event["body"], event["isBase64Encoded"]) == ("", False)
    assert not {"headers", "queryStringParameters"} & event.keys()


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ({"Content-Type": "application/json"}, '{"a":"é"}'.encode(), True),
        ({"Content-Type": "video/mp4"}, b"\x00\xff", False),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b", False),
    ],
)
def test_a_body_is_text_or_base64(served: Served, headers: dict[str, str], body: bytes, text: bool) -> None:
    ask(served.address, "/api/play", method="POST", headers=headers, body=body)
    (event,) = served.function.events
    assert event["isBase64Encoded"] is not text
    assert (event["body"].encode() if text else base64.b64decode(event["body"])) == body


def test_single_values_where_the_target_group_says_so() -> None:
    made = Served(multi_value=False)
    made.function.answer = {"statusCode": 200, "headers": {"X-A": "1"}, "multiValueHeaders": {"X-B": ["2"]}}
    try:
        got = ask(made.address, "/api?x=1&x=2")
    finally:
        made.bridge.stop()
    assert made.function.events[0]["queryStringParameters"] == {"x": "2"}
    assert (got.headers["X-A"], got.headers["X-B"]) == ("1", None)


def test_an_answer_becomes_a_response(served: Served) -> None:
    served.function.answer = {
        "statusCode": 202,
        "statusDescription": "202 Accepted",
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2", "c=3"], "Content-Type": ["application/json"]},
        "headers": {"X-Ignored": "1"},
        "body": '{"state":"PROCESSING"}',
    }
    got = ask(served.address, "/api/play", method="POST")
    assert (got.status, got.body) == (202, b'{"state":"PROCESSING"}')
    assert got.headers.get_all("Set-Cookie") == ["a=1", "b=2", "c=3"]
    assert (got.headers.get_all("Content-Type"), got.headers["X-Ignored"]) == (["application/json"], None)
    served.function.answer = {
        "statusCode": "200",
        "body": base64.b64encode(b"\xff\x00").decode(),
        "isBase64Encoded": True,
    }
    assert ask(served.address, "/api/x").body == b"\xff\x00"
    assert ask(served.address, "/api/x", method="HEAD").body == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"null",
        [],
        {},
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "%%", "isBase64Encoded": True},
        {"statusCode": 200, "multiValueHeaders": "no"},
        {"statusCode": 200, "body": "x" * LARGEST_BODY},
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_an_answer_that_an_alb_would_not_accept_is_a_502(
    served: Served, answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    served.function.answer = answer
    with caplog.at_level(logging.WARNING, "local.serving.bridge"):
        assert ask(served.address, "/api/titles").status == 502
    assert ARN in caplog.text, "whoever wrote the function must find out why"


def test_a_function_that_fails_is_a_502(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.function.answer, served.function.error = {"errorMessage": "KeyError: 'id'"}, "Unhandled"
    assert ask(served.address, "/api/titles").status == 502
    assert "KeyError: 'id'" in caplog.text


def test_a_request_of_more_than_a_megabyte_is_refused(served: Served) -> None:
    assert ask(served.address, "/api/x", method="POST", body=b"x" * (LARGEST_BODY + 1)).status == 413
    assert not served.function.events
    assert ask(served.address, "/api/x", method="POST", body=b"x" * LARGEST_BODY).status == 200


def test_each_function_in_a_target_group_gets_a_bridge() -> None:
    token = "aws:lb/targetGroupAttachment:TargetGroupAttachment"  # noqa: S105 (a type token)
    resources = [
        target_group("nodes"),
        target_group("api", targetType="lambda", lambdaMultiValueHeadersEnabled=True),
        Resource(token, "api", "a-1", {"targetGroupArn": "arn:api", "targetId": ARN}),
    ]
    (made,) = bridges(resources, "http://127.0.0.1:1")
    assert (made.target_group_arn, made.target[0]) == ("arn:api", "playback")
