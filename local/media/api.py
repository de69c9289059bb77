"""MediaConvert's REST API as a Flask application, to be mounted where requests signed for `mediaconvert` arrive."""

import atexit
import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

from botocore import xform_name
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from local.media.service import Service
from local.media.wire import MODEL, ApiError, read_request, write_answer

Failure = tuple[Response, int, dict[str, str]]


def create_app(endpoint_url: str, work_dir: Path) -> Flask:
    """The API of version 2017-08-29 over the S3 at `endpoint_url`. Temporary files go under `work_dir`, made here.

    Every operation of the model has its route. An operation that the laptop lacks answers 400 and says so. The
    encoder's child processes end with the interpreter, or when each of `app.extensions["mediaconvert"].values()` is
    closed.
    """
    app, lock, services = Flask(__name__), threading.Lock(), dict[str, Service]()
    app.extensions["mediaconvert"] = services
    work_dir.mkdir(parents=True, exist_ok=True)

    def service() -> Service:
        """The service in the region for which the request is signed."""
        scope = re.search(r"Credential=[^/]+/\d+/([a-z0-9-]+)/", request.headers.get("Authorization", ""))
        region = scope[1] if scope else "us-east-1"
        with lock:
            if region not in services:
                services[region] = Service(endpoint_url, work_dir, region)
                atexit.register(services[region].close)
            return services[region]

    def answer(operation: Any, **labels: str) -> tuple[Response, int]:
        body = request.get_json(force=True) if request.get_data() else {}
        numbers = {
            item.serialization["name"] for item in operation.input_shape.members.values() if item.type_name == "integer"
        }
        query = {key: int(text) if key in numbers and text.isdecimal() else text for key, text in request.args.items()}
        arguments = read_request(operation, {**query, **labels, **body} if isinstance(body, dict) else body)
        result = getattr(service(), xform_name(operation.name))(arguments)
        return jsonify(write_answer(operation.output_shape, result)), int(operation.http["responseCode"])

    for name in MODEL.operation_names:
        operation = MODEL.operation_model(name)
        path = re.sub(r"{(\w+)}", r"<path:\1>", operation.http["requestUri"])
        app.add_url_rule(path, name, partial(answer, operation), methods=[operation.http["method"]])
    app.register_error_handler(ApiError, lambda error: _failure(error.status, error.code, str(error)))
    app.register_error_handler(HTTPException, _transport_failure)
    return app


def _transport_failure(error: HTTPException) -> Failure:
    """The answer to a request that this API does not have. For a fault of this program it is 500, and Flask logs it."""
    status = error.code or 500
    codes = {404: "NotFoundException", 500: "InternalServerErrorException"}
    return _failure(status, codes.get(status, "BadRequestException"), error.description or error.name)


def _failure(status: int, code: str, message: str) -> Failure:
    return jsonify(message=message), status, {"x-amzn-ErrorType": code}
