"""What `make demo` and `make add` show: how a film becomes a title, and then which tier served it."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from components.edge.nearest_pop import nearest_pop
from lambdas.titles import title_id
from local.clients import client
from local.logs import Grown
from local.serving.edge import OFFERED
from local.viewers import Viewers

# Formats that list other files are not opened: a list could name any path of this machine.
CONTAINERS = "mov,matroska,mxf,mpegts,avi,mpeg"


@dataclass(frozen=True)
class Platform:
    """The addresses of a running demo. `make add` reads them from a file."""

    endpoint: str
    url: str
    exports: dict[str, Any]
    """Outputs of the deployed program."""

    def client(self, service: str) -> Any:
        """A boto3 client of the laptop's AWS."""
        return client(service, self.exports["region"], self.endpoint)


def why_no_film(path: Path) -> str:
    """Why a file cannot be uploaded as a film, in one line. Empty if it can."""
    if not path.exists():
        return f"VIDEO={path}: there is no such file"
    if not path.is_file():
        return f"VIDEO={path}: is not a file"
    command = ["ffprobe", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", CONTAINERS]
    command += ["-select_streams", "v", "-show_entries", "stream=codec_type", "-of", "csv=p=0", f"file:{path}"]
    probe = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "video" not in probe.stdout:
        return f"VIDEO={path}: is not a video that can be encoded (MP4, MOV, MKV, MXF, MPEG-TS or AVI)"
    return ""


def make_clip(path: Path, size: str = "1280x720", seconds: int = 20) -> None:
    """A film of our own: a moving test card, with sound."""
    picture = f"testsrc2=size={size}:rate=25:duration={seconds}"
    sound = f"sine=frequency=220:beep_factor=4:duration={seconds}"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run(command, check=True)


def add_title(platform: Platform, video: Path, console: Console) -> bool:
    """Upload a film and show how it becomes a title. True if it can be watched."""
    key = video.name.encode(errors="replace").decode()
    title = title_id(key)
    known = set(_executions(platform))
    progress = Progress(
        # No markup, since a film's name may hold brackets. A column, since it may hold characters of double width.
        TextColumn("  {task.description}", markup=False, table_column=Column(width=30, no_wrap=True)),
        BarColumn(30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with progress:
        upload = progress.add_task(f"upload {_short(key)}", total=max(video.stat().st_size, 1))

        def sent(count: int) -> None:
            progress.advance(upload, count)

        platform.client("s3").upload_file(str(video), platform.exports["uploads_bucket"], key, Callback=sent)
        execution = _execution_of(platform, key, known)
        _follow(platform, title, execution, progress)
    table = platform.exports["titles_table"]
    row = platform.client("dynamodb").get_item(TableName=table, Key={"id": {"S": title}}).get("Item", {})
    state, reason = (row.get(name, {}).get("S", "") for name in ("state", "reason"))
    if "prefix" in row and not reason:
        rungs = ", ".join(item["S"] for item in row["renditions"]["L"])
        console.print(f"[green]Published[/] {escape(row['name']['S'])} in {rungs}", highlight=False)
        console.print(f"Watch it: [bold]{platform.url}/?title={title}&served[/]", highlight=False, soft_wrap=True)
        return True
    console.print(f"[red]{state.capitalize() or 'Unknown'}[/]: {escape(reason)}", highlight=False)
    return False


def show_places(platform: Platform, regions: Sequence[str], console: Console) -> None:
    """A link for a viewer near each region. The edge believes that the viewer is in the country that the link names."""
    for country in OFFERED:
        link = f"{platform.url}/?served&laptop-country={country}"
        console.print(f"From {country}, by {nearest_pop(country, regions)}: [bold]{link}[/]", highlight=False)


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:15]}..."


def _executions(platform: Platform) -> Iterator[str]:
    pages = platform.client("stepfunctions").get_paginator("list_executions")
    for page in pages.paginate(stateMachineArn=platform.exports["state_machine"]):
        yield from (item["executionArn"] for item in page["executions"])


def _execution_of(platform: Platform, key: str, known: set[str]) -> str:
    """The execution that this upload starts. It is not in `known`, and another film may start one at the same time.

    Raises TimeoutError.
    """
    states, deadline = platform.client("stepfunctions"), time.monotonic() + 60
    while time.monotonic() < deadline:
        for arn in set(_executions(platform)) - known:
            event = json.loads(states.describe_execution(executionArn=arn)["input"])
            if event["detail"]["object"]["key"] == key:
                return arn
        time.sleep(0.2)
    raise TimeoutError("the upload started no workflow within a minute")


def _follow(platform: Platform, title: str, execution: str, progress: Progress) -> None:
    """Print a line for each state that the workflow enters, until it ends."""
    states, encoder = platform.client("stepfunctions"), platform.client("mediaconvert")
    machine = states.describe_state_machine(stateMachineArn=platform.exports["state_machine"])
    declared = json.loads(machine["definition"])["States"]
    says = {
        name: state["Comment"] for name, state in declared.items() if state["Type"] == "Task" and "Comment" in state
    }
    tasks: dict[str, Any] = {}
    while True:
        ended = states.describe_execution(executionArn=execution)["status"] != "RUNNING"
        events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        for event in events:
            entered = event.get("stateEnteredEventDetails", {}).get("name", "")
            left = event.get("stateExitedEventDetails", {}).get("name", "")
            if entered in says and entered not in tasks:
                tasks[entered] = progress.add_task(says[entered], total=100)
            if left in tasks:
                progress.update(tasks[left], completed=100)
                progress.stop_task(tasks[left])
        encode = tasks.get("Encode")
        if encode is not None and not progress.tasks[encode].finished:
            jobs = encoder.list_jobs(MaxResults=20, Order="DESCENDING")["Jobs"]
            percent = [job.get("JobPercentComplete", 0) for job in jobs if job["UserMetadata"]["title"] == title]
            progress.update(encode, completed=percent[0] if percent else 0)
        if ended:
            return
        time.sleep(0.3)


@dataclass
class Served:
    """How many requests each tier answered, counted from the tiers' logs."""

    run_dir: Path
    counts: Counter[str] = field(default_factory=Counter[str])
    bytes: Counter[str] = field(default_factory=Counter[str])
    fleets: dict[tuple[str, str], Counter[str]] = field(default_factory=dict[tuple[str, str], Counter[str]])
    """By region and fleet: requests and bytes, and how many of them were cache hits."""
    _log: Grown = field(default_factory=Grown)

    def update(self) -> None:
        """Count the lines that were added to the logs."""
        for tier, line in self._log.lines(self.run_dir, "*.jsonl"):
            self._count(tier, json.loads(line))

    def _count(self, tier: str, entry: dict[str, Any]) -> None:
        if not str(entry.get("uri", "")).startswith("/v/"):
            return
        # These are nginx's words in a node's log, and CloudFront's in the edge's log.
        hit = str(entry.get("cache")).upper() in ("HIT", "STALE", "UPDATING", "REVALIDATED", "REFRESHHIT", "SHARED")
        match tier.partition("-")[0]:
            case "edge":
                kind = "edge hit" if hit else "failover" if entry.get("failover") else "edge miss"
            case "node":
                kind = "node hit" if hit else "node fill"
                # The name of a zone is the region's name and a letter.
                fleet = self.fleets.setdefault((entry["zone"][:-1], entry["fleet"]), Counter())
                fleet.update(requests=1, bytes=entry["bytes"], hits=hit, offload=entry["bytes"] * hit)
            case _:
                kind = "balancer"
        self.counts[kind] += 1
        self.bytes[kind] += int(entry.get("bytes") or 0)

    def table(self) -> Table:
        """The tiers, in the order in which a request meets them."""
        table = Table(title="Who served the video", title_justify="left", show_edge=False, pad_edge=False)
        for heading in ("tier", "answered", "passed on"):
            table.add_column(heading, justify="left" if heading == "tier" else "right")
        c = self.counts
        table.add_row("edge (CloudFront)", self._cell("edge hit"), self._cell("edge miss"))
        table.add_row("load balancer (ALB)", "", self._cell("balancer"))
        table.add_row("cache nodes (EC2)", self._cell("node hit"), self._cell("node fill"))
        table.add_row("media bucket (S3)", self._cell("node fill"), "")
        if c["failover"]:
            table.add_row("media bucket, by failover", self._cell("failover"), "")
        total = c["edge hit"] + c["edge miss"] + c["failover"]
        if total:
            table.caption = f"{100 * c['edge hit'] / total:.0f} % of {total} requests ended at the edge"
        return table

    def fleet_table(self) -> Table:
        """The share of cache hits of each fleet. The rest came from the region's bucket."""
        table = Table(title="The fleets", title_justify="left", show_edge=False, pad_edge=False)
        for heading in ("region", "fleet", "requests", "hit ratio", "MB", "offload"):
            table.add_column(heading, justify="left" if heading in ("region", "fleet") else "right")
        for (region, fleet), c in sorted(self.fleets.items()):
            hits, offload = c["hits"] / c["requests"], c["offload"] / max(c["bytes"], 1)
            table.add_row(region, fleet, str(c["requests"]), f"{hits:.0%}", f"{c['bytes'] / 1e6:.1f}", f"{offload:.0%}")
        return table

    def _cell(self, kind: str) -> str:
        return f"{self.counts[kind]:>5} · {self.bytes[kind] / 1e6:8.1f} MB"


def show_served(run_dir: Path, console: Console) -> None:
    """Show tables of who served what and of the views, until Ctrl-C.

    Without a terminal, print them when they change.
    """
    served, viewers, hint = (
        Served(run_dir),
        Viewers(run_dir),
        "Ctrl-C stops everything. In another terminal: make add VIDEO=path/to/film",
    )
    if not console.is_terminal:
        console.print(hint, highlight=False)
        before: Counter[str] = Counter()
        told: Counter[str] = Counter()
        while True:
            served.update()
            viewers.update()
            if viewers.sums != told:
                told = viewers.sums.copy()
                console.print(viewers.table())
            if served.counts != before:
                before = served.counts.copy()
                console.print(", ".join(f"{name} {count}" for name, count in sorted(before.items())), highlight=False)
                console.print(served.fleet_table())
            time.sleep(2)
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            served.update()
            viewers.update()
            live.update(Group("", served.table(), "", served.fleet_table(), "", viewers.table(), "", hint))
            time.sleep(0.5)
