"""Run a Pulumi program in this process, without the Pulumi CLI: as `up`, or as `preview`.

The program is a project directory, unmodified, or a function that declares resources. The SDK is configured as its
own language host configures it (pulumi/automation/_server.py), with a monitor of ours.
"""

import asyncio
import contextlib
import contextvars
import gc
import os
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

from local.engine.config import Config, callable_config, load_config
from local.engine.model import Deployment, Problem, ProgramError, Provider
from local.engine.monitor import Engine, Monitor
from local.engine.recording import RecordingProvider

Program = Path | Callable[[], object]
# The working directory, sys.modules and the garbage collector are the process's: one program at a time.
_one_at_a_time = threading.Lock()


def run_program(
    program: Program,
    *,
    stack: str = "dev",
    provider: Provider | None = None,
    preview: bool = False,
    config: Mapping[str, Any] | None = None,
    workers: int = 1,
) -> Deployment:
    """Run a program and return what it registered.

    `program` is the directory of a project, or a function. `config` overrides values of the stack's file; for a
    function it is all the config there is, besides aws:region = us-east-1. A preview asks no provider to make
    anything: what AWS would compute is unknown. `workers` is how many resources may be made at once; one keeps the
    order of registration the same in every run.

    Raises:
        ProgramError: with every mistake of the config, the program's own check of it, or what it registers.
        Exception: what the program itself raises, if that is not a message for its user.
    """
    if isinstance(program, Path):
        root = program.resolve()
        loaded = load_config(root, stack, config)
        run = _project_runner(root)
    else:
        root, loaded = Path.cwd(), callable_config(config)
        run = _discard(program)
    monitor = Monitor(provider or RecordingProvider(), loaded, stack, root, preview=preview)
    engine = Engine()
    with _one_at_a_time, _undisturbed(root):
        error = contextvars.copy_context().run(_run, run, monitor, engine, loaded, workers)
    if monitor.problems:
        raise ProgramError(monitor.problems) from (monitor.causes[0] if monitor.causes else error)
    if isinstance(error, ValueError | pulumi.RunError | SystemExit):
        said = (
            str(error) if isinstance(error, Exception) or isinstance(error.code, str) else f"exit status {error.code}"
        )
        raise ProgramError([Problem(said)]) from error
    if error:
        raise error
    return Deployment(
        loaded.project, stack, preview, list(monitor.registrations.values()), monitor.exports, engine.logs
    )


def _run(
    run: Callable[[], None], monitor: Monitor, engine: Engine, config: Config, workers: int
) -> BaseException | None:
    """Run in a context of its own, so that the SDK's settings do not outlive it. Returns what the program raised."""
    settings.ROOT.set(None)
    settings.configure(
        settings.Settings(
            project=config.project,
            stack=monitor.stack,
            monitor=monitor,
            engine=engine,
            dry_run=monitor.preview,
            organization="organization",
            root_directory=str(monitor.root),
        )
    )
    set_all_config(config.values, list(config.secrets))
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(workers, thread_name_prefix="register"))
    # Outputs that nobody awaited repeat an error that is already reported.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_deploy(run, monitor))
    except (Exception, SystemExit) as error:
        return error
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)
    return None


async def _deploy(run: Callable[[], None], monitor: Monitor) -> None:
    """Run the program, then report the exports of an update that are unknown although nothing failed."""
    await run_in_stack(run)
    if monitor.preview or monitor.problems:
        return
    outputs = cast(Any, settings.get_root_resource()).outputs
    for key in sorted(monitor.unknown_exports):
        resources = await pulumi.Output.from_input(outputs[key]).resources()
        urns = [urn for resource in resources if (urn := await resource.urn.future())]
        monitor.problems.append(Problem(f"export {key!r} {monitor.uncomputed(urns)}"))


def _project_runner(root: Path) -> Callable[[], None]:
    def run() -> None:
        runpy.run_path(str(root), run_name="__main__")

    return run


def _discard(program: Callable[[], object]) -> Callable[[], None]:
    """The function without its result, which the SDK would try to await."""

    def run() -> None:
        program()

    return run


@contextlib.contextmanager
def _undisturbed(root: Path) -> Generator[None]:
    """Give the program a process of its own as far as it can see: its directory, its modules freshly imported.

    The collector rests meanwhile: it would walk the SDK's hundreds of thousands of objects again and again, which
    takes more than half of the time.
    """
    directory, path, collecting = Path.cwd(), list(sys.path), gc.isenabled()
    kept = {name: sys.modules.pop(name) for name in _program_modules(root)}
    os.chdir(root)
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        os.chdir(directory)
        sys.path[:] = path
        for name in _program_modules(root):
            del sys.modules[name]
        sys.modules.update(kept)


def _program_modules(root: Path) -> list[str]:
    """The imported modules that are the program's: not its virtual environment's, nor ours or the tests'."""
    apart = {"local", "tests", "conftest", "__main__"}
    return [
        name
        for name, module in sys.modules.items()
        if (file := getattr(module, "__file__", None))
        and name.split(".")[0] not in apart
        and Path(file).is_relative_to(root)
        and not Path(file).is_relative_to(sys.prefix)
    ]
