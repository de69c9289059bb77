"""One Lambda sandbox: AWS's runtime interface client, in the conditions that it has on AWS.

Run as `python -P sandbox.py <handler>`, with the unpacked zip as LAMBDA_TASK_ROOT and as PYTHONPATH, and with a pipe
as standard input whose other end the server holds. Nothing imports this file: its code runs in the child process.
"""

import os
import runpy
import signal
import sys
import sysconfig
import threading
from importlib.machinery import PathFinder

# What the Python runtimes bring along: the client itself, boto3, and what these two need.
BUNDLED = {
    "awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six",
}  # fmt: skip
INSTALLED = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]


class OnlyBundled:
    """Hides what is installed here but not on AWS, so a handler that imports it fails here too."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raise ModuleNotFoundError for such a module; leave every other to the usual finders."""
        del target
        if path is not None or name in BUNDLED or PathFinder.find_spec(name, [TASK_ROOT]):
            return
        if PathFinder.find_spec(name, INSTALLED):
            hint = "a Lambda zip has its own files, the standard library and boto3"
            raise ModuleNotFoundError(f"No module named {name!r} ({hint})", name=name)


def end_with_server() -> None:
    """End this process when the server's end of the pipe closes. It closes in whatever way the server ends."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a shared terminal is the server's to handle
    threading.Thread(target=end_with_server, daemon=True).start()
    sys.meta_path.insert(0, OnlyBundled())  # pyright: ignore[reportArgumentType] - finds nothing, so returns no spec
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
