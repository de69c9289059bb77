"""Part two: the time from the first byte of an upload to a title that plays, compared with the bare encoder on the
clip.

The laptop cloud is started once. Then two things happen in turn: the clip is uploaded under a new name, and the job's
own ffmpeg and packager run on the clip alone, with the same preset. Each has the machine to itself.
"""

import re
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urljoin

import requests

from bench.figures import Row
from bench.usage import Run, family_cpu, run
from lambdas.titles import title_id
from local.cloud import LaptopCloud
from local.demo import make_clip
from local.media.commands import ffmpeg_command, packager_command, sound_command
from local.media.job import parse
from local.media.probe import inspect

PART = "From upload to playable"
ROUNDS = 3
LONGEST = 600.0
"""Seconds after which a title counts as failed."""
ASK_EVERY = 0.5
"""Seconds between two requests to the API. Each takes some 20 ms of processor time from the encoder."""
SMALL = 0.01
"""Steps with a smaller share of the time than this are shown together."""


@dataclass(frozen=True)
class Published:
    """One upload, until its title played. All figures are in seconds."""

    wall: float
    cpu: float
    """Processor time of the whole laptop cloud."""
    steps: Mapping[str, float]
    """The time of each step: the workflow's states until the title was published, and the steps before and after."""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure wall and processor time of whole uploads, and the steps of the wall time."""
    with cloud_and_clip(say) as (cloud, clip):
        say("first upload: the functions start")
        first = _publish(cloud, clip, "Bench first.mp4")
        bare = [_bare(cloud, clip)]
        published: list[Published] = []
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            published.append(_publish(cloud, clip, f"Bench {number}.mp4"))
            bare.append(_bare(cloud, clip))
    return _rows(first, published, bare)


@contextmanager
def cloud_and_clip(say: Callable[[str], None]) -> Generator[tuple[LaptopCloud, Path]]:
    """A laptop cloud that runs, and the demo's clip."""
    with tempfile.TemporaryDirectory(prefix="headend-bench-", ignore_cleanup_errors=True) as folder:
        cloud, clip = LaptopCloud(Path(folder)), Path(folder) / "clip.mp4"
        try:
            cloud.start(say)
            make_clip(clip)
            yield cloud, clip
        finally:
            cloud.stop()


def _rows(first: Published, published: list[Published], bare: list[Run]) -> list[Row]:
    against = "bare ffmpeg and packager"
    wall, cpu = [each.wall for each in published], [each.cpu for each in published]
    encode = [each.steps["Encode"] for each in published]
    rows = [
        Row(PART, "first upload, wall", "s", [first.wall], against, [bare[0].wall]),
        Row(PART, "later uploads, wall", "s", wall, against, [each.wall for each in bare[1:]]),
        Row(PART, "later uploads, processor", "s", cpu, against, [each.cpu for each in bare[1:]]),
        Row(PART, "their state Encode, wall", "s", encode, against, [each.wall for each in bare[1:]]),
    ]
    names = dict.fromkeys(step for each in published for step in each.steps)
    steps = {step: [each.steps.get(step, 0.0) for each in published] for step in names}
    large = {step: took for step, took in steps.items() if median(took) >= SMALL * median(wall)}
    small = [sum(steps[step][number] for step in steps.keys() - large) for number in range(len(published))]
    rows += [Row(PART, f"of it, {step}", "s", took, "the whole", wall) for step, took in large.items()]
    return [*rows, Row(PART, "of it, all other steps", "s", small, "the whole", wall)]


def _publish(cloud: LaptopCloud, clip: Path, key: str) -> Published:
    """Upload the clip, and read its first segment as soon as the API says that there is one."""
    title = title_id(key)
    # The same clock as in the workflow's history.
    cpu, began = family_cpu(), time.time()
    cloud.client("s3").upload_file(str(clip), cloud.deployment.exports["uploads_bucket"], key)
    with requests.Session() as viewer:
        wait_until_published(viewer, f"{cloud.url}/api/titles/{title}")
        play = _get(viewer, "POST", f"{cloud.url}/api/titles/{title}/play").json()
        playlist = cloud.url + play["hls"]
        for pattern in (r"^[^#].*\.m3u8$", r"^[^#].*\.cmfv$"):
            named = re.search(pattern, _get(viewer, "GET", playlist).text, re.MULTILINE)
            if named is None:
                raise RuntimeError(f"{playlist} names nothing that can be played")
            playlist = urljoin(playlist, named[0])
        _get(viewer, "GET", playlist)
    ended = time.time()
    return Published(ended - began, family_cpu() - cpu, _steps(cloud, title, began, ended))


def wait_until_published(viewer: requests.Session, url: str) -> None:
    """Wait until the API says that the title at `url` plays. Raises RuntimeError if it takes too long."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        answer = viewer.get(url, timeout=60)
        title: dict[str, Any] = answer.json() if answer.ok else {}
        if title.get("state") == "PUBLISHED":
            return
        time.sleep(ASK_EVERY)
    raise RuntimeError(f"the clip was not published within {LONGEST:.0f} s. Its row in the catalogue says why")


def _get(viewer: requests.Session, method: str, url: str) -> requests.Response:
    answer = viewer.request(method, url, timeout=60)
    answer.raise_for_status()
    return answer


def _steps(cloud: LaptopCloud, title: str, began: float, ended: float) -> dict[str, float]:
    """The time of each step from `began` to `ended` (epoch seconds), by the execution's history."""
    execution = (cloud.row(title) or {})["execution"]
    states = cloud.client("stepfunctions")
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    moments = [(event, event["timestamp"].timestamp()) for event in events]
    steps = {"upload and its event": moments[0][1] - began}
    for event, moment in moments:
        if entered := event.get("stateEnteredEventDetails"):
            # A workflow may enter a state more than once.
            steps[entered["name"]] = steps.get(entered["name"], 0.0) - moment
        if left := event.get("stateExitedEventDetails"):
            steps[left["name"]] += moment
            if left["name"] == "Publish":
                steps["API and first segment"] = ended - moment
                break
    return steps


def _bare(cloud: LaptopCloud, clip: Path) -> Run:
    """Run the last job's ffmpeg and packager commands without the platform."""
    [job] = cloud.client("mediaconvert").list_jobs(MaxResults=1, Order="DESCENDING")["Jobs"]
    plan = parse(job["Settings"])
    with tempfile.TemporaryDirectory(prefix="headend-bench-") as folder:
        work = Path(folder)
        (work / "source").symlink_to(clip)
        for name in ("rungs", "out"):
            (work / name).mkdir()
        container = inspect(work / "source")
        video = next(track for track in container["Tracks"] if track["TrackType"] == "video")
        sound = sound_command(plan, container, float(video["Duration"]))
        commands = [ffmpeg_command(plan, container, video), sound, packager_command(plan)]
        runs = [run(command, cwd=work) for command in commands]
    return Run(sum(each.wall for each in runs), sum(each.cpu for each in runs), "")
