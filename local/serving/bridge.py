"""A Lambda target of the laptop's load balancer. It turns HTTP requests into an ALB's events, and answers into HTTP.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html describes what an ALB does.
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
"""Most bytes that an ALB sends to a function, or accepts from it as JSON."""
TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")

log = logging.getLogger(__name__)


class Malformed(ValueError):
    """A function's answer that an ALB does not accept."""


def lambda_event(request: Request, *, target_group_arn: str, multi_value: bool) -> dict[str, Any]:
    """The event for the function. As on AWS, neither the path nor the query string is percent-decoded.

    If a request header came twice, the event has it once, with a comma between the values, because WSGI joins them.
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
    # If a name has several values, an ALB passes the last one.
    return event | {
        "headers": {name: values[-1] for name, values in headers.lists()},
        "queryStringParameters": {name: values[-1] for name, values in parameters.lists()},
    }


def response(payload: bytes, *, multi_value: bool) -> Response:
    """The HTTP response for a function's JSON. Raises Malformed if an ALB would answer 502."""
    if len(payload) > LARGEST_BODY:
        raise Malformed(f"the answer has {len(payload)} bytes of JSON, and an ALB accepts {LARGEST_BODY}")
    try:
        given = json.loads(payload)
        status = HTTPStatus(int(given["statusCode"]))
        # Only one of the two forms of headers is read: that of the target group.
        headers = Headers(given.get("multiValueHeaders" if multi_value else "headers") or {})
        text: str = given.get("body") or ""
        body = base64.b64decode(text, validate=True) if given.get("isBase64Encoded") else text.encode()
        return Response(body, given.get("statusDescription") or f"{status} {status.phrase}", headers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"the answer is not a response for an ALB ({error!r}): {payload[:200]!r}") from error


class Bridge:
    """An HTTP server on loopback for one function in one target group."""

    def __init__(self, target_group_arn: str, function_arn: str, *, multi_value: bool, endpoint_url: str) -> None:
        self.target_group_arn, self._function_arn, self._multi_value = target_group_arn, function_arn, multi_value
        self._lambda = client("lambda", function_arn.split(":")[3], endpoint_url)
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._answer), threaded=True, request_handler=_Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="bridge", daemon=True)

    @property
    def target(self) -> tuple[str, str, int]:
        """The target for the balancer: (function's name, address, port)."""
        return self._function_arn.split(":")[6], "127.0.0.1", self._server.port

    def start(self) -> None:
        """Answer requests on its own threads until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
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
            log.warning("%s: the viewer gets a 502, because %s", self._function_arn, error)
            return Response(status=502)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing, since the balancer logs the request."""


def bridges(resources: Sequence[Registration], endpoint_url: str) -> list[Bridge]:
    """A bridge for each function that is attached to a target group. They are not started yet."""
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
