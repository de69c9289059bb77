"""moto's server as one process, with the laptop cloud's own services beside moto's."""

import json
import logging
import re
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from flask import has_request_context, request
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug import Response
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import events, functions, replication, states, storage, tables

REQUEST_IDS = {"x-amzn-requestid", "x-amz-request-id"}


def refuse(call: object) -> Response:
    """A client error for a call that moto lacks. moto's own answer has status 500, and SDKs would retry for minutes."""
    code, message = "NotImplemented", f"moto does not have this call: {call}"
    xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    is_json = has_request_context() and "json" in (request.content_type or "")
    body = json.dumps({"__type": code, "message": message}) if is_json else xml
    return Response(body, 400, {"x-amzn-ErrorType": code}, content_type="application/json" if is_json else "text/xml")


def with_request_id(response: Response) -> Response:
    """The answer with a request id, which every answer of AWS has. Step Functions quotes it in errors."""
    if not REQUEST_IDS & {name.lower() for name, _ in response.headers}:
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, but a request to a bucket's host name always goes to S3: viewers must not reach moto's API."""

    def get_application(self, environ: dict[str, Any]) -> Any:
        """The application that answers. moto itself looks at its own paths first, for every host."""
        hosted = re.match(r"[^.]+\.s3[.-]", environ.get("HTTP_HOST", ""))
        return super().get_application({**environ, "PATH_INFO": "/"} if hosted else environ)


def make(port: int, run_dir: Path, services: Mapping[str, Any]) -> BaseWSGIServer:
    """A server of the AWS API, bound to 127.0.0.1:`port`.

    `run_dir` receives logs and unpacked Lambda code; `services` are Flask applications by SigV4 signing name.
    """

    def create_app(service: Any) -> Any:
        if service is None:
            return with_request_id(refuse("its service is unknown"))
        app = services[service] if service in services else create_backend_app(service)
        app.register_error_handler(NotImplementedError, refuse)
        app.after_request(with_request_id)
        return app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no access log: the tiers in front of it have theirs
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # the execution's history shows failed states
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    endpoint = f"http://127.0.0.1:{port}"
    functions.install(endpoint, run_dir)
    storage.install()
    states.install(endpoint)
    events.install(endpoint)
    replication.install()
    tables.install()
    threading.Thread(target=events.call_on_schedule, args=(endpoint,), daemon=True).start()
    dispatcher = Dispatcher(create_app)
    hosts = [(name, re.compile(rf"https?://{name}\.")) for name in services]
    dispatcher.backend_url_patterns = [*hosts, *dispatcher.backend_url_patterns]
    return make_server("127.0.0.1", port, dispatcher, threaded=True, request_handler=MotoRequestHandler)
