"""`python -m local.aws --port N --run-dir DIR`: the laptop's AWS, until SIGTERM or SIGINT.

Prints one line, "ready", once it accepts connections. State is in memory and is lost when the process ends.
"""

import argparse
import atexit
import gc
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

SETTINGS = {
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # loading takes seconds at start, and the program names its own image
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # S3 sends CORS headers only for a bucket with CORS rules
}


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.aws", description="AWS on this machine, by moto.")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--run-dir", type=Path, required=True, help="directory for logs and unpacked Lambda code")
    options = parser.parse_args()
    run(options.port, options.run_dir, own_services)


def own_services(endpoint: str, run_dir: Path) -> Mapping[str, Any]:
    """The services that are not moto's, by SigV4 signing name."""
    from local.media import create_app  # noqa: PLC0415

    return {"mediaconvert": create_app(endpoint, run_dir / "media")}


def run(port: int, run_dir: Path, services: Callable[[str, Path], Mapping[str, Any]]) -> NoReturn:
    """Serve until a signal, then end with every child. `services` makes the services that are not moto's from this
    server's URL and `run_dir`."""
    # The user's own AWS profile, endpoint or credentials must not reach a client that is made in this process.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= SETTINGS | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    # By default the garbage collector would look at what moto's import makes again and again.
    gc.set_threshold(50_000)
    # Imported only now, since moto reads its settings during its import, and makes sessions of boto3.
    from local.aws import models  # noqa: PLC0415

    models.install()
    from local.aws.server import make  # noqa: PLC0415

    http = make(port, run_dir, services(f"http://127.0.0.1:{port}", run_dir))
    gc.freeze()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # both: a shell starts its background jobs with SIGINT ignored
        signal.signal(number, lambda _number, _frame: ended.set())
    threading.Thread(target=http.serve_forever, daemon=True).start()
    print("ready", flush=True)
    # Python runs a signal's handler in this thread, which must wake for it: the kernel may give it to another thread.
    while not ended.wait(1):
        pass
    atexit._run_exitfuncs()  # runs what a mounted service registered, such as ending its encoders
    os._exit(0)  # Lambda sandboxes end with this process; a thread that waits for one must not keep it alive


if __name__ == "__main__":
    main()
