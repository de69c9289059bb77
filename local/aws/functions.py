"""Lambda: each zip runs under AWS's runtime interface client, in a process of its own, against a small Runtime API.

`install(endpoint, run_dir)` puts this in place of moto's Docker. A sandbox serves one invocation at a time and is kept
warm; at most `SANDBOXES` exist, and the one idle for longest makes room for another function. Logs go to
`run_dir/logs/lambda-<function>.log` and to moto's CloudWatch Logs.

Not reproduced: memory limits and CPU shares, layers, container images, runtimes other than Python, throttling (callers
wait for a sandbox), the queue of asynchronous invocations (their two retries come after seconds, not minutes, and
nothing is sent to a destination or dead-letter queue).
"""

import base64
import io
import json
import os
import queue
import select
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.aws.mends import mend

SANDBOXES = 8  # processes of some 50 MB each
INIT_SECONDS = 30.0  # AWS allows 10; importing boto3 on a busy laptop can take longer
RETRY_SECONDS = (1.0, 2.0)  # AWS waits one and two minutes before it retries an asynchronous invocation
TAIL_BYTES = 4096  # of the log, given to a caller that asks for LogType=Tail


@dataclass(frozen=True)
class Result:
    """What an invocation came to: its JSON, whether that describes an error, and the invocation's log."""

    payload: bytes
    failed: bool
    log: str = ""


@dataclass(frozen=True)
class Invocation:
    """One event on its way to a handler. `deadline` is in seconds of the epoch."""

    payload: bytes
    function_arn: str
    deadline: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def error(self, kind: str, message: str) -> Result:
        """The failure that Lambda itself reports when the handler could not."""
        body = {"errorType": kind, "errorMessage": f"RequestId: {self.request_id} Error: {message}"}
        return Result(json.dumps(body).encode(), failed=True)


class SandboxLog:
    """One sandbox's log stream, to CloudWatch Logs and to the function's file."""

    def __init__(self, function: LambdaFunction, sandbox_id: str, path: Path) -> None:
        self._logs, self._group, self._path = function.logs_backend, function.logs_group_name, path
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{sandbox_id}"
        self._logs.ensure_log_group(self._group)
        self._logs.create_log_stream(self._group, self.stream)
        self._rest = b""
        self.lines: list[str] = []

    def write(self, output: bytes) -> None:
        """Take what the sandbox printed. The client separates the lines of one record by carriage returns."""
        *whole, self._rest = (self._rest + output).split(b"\n")
        lines = [line.decode(errors="replace").replace("\r", "\n") for line in whole if line.strip()]
        if not lines:
            return
        now = int(time.time() * 1000)
        self._logs.put_log_events(self._group, self.stream, [{"timestamp": now, "message": line} for line in lines])
        with self._path.open("ab", buffering=0) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
        self.lines += lines


def runtime_api(sandbox: "Sandbox") -> type[BaseHTTPRequestHandler]:
    """The Lambda Runtime API (2018-06-01) that `sandbox`'s client talks to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # small answers otherwise wait 40 ms for an acknowledgement
        wbufsize = -1

        def do_GET(self) -> None:
            """/runtime/invocation/next: wait for an event."""
            invocation = sandbox.next()
            if invocation is None:
                self.close_connection = True
                return
            self._answer(
                200,
                invocation.payload,
                {
                    "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                },
            )

        def do_POST(self) -> None:
            """/runtime/invocation/<id>/response, /runtime/invocation/<id>/error and /runtime/init/error."""
            result = Result(self._body(), failed=not self.path.endswith("/response"))
            sandbox.finish(result, last=self.path.endswith("/init/error"))
            self._answer(202, b"{}", {})

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Keep the access log off standard error."""

    return Handler


