"""Run a Pulumi program in this process, without the Pulumi CLI: as `up`, or as `preview`.

The program is an unmodified project directory, or a function that declares resources. The SDK is configured as its
own language host does it (pulumi/automation/_server.py), but with our monitor.
"""

import asyncio
import contextlib
import gc
import runpy
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import set_all_config, settings
from pulumi.runtime.stack import run_in_stack

from local.engine.config import Config, as_text, full_key, load_config
from local.engine.model import Deployment, Problem, ProgramError
from local.engine.monitor import Engine, Monitor
from local.engine.recording import RecordingProvider

# The whole process shares the working directory, sys.modules and the garbage collector: one program runs at a time.
_one_at_a_time = threading.Lock()


def run_program(
    program: Path | Callable[[], object],
    *,
    stack: str = "dev",
    provider: RecordingProvider | None = None,
    preview: bool = False,
    config: Mapping[str, Any] | None = None,
    workers: int = 1,
) -> Deployment:
    """Run a program and return what it registered.

    `program` is the directory of a project, or a function. `config` overrides values of the stack's file. A function
    has no other config but aws:region = us-east-1. In a preview the provider makes nothing, and values that AWS would
    compute are unknown. `workers` is how many resources may be made at once. With 1, the order of registration is the
    same in every run.

    Raises:
        ProgramError: with every mistake of the config, of the program's own check of it, or of its resources.
        Exception: an exception of the program itself, if it is not a message for its user.
    """
    if isinstance(program, Path):
        root = program.resolve()
        loaded = load_config(root, stack, config or {})
    else:
        root, given = Path.cwd(), {"aws:region": "us-east-1", **(config or {})}
        loaded = Config("headend", {full_key("headend", key): as_text(value) for key, value in given.items()})

    def run() -> None:  # without a result, which the SDK would try to await
        _ = runpy.run_path(str(root), run_name="__main__") if isinstance(program, Path) else program()

    monitor = Monitor(provider or RecordingProvider(), loaded, stack, root, preview=preview)
    engine, error = Engine(), None
    with _one_at_a_time, _undisturbed(root):
        try:
            asyncio.run(_deploy(run, monitor, engine, workers))
        except (Exception, SystemExit) as raised:
            error = raised
    if monitor.problems:
        raise ProgramError(monitor.problems) from (monitor.causes[0] if monitor.causes else error)
    if isinstance(error, ValueError | pulumi.RunError | SystemExit):
        raise ProgramError([Problem(str(error))]) from error
    if error:
        raise error
    return Deployment(loaded.project, stack, list(monitor.registrations.values()), monitor.exports, engine.logs)


async def _deploy(run: Callable[[], None], monitor: Monitor, engine: Engine, workers: int) -> None:
    """Run the program. Then, in an update, report the exports that are unknown although nothing failed.

    It runs as a task, which has its own context, so the SDK's settings end with it.
    """
    settings.ROOT.set(None)
    project, stack, root = monitor.config.project, monitor.stack, str(monitor.root)
    common: dict[str, Any] = {"organization": "organization", "root_directory": root, "dry_run": monitor.preview}
    settings.configure(settings.Settings(project, stack, monitor, engine, **common))
    set_all_config(monitor.config.values, list(monitor.config.secrets))
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(workers, thread_name_prefix="register"))
    # Outputs that nobody awaited repeat an error that is already reported.
    loop.set_exception_handler(lambda _loop, _context: None)
    await run_in_stack(run)
    if monitor.preview or monitor.problems:
        return
    outputs = cast(Any, settings.get_root_resource()).outputs
    for key in sorted(monitor.unknown_exports):
        resources = await pulumi.Output.from_input(outputs[key]).resources()
        urns = [urn for resource in resources if (urn := await resource.urn.future())]
        monitor.problems.append(Problem(f"export {key!r} {monitor.uncomputed(urns)}"))


@contextlib.contextmanager
def _undisturbed(root: Path) -> Generator[None]:
    """Let the program run as in a new process: in its directory, with its modules freshly imported.

    The garbage collector is off during the run. It would visit the SDK's hundreds of thousands of objects again and
    again, which takes more than half of the time. For each resource the SDK reads the whole stack, but only the frame
    that made the resource is used: some ten frames hold it.
    """
    path, collecting = list(sys.path), gc.isenabled()
    limit = getattr(sys, "tracebacklimit", 1000)
    kept = {name: sys.modules.pop(name) for name in _program_modules(root)}
    gc.disable()
    sys.tracebacklimit = 12
    try:
        with contextlib.chdir(root):
            yield
    finally:
        sys.tracebacklimit = limit
        if collecting:
            gc.enable()
        sys.path[:] = path
        for name in _program_modules(root):
            del sys.modules[name]
        sys.modules.update(kept)


def _program_modules(root: Path) -> list[str]:
    """The imported modules that belong to the program: not those of its virtual environment, of `local` or of tests."""
    apart = ("local", "tests", "conftest", "__main__")
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    own = [name for name, file in files.items() if file.startswith(f"{root}/") and not file.startswith(sys.prefix)]
    return [name for name in own if name.split(".")[0] not in apart]
