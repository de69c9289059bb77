"""Lambda: each zip runs under AWS's runtime interface client, in its own process, with a small Runtime API.

`install(endpoint, run_dir)` replaces moto's Docker by this. A sandbox serves one invocation at a time and is kept warm.
At most `SANDBOXES` exist. When another function needs a sandbox, the one that was idle for the longest time ends. Logs
go to `run_dir/logs/lambda-<function>.log` and to moto's CloudWatch Logs when an invocation ends.

Not reproduced: memory limits and CPU shares, layers, container images, runtimes other than Python, throttling (callers
wait for a sandbox). An asynchronous invocation that fails is neither retried nor sent to a destination.
"""

import base64
import io
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from moto.awslambda.models import LambdaFunction
from werkzeug import Request, Response
from werkzeug.serving import make_server

from local.aws.mends import mend

SANDBOXES = 8  # processes of some 50 MB each
INIT_SECONDS = 30  # AWS allows 10; importing boto3 on a busy laptop can take longer
TAIL_BYTES = 4096  # of the log, given to a caller that asks for LogType=Tail


class Result(NamedTuple):
    """The outcome of an invocation: its answer in JSON, whether that is an error, and the invocation's log."""

    payload: bytes
    failed: bool
    log: str = ""


class Sandbox:
    """One process that runs one function's handler, with a Runtime API (2018-06-01) on its own port."""

    def __init__(self, function: LambdaFunction, task_root: Path, endpoint: str) -> None:
        self._events: queue.Queue[tuple[bytes, dict[str, str]] | None] = queue.Queue()
        self._results: queue.Queue[Result | None] = queue.Queue()
        self._initialised, self._ended = threading.Event(), False
        self._task_root = task_root
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(task_root)
        self._api = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        name, version, region = function.function_name, str(function.version), function.region
        environment = {
            # HOME: otherwise boto3 would find the user's own AWS config.
            "PATH": os.environ["PATH"], "HOME": str(task_root), "LANG": "en_US.UTF-8", "TZ": ":UTC",
            "PYTHONPATH": str(task_root), "LAMBDA_TASK_ROOT": str(task_root), "_HANDLER": str(function.handler),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.port}",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "laptop", "AWS_SECRET_ACCESS_KEY": "laptop", "AWS_ENDPOINT_URL": endpoint,
            **function.environment_vars,
        }  # fmt: skip
        command = [sys.executable, "-P", str(Path(__file__).with_name("sandbox.py")), str(function.handler)]
        with task_root.with_suffix(".log").open("wb") as output:
            # Standard input stays open and empty. When it closes, the sandbox knows that the server is gone.
            self._process = subprocess.Popen(
                command, cwd=task_root, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        self._output = task_root.with_suffix(".log").open("rb")
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        threading.Thread(target=self._follow, daemon=True).start()

    def _answer(self, request: Request) -> Response:
        """The Runtime API: the client asks for the next event, or brings a response or an error."""
        if request.path.endswith("/invocation/next"):
            self._initialised.set()
            payload, headers = self._events.get() or (b"", {})
            return Response(payload, headers=headers, content_type="application/json")
        self._ended = request.path.endswith("/init/error")
        self._results.put(Result(request.data, failed=not request.path.endswith("/response")))
        self._initialised.set()
        return Response("{}", 202)

    def alive(self) -> bool:
        """Whether it can take an event."""
        return not self._ended and self._process.poll() is None

    def invoke(self, payload: bytes, function: LambdaFunction, log: Path) -> Result:
        """Give `payload` to the handler. The process is killed if it takes longer than the function's timeout."""
        self._initialised.wait(INIT_SECONDS)
        started, timeout, request_id = time.time(), float(function.timeout), str(uuid.uuid4())
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((started + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": function.function_arn,
        }
        self._events.put((payload, headers))
        timed_out = False
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            result, timed_out = None, True
            self.kill()
        if result is None:
            status = self._process.wait()
            kind, reason = "Runtime.ExitError", f"Runtime exited with error: exit status {status}"
            if timed_out:
                kind, reason = "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"
            error = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
            result = Result(json.dumps(error).encode(), failed=True)
        # What the handler printed before it answered is in the file by now. "\r" separates the lines of one record.
        printed = self._output.read().decode(errors="replace").replace("\r", "\n")
        duration = f"Duration: {(time.time() - started) * 1000:.2f} ms"
        text = f"START RequestId: {request_id}\n{printed}END RequestId: {request_id}\t{duration}\n"
        function.logs_backend.ensure_log_group(function.logs_group_name)
        function.save_logs(text)
        with log.open("a") as file:
            file.write(text)
        return Result(result.payload, result.failed, text)

    def kill(self) -> None:
        """End the process. `_follow` then cleans up."""
        self._ended = True
        self._process.kill()

    def _follow(self) -> None:
        """When the process ends, wake the threads that wait for it, and clean up."""
        self._process.wait()
        self._results.put(None)
        self._events.put(None)
        self._initialised.set()
        self._api.shutdown()
        shutil.rmtree(self._task_root, ignore_errors=True)


class Sandboxes:
    """Every sandbox of this server: at most SANDBOXES, reused while they are warm."""

    def __init__(self, endpoint: str, run_dir: Path) -> None:
        self._endpoint, self._logs, self._code = endpoint, run_dir / "logs", run_dir / "lambda"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._idle: list[tuple[str, Sandbox]] = []  # the one that was idle for the longest time is first
        self._busy, self._waiting = Counter[str](), Counter[str]()  # by function

    def invoke(self, function: LambdaFunction, payload: bytes) -> Result:
        """Run `function` once, in a warm sandbox if there is one. Waits while all sandboxes are busy."""
        name = function.function_name
        key = json.dumps([function.code_sha_256, function.get_configuration()], default=str)
        sandbox = self._take(key)
        try:
            sandbox = sandbox or Sandbox(function, self._code / f"{name}-{uuid.uuid4().hex[:8]}", self._endpoint)
            return sandbox.invoke(payload, function, self._logs / f"lambda-{name}.log")
        finally:
            with self._changed:
                self._busy[key] -= 1
                if sandbox and sandbox.alive():
                    self._idle.append((key, sandbox))
                self._changed.notify_all()

    def _take(self, key: str) -> Sandbox | None:
        with self._changed:
            self._waiting[key] += 1
            self._changed.wait_for(lambda: self._may(key))
            self._waiting[key] -= 1
            found = next((entry for entry in reversed(self._idle) if entry[0] == key), None)
            if found:
                self._idle.remove(found)
            elif self._busy.total() + len(self._idle) >= SANDBOXES:
                unwanted = next(entry for entry in self._idle if self._may_end(entry[0], key))
                self._idle.remove(unwanted)
                unwanted[1].kill()
            self._busy[key] += 1
            return found and found[1]

    def _may(self, key: str) -> bool:
        """Whether a call may begin."""
        self._idle = [entry for entry in self._idle if entry[1].alive()]
        idle = [name for name, _ in self._idle]
        if self._busy.total() >= SANDBOXES:
            return False
        room = self._busy.total() + len(idle) < SANDBOXES
        return room or key in idle or any(self._may_end(name, key) for name in idle)

    def _may_end(self, name: str, key: str) -> bool:
        """Whether an idle process of one function may end for another function. To start one takes a second: it stays
        while calls wait for it, unless the other function has no process at all and this one has more."""
        return not self._waiting[name] or bool(not self._busy[key] and self._busy[name])


def install(endpoint: str, run_dir: Path) -> None:
    """Run every function of moto's Lambda here. `endpoint` is the URL at which handlers reach AWS."""
    sandboxes = Sandboxes(endpoint, run_dir)

    def invoke(self: LambdaFunction, body: str | bytes | None, request_headers: Any, response_headers: Any) -> bytes:
        payload = (body.encode() if isinstance(body, str) else body) or b"{}"
        if request_headers.get("X-Amz-Invocation-Type") == "Event":
            threading.Thread(target=sandboxes.invoke, args=(self, payload), daemon=True).start()
            return b""
        result = sandboxes.invoke(self, payload)
        if result.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(result.log.encode()[-TAIL_BYTES:]).decode()
        return result.payload

    mend("moto.awslambda.models:LambdaFunction.invoke", invoke)
