"""The commands demo and add. VIDEO is the path of the film. REGIONS is the number of AWS regions in the demo."""

import os
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from subprocess import CalledProcessError
from types import FrameType
from typing import NoReturn

import requests
import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.cloud import WORLD, CloudError, LaptopCloud, world
from local.demo import Platform, add_title, make_clip, show_places, show_served, why_no_film
from local.engine import ProgramError
from local.processes import remove_in_the_end
from local.running import alone, announce, running
from local.serving.declared import NotOnLaptop

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
FAULTS = (CloudError, ProgramError, NotOnLaptop, TimeoutError, RuntimeError, CalledProcessError)
"""Faults of the laptop or the program. Their message is enough for the user, without a traceback."""
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NO_ANSWER = (BotoCoreError, ClientError, Boto3Error)


@app.command()
def demo() -> None:
    """Run the platform on this machine, and watch a film through every tier."""
    for number in (*STOPS, signal.SIGALRM):
        signal.signal(number, _interrupt)
    sys.unraisablehook = _tell_unless_interrupted
    video, regions = _video(), _regions()
    try:
        with alone():
            _demo(video, regions)
    except BlockingIOError:
        other = _running()
        where = f" at {other.url}; add to it with `make add VIDEO=...`" if other else ", and is about to start"
        _fail(f"a demo already runs{where}")


def _demo(video: Path | None, regions: int) -> None:
    run_dir = Path(tempfile.mkdtemp(prefix="headend-"))
    remove_in_the_end(run_dir)
    cloud = LaptopCloud(run_dir, config={"regions": world(regions)} if regions > 1 else None)
    try:
        with console.status("") as status:

            def say(step: str) -> None:
                status.update(step)
                console.print(f"[dim]{step}[/]")

            cloud.start(say)
        platform = _announce(cloud)
        # The API's first answer takes seconds, since the function starts. Nobody should wait for that in the page.
        requests.get(f"{platform.url}/api/titles", timeout=60)
        if video is None:
            video = run_dir / "Test card.mp4"
            make_clip(video)
        # `?served` is the page for an operator: it shows the tiers.
        console.print(f"The page: [bold]{platform.url}/?served[/]", highlight=False)
        published = add_title(platform, video, console)
        if published and regions > 1:
            show_places(platform, WORLD[:regions], console)
        show_served(run_dir, console)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
        console.print("\nStopping")
    except (*FAULTS, *NO_ANSWER, requests.RequestException) as error:
        _fail(str(error))
    finally:
        # A second Ctrl-C must not interrupt the stop.
        for number in (*STOPS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


@app.command()
def add() -> None:
    """Add a title to the running demo."""
    video = _video()
    if video is None:
        _fail("which film? make add VIDEO=path/to/film")
    platform = _running()
    if platform is None:
        _fail("no demo is running. Start one with `make demo` in another terminal")
    try:
        if not add_title(platform, video, console):
            raise typer.Exit(1)
    except TimeoutError as error:
        _fail(str(error))
    # If the server stops in the middle of an answer, boto3 gets an empty answer and raises KeyError.
    except (*NO_ANSWER, KeyError) as error:
        _fail(f"the demo stopped, or does not answer: {error}")


def _video() -> Path | None:
    named = os.environ.get("VIDEO", "")
    if not named:
        return None
    if reason := why_no_film(Path(named)):
        _fail(reason)
    return Path(named)


def _regions() -> int:
    given = os.environ.get("REGIONS") or "1"
    if given not in map(str, range(1, len(WORLD) + 1)):
        _fail(f"REGIONS={given}: must be a whole number from 1 to {len(WORLD)} ({', '.join(WORLD)})")
    return int(given)


def _announce(cloud: LaptopCloud) -> Platform:
    platform = Platform(cloud.endpoint, cloud.url, cloud.deployment.exports)
    announce(**asdict(platform))
    return platform


def _running() -> Platform | None:
    known = running()
    return Platform(**known) if known else None


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # Repeat it every second until it works: an exception that is raised inside a library's callback is lost.
    signal.setitimer(signal.ITIMER_REAL, 1)
    raise KeyboardInterrupt


def _tell_unless_interrupted(lost: "sys.UnraisableHookArgs") -> None:
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1)
