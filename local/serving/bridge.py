"""A Lambda target of the laptop's load balancer: HTTP in, the ALB's event to the function, its answer back to HTTP.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html says how an ALB does it.
"""

import base64
import json
import logging
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.clients import client
from local.engine.model import Registration
from local.serving.declared import of_type

LARGEST_BODY = 1024 * 1024
"""Bytes that an ALB passes to a function, or takes from one as JSON."""
TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")

log = logging.getLogger(__name__)


class Malformed(ValueError):
    """The function's answer is not one that an ALB takes."""


def lambda_event(request: Request, *, target_group_arn: str, multi_value: bool) -> dict[str, Any]:
    """The event that a function gets. As on AWS nothing is percent-decoded: neither the path nor the query string.

    A request header that came twice arrives as one with a comma: WSGI has joined it.
    """
    path, _, query = str(request.environ["RAW_URI"]).partition("?")
    parts = (part.partition("=") for part in query.split("&") if part)
    parameters = MultiDict((name, value) for name, _, value in parts)
    headers = MultiDict((name.lower(), value) for name, value in request.headers.items())
    body = request.get_data()
    text = headers.get("content-type", "").startswith(TEXT_TYPES) and "content-encoding" not in headers
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn}},
        "httpMethod": request.method,
        "path": path,
        "body": body.decode(errors="replace") if text else base64.b64encode(body).decode(),
        "isBase64Encoded": bool(body) and not text,
    }
    if multi_value:
        return event | {
            "multiValueHeaders": dict(headers.lists()),
            "multiValueQueryStringParameters": dict(parameters.lists()),
        }
    # Of several values an ALB gives the last.
    return event | {
        "headers": {name: values[-1] for name, values in headers.lists()},
        "queryStringParameters": {name: values[-1] for name, values in parameters.lists()},
    }


def response(payload: bytes, *, multi_value: bool) -> Response:
    """The response that a function's JSON means. Raises Malformed where an ALB would give the viewer a 502."""
    if len(payload) > LARGEST_BODY:
        raise Malformed(f"{len(payload)} bytes of JSON; an ALB takes {LARGEST_BODY}")
    try:
        given = json.loads(payload)
        status = HTTPStatus(int(given["statusCode"]))
        # Only the form that the target group declares is read.
        headers = Headers(given.get("multiValueHeaders" if multi_value else "headers") or {})
        text: str = given.get("body") or ""
        body = base64.b64decode(text, validate=True) if given.get("isBase64Encoded") else text.encode()
        return Response(body, given.get("statusDescription") or f"{status} {status.phrase}", headers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"not an ALB response ({error!r}): {payload[:200]!r}") from error


class Bridge:
    """An HTTP server on loopback that stands for one function in one target group."""

    def __init__(self, target_group_arn: str, function_arn: str, *, multi_value: bool, endpoint_url: str) -> None:
        self.target_group_arn, self._function_arn, self._multi_value = target_group_arn, function_arn, multi_value
        self._lambda = client("lambda", function_arn.split(":")[3], endpoint_url)
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._answer), threaded=True, request_handler=_Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="bridge", daemon=True)

    @property
    def target(self) -> tuple[str, str, int]:
        """What the balancer sends to: (the function's name, address, port)."""
        return self._function_arn.split(":")[6], "127.0.0.1", self._server.port

    def start(self) -> None:
        """Answer, on threads of its own, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        if (request.content_length or 0) > LARGEST_BODY:
            return Response(status=413)
        event = lambda_event(request, target_group_arn=self.target_group_arn, multi_value=self._multi_value)
        try:
            result = self._lambda.invoke(FunctionName=self._function_arn, Payload=json.dumps(event).encode())
            payload = result["Payload"].read()
            if "FunctionError" in result:
                raise Malformed(payload.decode(errors="replace")[:500])
            return response(payload, multi_value=self._multi_value)
        except (Malformed, BotoCoreError, ClientError) as error:
            log.warning("%s gives the viewer a 502: %s", self._function_arn, error)
            return Response(status=502)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The balancer's log has it."""


def bridges(resources: Sequence[Registration], endpoint_url: str) -> list[Bridge]:
    """A bridge, not yet started, for each function that is attached to a target group."""
    groups = {group.id: group for group in of_type(resources, "aws:lb/targetGroup:TargetGroup")}
    return [
        Bridge(
            group.id,
            attachment.inputs["targetId"],
            multi_value=bool(group.inputs.get("lambdaMultiValueHeadersEnabled")),
            endpoint_url=endpoint_url,
        )
        for attachment in of_type(resources, "aws:lb/targetGroupAttachment:TargetGroupAttachment")
        if (group := groups[attachment.inputs["targetGroupArn"]]).inputs.get("targetType") == "lambda"
    ]