class Sandbox:
    """One process that runs one function's handler, with its own Runtime API on a port of its own."""

    def __init__(self, function: LambdaFunction, task_root: Path, endpoint: str, logs: Path) -> None:
        self._events: queue.Queue[Invocation | None] = queue.Queue()
        self._results: queue.Queue[Result | None] = queue.Queue()
        self._ready = threading.Event()
        self._ended = False
        self._reading = threading.Lock()
        self._task_root = task_root
        self._log = SandboxLog(function, uuid.uuid4().hex, logs / f"lambda-{function.function_name}.log")
        self._api = ThreadingHTTPServer(("127.0.0.1", 0), runtime_api(self))
        self._api.daemon_threads = True
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("sandbox.py")), str(function.handler)],
            cwd=task_root,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(task_root),  # without it, boto3 would find the user's own AWS config
                "LANG": "en_US.UTF-8",
                "TZ": ":UTC",
                "PYTHONPATH": str(task_root),
                "LAMBDA_TASK_ROOT": str(task_root),
                "_HANDLER": str(function.handler),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
                "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
                "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
                "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
                "AWS_LAMBDA_LOG_STREAM_NAME": self._log.stream,
                "AWS_REGION": function.region,
                "AWS_DEFAULT_REGION": function.region,
                "AWS_ACCESS_KEY_ID": "laptop",
                "AWS_SECRET_ACCESS_KEY": "laptop",
                "AWS_ENDPOINT_URL": endpoint,
                **function.environment_vars,
            },
            stdin=subprocess.PIPE,  # held open, never written: its closing tells the sandbox that the server is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout  # noqa: S101 - a pipe was asked for
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        threading.Thread(target=self._follow, daemon=True).start()

    def next(self) -> Invocation | None:
        """The next event for the client, when there is one; None once the sandbox is closed."""
        self._ready.set()
        return self._events.get()

    def finish(self, result: Result, last: bool) -> None:
        """The client's answer; `last` where it will take no other event."""
        self._ended = last
        self._results.put(result)
        self._ready.set()

    def alive(self) -> bool:
        """Whether it can take an event."""
        return not self._ended and self._process.poll() is None

    def invoke(self, payload: bytes, function: LambdaFunction) -> Result:
        """Hand `payload` to the handler; the process is killed where it outlives the function's timeout."""
        self._log.lines = []
        self._ready.wait(INIT_SECONDS)
        started, timeout = time.time(), float(function.timeout)
        invocation = Invocation(payload, function.function_arn, started + timeout)
        self._log.write(f"START RequestId: {invocation.request_id} Version: {function.version}\n".encode())
        self._events.put(invocation)
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            result = invocation.error("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
            self.kill()
        if result is None:
            status = self._process.wait()
            result = invocation.error("Runtime.ExitError", f"Runtime exited with error: exit status {status}")
        self._drain()
        report = f"RequestId: {invocation.request_id}\tDuration: {(time.time() - started) * 1000:.2f} ms"
        self._log.write(f"\nEND RequestId: {invocation.request_id}\nREPORT {report}\n".encode())
        return Result(result.payload, result.failed, "\n".join(self._log.lines) + "\n")

    def kill(self) -> None:
        """End the process; what belongs to it follows."""
        self._ended = True
        self._process.kill()

    def _drain(self) -> bool:
        """Log what the process has printed so far; False at the end of its output."""
        with self._reading:
            try:
                while output := os.read(self._output, 65536):
                    self._log.write(output)
            except BlockingIOError:
                return True
            return False

    def _follow(self) -> None:
        """Log while the process runs; afterwards tell who waits for it, and clean up."""
        while self._drain():
            select.select([self._output], [], [])
        self._process.wait()
        self._results.put(None)
        self._events.put(None)
        self._ready.set()
        self._api.shutdown()
        self._api.server_close()
        shutil.rmtree(self._task_root, ignore_errors=True)


class Sandboxes:
    """Every sandbox of this server: at most `limit`, reused while they are warm."""

    def __init__(self, endpoint: str, run_dir: Path, limit: int = SANDBOXES) -> None:
        self._endpoint, self._limit = endpoint, limit
        self._logs, self._code = run_dir / "logs", run_dir / "lambda"
        shutil.rmtree(self._code, ignore_errors=True)
        for folder in (self._logs, self._code):
            folder.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._idle: list[tuple[str, Sandbox]] = []  # the one idle for longest first
        self._busy = 0

    def invoke(self, function: LambdaFunction, payload: bytes) -> Result:
        """Run `function` once, in a warm sandbox where there is one; waits while all are busy."""
        key = json.dumps([function.function_arn, function.code_sha_256, function.get_configuration()], default=str)
        sandbox = self._take(key)
        try:
            if sandbox is None:
                sandbox = Sandbox(function, self._unpack(function), self._endpoint, self._logs)
            return sandbox.invoke(payload, function)
        finally:
            with self._changed:
                self._busy -= 1
                if sandbox and sandbox.alive():
                    self._idle.append((key, sandbox))
                self._changed.notify()

    def _take(self, key: str) -> Sandbox | None:
        with self._changed:
            self._changed.wait_for(lambda: self._busy < self._limit)
            self._busy += 1
            self._idle = [(other, sandbox) for other, sandbox in self._idle if sandbox.alive()]
            warm = next((entry for entry in reversed(self._idle) if entry[0] == key), None)
            if warm:
                self._idle.remove(warm)
                return warm[1]
            if self._busy + len(self._idle) > self._limit:
                self._idle.pop(0)[1].kill()
            return None

    def _unpack(self, function: LambdaFunction) -> Path:
        folder = self._code / f"{function.function_name}-{uuid.uuid4().hex[:8]}"
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(folder)
        return folder


def install(endpoint: str, run_dir: Path) -> None:
    """Run every function of moto's Lambda here. `endpoint` is the URL that handlers reach AWS at."""
    sandboxes = Sandboxes(endpoint, run_dir)

    def invoke(
        self: LambdaFunction, body: str | bytes | None, request_headers: Any, response_headers: dict[str, Any]
    ) -> bytes:
        payload = (body.encode() if isinstance(body, str) else body) or b"{}"
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            run = _run_async
            threading.Thread(target=run, args=(lambda: sandboxes.invoke(self, payload),), daemon=True).start()
            return b""
        result = sandboxes.invoke(self, payload)
        if result.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(result.log.encode()[-TAIL_BYTES:]).decode()
        return result.payload

    mend(LambdaFunction, "invoke", invoke)


def _run_async(run: Callable[[], Result], wait: Callable[[float], None] = time.sleep) -> None:
    """Run an asynchronous invocation, again where it fails, up to the two retries that Lambda makes."""
    for pause in (*RETRY_SECONDS, None):
        if not run().failed or pause is None:
            return
        wait(pause)
