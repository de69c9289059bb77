"""MediaConvert's REST API as a Flask application, to be mounted where requests signed for `mediaconvert` arrive."""

import atexit
import re
from functools import partial
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from local.media.service import Service
from local.media.wire import MODEL, ApiError, read_request, write_answer


def create_app(endpoint_url: str, work_dir: Path) -> Flask:
    """The API of the version 2017-08-29, over the S3 at `endpoint_url`; temporary files go under `work_dir`.

    Every operation of the model has its route, and those that the laptop lacks answer 400 and say so. The worker is at
    `app.extensions["mediaconvert"]`; its `close()` ends its child processes, and runs at exit.
    """
    app = Flask(__name__)
    service = app.extensions["mediaconvert"] = Service(endpoint_url, work_dir)
    atexit.register(service.close)
    for name in MODEL.operation_names:
        operation = MODEL.operation_model(name)
        path = re.sub(r"{(\w+)}", r"<path:\1>", operation.http["requestUri"])
        app.add_url_rule(path, name, partial(_answer, service, operation), methods=[operation.http["method"]])
    app.register_error_handler(ApiError, lambda error: _failure(error.code, str(error), error.status))
    app.register_error_handler(HTTPException, _transport_failure)
    app.register_error_handler(Exception, partial(_fault, app))
    return app


def _answer(service: Service, operation: OperationModel, **labels: str) -> tuple[Response, int]:
    body = request.get_json(force=True) if request.get_data() else {}
    if not isinstance(body, dict):
        raise ApiError("BadRequestException", f"The body should be a JSON object, not {body!r}")
    arguments = read_request(operation, {**_query(operation), **body, **labels})
    if operation.name == "DescribeEndpoints":
        return jsonify({"endpoints": [{"url": request.host_url.rstrip("/")}]}), 200
    handle = getattr(service, xform_name(operation.name), None)
    if handle is None:
        raise ApiError("BadRequestException", f"The laptop's MediaConvert has no {operation.name}")
    answer = write_answer(operation.output_shape, handle(arguments, _region()))
    return jsonify(answer), int(operation.http["responseCode"])


def _query(operation: OperationModel) -> dict[str, Any]:
    """The query string's members, of which the whole numbers become int."""
    members = operation.input_shape.members.values() if operation.input_shape else ()
    numbers = {member.serialization.get("name") for member in members if member.type_name == "integer"}
    return {key: int(text) if key in numbers and text.isdecimal() else text for key, text in request.args.items()}


def _region() -> str:
    """The region that the request is signed for."""
    scope = re.search(r"Credential=[^/]+/\d+/([a-z0-9-]+)/", request.headers.get("Authorization", ""))
    return scope[1] if scope else "us-east-1"


def _failure(code: str, message: str, status: int) -> Response:
    response = jsonify(message=message)
    response.status_code = status
    response.headers["x-amzn-ErrorType"] = code
    return response


def _transport_failure(error: HTTPException) -> Response:
    """A path, method or body that is no request of this API."""
    code = "NotFoundException" if error.code == 404 else "BadRequestException"
    return _failure(code, error.description or error.name, error.code or 400)


def _fault(app: Flask, error: Exception) -> Response:
    app.logger.exception("mediaconvert")
    return _failure("InternalServerErrorException", f"{type(error).__name__}: {error}", 500)
