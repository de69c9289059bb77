"""One Lambda sandbox: AWS's runtime interface client, in the same conditions as on AWS.

Run as `python -P sandbox.py <handler>`. LAMBDA_TASK_ROOT and PYTHONPATH are the unpacked zip. Standard input is a pipe
whose other end the server holds. Nothing imports this file: its code runs in the child process.
"""

import os
import runpy
import signal
import sys
import sysconfig
import threading
from importlib.machinery import PathFinder

# Packages that AWS's Python runtimes contain: the client itself, boto3, and their dependencies.
BUNDLED = {
    "awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six",
}  # fmt: skip
INSTALLED = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]


class OnlyBundled:
    """Hides packages that are installed here but not on AWS, so that a handler that imports one fails here too."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raise ModuleNotFoundError for a hidden module. The usual finders handle every other one."""
        del target
        if path is not None or name in BUNDLED or PathFinder.find_spec(name, [TASK_ROOT]):
            return
        if PathFinder.find_spec(name, INSTALLED):
            hint = "a Lambda zip has its own files, the standard library and boto3"
            raise ModuleNotFoundError(f"No module named {name!r} ({hint})", name=name)


def end_with_server() -> None:
    """End this process when the server's end of the pipe closes, which happens however the server ends."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the server handles Ctrl-C of a shared terminal
    threading.Thread(target=end_with_server, daemon=True).start()
    sys.meta_path.insert(0, OnlyBundled())
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
