"""Films: upload them, find them, see how one is made, and make it again."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column as ProgressColumn
from rich.text import Text

from facts.encoder_codes import warning
from lambdas.rows import STATES, Row, event_of
from operate import beside, catalogue, executions, screen, upload, watching
from operate.cloud import Cloud, find
from operate.screen import NOT_SO, Column, Json, Refusal, Stack
from operate.sending import Sender, Sent

Title = Annotated[str, typer.Argument(help="Its id, as `headend titles` shows it.")]
POLL_SECONDS = 1.0
STARTS_WITHIN = 60.0
"""Seconds from an upload to its workflow; on AWS it takes a few."""


def upload_films(
    files: Annotated[list[Path], typer.Argument(help="Films, and folders of films.")],
    follow_them: Annotated[bool, typer.Option("--follow", help="Stay until each is published, or is not.")] = False,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="Parts of 16 MiB on their way.")] = 8,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Upload films. Run it again after Ctrl-C or a lost line: it goes on where it was.

    A folder's films keep its name: season-1/02.mp4. A title of the same name gets a new version. Files beside a film
    go with it: Film.de.vtt, Film.en.sdh.srt, and Film.jpg as its poster.
    """
    cloud = find(stack)
    films, skipped = upload.films(files)
    beside_them = [found for film in films for found in beside.of(film)]
    sidecars = [film for film, why_not in beside_them if not why_not]
    for film, why_not in beside_them:
        if why_not:
            screen.note(f"left out: {film.path}: {why_not}", "yellow")
    for path in sorted({*skipped} - {film.path for film, _ in beside_them}):
        screen.note(f"left out, no film by its name: {path}", "dim")
    sent = [item for item in _send(cloud, [*films, *sidecars], at_once) if item.film in films]
    if as_json and not follow_them:
        screen.document(
            [{"title": item.film.named["id"], "key": item.film.key, "version": item.version} for item in sent]
        )
        return
    ended = [_follow(cloud, _claimed(cloud, item)) for item in sent] if follow_them else []
    if as_json:
        screen.document(ended)
    elif not follow_them:
        for item in sent:
            again = f", {screen.size(item.kept)} of it before" if item.kept else ""
            screen.say(
                f"{item.film.key}: {screen.size(item.film.size)}{again}. See headend follow {item.film.named['id']}"
            )
    if any(row.get("outcome") != "PUBLISHED" for row in ended):
        raise typer.Exit(NOT_SO)


def _send(cloud: Cloud, films: list[upload.Film], at_once: int) -> list[Sent]:
    columns = (
        # Not as markup: a film's name may hold brackets. As a column: it may hold characters of double width.
        TextColumn("{task.description}", markup=False, table_column=ProgressColumn(ratio=1, no_wrap=True)),
        BarColumn(16),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=screen.err(), expand=True) as progress:
        tasks = {film: progress.add_task(screen.visible(film.key), total=film.size) for film in films}
        sender = Sender(cloud, at_once, lambda film, count: progress.advance(tasks[film], count))
        try:
            return sender.send(films)
        except KeyboardInterrupt:
            progress.stop()
            screen.note("Stopped. What S3 has is kept for a week: the same command goes on from there.")
            # Threads that still send would hold Python until their parts are through.
            os._exit(130)
        except Exception:
            progress.stop()
            screen.note("Not everything was sent. What S3 has is kept for a week: the same command goes on from there.")
            raise


def titles(
    words: Annotated[list[str] | None, typer.Argument(help="Only titles with all of these in id, name or key.")] = None,
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    length: Annotated[int, typer.Option(min=1, max=1000, help="Titles a page.")] = 20,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """List titles, the one that changed last first."""
    if state and state.upper() not in STATES:
        raise Refusal(f"--state {state!r} is none; allowed: {', '.join(STATES)}")
    cloud = find(stack)
    found = catalogue.newest_first(cloud, [state.upper()] if state else STATES)
    rows, more = catalogue.page(catalogue.search(found, " ".join(words or ())), page, length)
    if as_json:
        screen.document({"titles": rows, "next_page": page + 1 if more else None})
        return
    columns = [Column("TITLE", "cut"), Column("STATE"), Column("CHANGED", right=True), Column("LENGTH", right=True)]
    screen.table(
        [*columns, Column("RENDITIONS, OR WHY NOT", "cut")],
        [
            [
                row["id"],
                screen.coloured(row["state"]),
                screen.ago(row["updated"]),
                screen.length(row.get("duration")),
                row.get("reason") or " ".join(row.get("renditions", ())),
            ]
            for row in rows
        ],
        "no such title" if words or state or page > 1 else "no titles yet: headend upload FILE",
    )
    if more:
        screen.note(f"more: --page {page + 1}", "dim")


def show(title: Title, stack: Stack = None, as_json: Json = False) -> None:
    """Show what is known of a title: its versions, why it failed, and the states of its last execution."""
    cloud = find(stack)
    row = catalogue.row(cloud, title)
    versions = _versions(cloud, row)
    visits = executions.visits_of(cloud, row["execution"]) if row.get("execution") else []
    heard = watching.languages(cloud, row)
    viewers = watching.now(cloud, title) if row.get("prefix") else ""
    if as_json:
        states = [visit._asdict() for visit in visits]
        screen.document({**row, "versions": versions, "states": states, "languages": heard, "viewers": viewers})
        return
    screen.facts(
        {
            "title": row["id"],
            "name": row.get("name", ""),
            "state": screen.coloured(row["state"]),
            "last run": screen.coloured(row.get("outcome", "")),
            "reason": row.get("reason", ""),
            "fault": Text(screen.visible(row.get("fault", "")), style="red"),
            "upload": f"{row['key']} ({screen.size(row['size'])})" if "key" in row else "",
            "length": screen.length(row.get("duration")),
            "picture": f"{row['width']} x {row['height']}" if "width" in row else "",
            "renditions": " ".join(row.get("renditions", ())),
            "languages": ", ".join(heard),
            "captions": ", ".join(_captions(row)),
            "cost": _cost(row),
            "notes": " ".join(row.get("notes", ())),
            "the encoder": " ".join(warning(kept) for kept in row.get("warnings", ())),
            "ladder": "of an earlier revision: headend encode-again"
            if catalogue.outdated(row, catalogue.steps(cloud))
            else "",
            "watch": f"{cloud.url}/?title={title}" if row.get("prefix") else "",
            "viewers": viewers,
            "execution": row.get("execution", ""),
        }
    )
    columns = [Column("VERSION"), Column("", "cut"), Column("OBJECTS", right=True), Column("SIZE", right=True)]
    if versions:
        screen.say("")
        found = [
            [v["version"], "plays" if v["plays"] else "", str(v["objects"]), screen.size(v["bytes"])] for v in versions
        ]
        screen.table(columns, found, "")
    if visits:
        screen.say("")
        columns = [Column("STATE"), Column("ENTERED"), Column("TOOK", right=True), Column("ERRORS", "cut")]
        screen.table(columns, [_line(visit) for visit in visits], "")


def _captions(row: Row) -> list[str]:
    """Languages, with the role of what is not for everybody."""
    found: list[dict[str, str]] = row.get("captions", [])
    return [item["language"] + (f" ({item['role']})" if item["role"] != "subtitles" else "") for item in found]


def _cost(row: Row) -> str:
    """Of its last encode, as it was reckoned before."""
    cost = row.get("cost")
    if not cost:
        return ""
    minutes = f"{sum(cost['minutes'].values()):.1f} normalised minutes, {cost['tier']}"
    return f"{cost['usd']:.2f} US dollars to encode ({minutes}), {cost['storage_usd']:.4f} a month to keep"


def _line(visit: executions.Visit) -> list[str]:
    took = f"{(visit.left - visit.entered).total_seconds():.1f} s" if visit.left else ""
    return [visit.state, f"{visit.entered:%Y-%m-%d %H:%M:%S}", took, visit.failed]


def _versions(cloud: Cloud, row: Row) -> list[dict[str, Any]]:
    """What lies in the media bucket of this title, by version."""
    place = catalogue.folder(row["id"])
    found: dict[str, dict[str, Any]] = {}
    pages = (
        cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.name("media_bucket"), Prefix=place)
    )
    for item in (item for page in pages for item in page.get("Contents", ())):
        version = item["Key"].removeprefix(place).partition("/")[0]
        entry = {"version": version, "plays": row.get("prefix") == place + version, "objects": 0, "bytes": 0}
        of = found.setdefault(version, entry)
        of["objects"] += 1
        of["bytes"] += item["Size"]
    return list(found.values())


def follow(title: Title, stack: Stack = None, as_json: Json = False) -> None:
    """Watch a title being made, state by state, until it is published or is not."""
    cloud = find(stack)
    row = _follow(cloud, catalogue.row(cloud, title))
    if as_json:
        screen.document(row)
    if row.get("outcome") != "PUBLISHED":
        raise typer.Exit(NOT_SO)


def _follow(cloud: Cloud, row: Row) -> Row:
    """Tell of each state as it is entered. The row in the end."""
    title, shown = row["id"], 0
    console = screen.err()
    with console.status("") as status:
        while True:
            # Asked for before the states, so that what happens in between is seen in the next round.
            running = _status(cloud, row["execution"]) == "RUNNING"
            found = executions.visits_of(cloud, row["execution"])
            for visit in found[shown:]:
                screen.note(f"{visit.entered:%H:%M:%S}  {title}  {visit.state}")
            shown = len(found)
            if not running:
                break
            status.update(_working(cloud, row, found))
            time.sleep(POLL_SECONDS)
    row = catalogue.row(cloud, title)
    outcome = row.get("outcome", "")
    screen.note(f"{title}: {outcome or row['state']}. {row.get('reason', '')}".strip(), screen.STYLES.get(outcome, ""))
    return row


def _claimed(cloud: Cloud, sent: Sent) -> Row:
    """The row of an upload, once its workflow has claimed one: by its own id, or by the other if that is taken."""
    named, deadline = sent.film.named, time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        for identity in dict.fromkeys((named["id"], named["other"])):
            row = catalogue.read(cloud, identity)
            if row and row.get("source") == sent.version:
                return row
        time.sleep(POLL_SECONDS)
    sentence = (
        f"{sent.film.key}: no workflow has it after {STARTS_WITHIN:.0f} s. Look at headend lost and headend failed"
    )
    raise Refusal(sentence, NOT_SO)


def _status(cloud: Cloud, execution: str) -> str:
    return cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"]


def _working(cloud: Cloud, row: Row, found: list[executions.Visit]) -> str:
    """What the last state is doing, in a word: how far the encoder is."""
    if not found or found[-1].state != "Encode":
        return found[-1].state if found else ""
    asked = {"Queue": cloud.name("encoding_queue"), "Status": "PROGRESSING", "MaxResults": 20}
    jobs = cloud.client("mediaconvert").list_jobs(**asked)["Jobs"]
    own = [job for job in jobs if (job.get("UserMetadata") or {}).get("title") == row["id"]]
    return f"Encode, {own[0].get('JobPercentComplete', 0)} %" if own else "Encode, waiting in the encoder's queue"


def retry(
    title: Annotated[str | None, typer.Argument(help="A title that failed, or the ARN of an execution.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every title whose last run failed.")] = False,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Run what failed through our fault again, from its upload as it is."""
    if (title is None) == (not every):
        raise Refusal("name a title, or say --all")
    cloud = find(stack)
    states = cloud.client("stepfunctions")
    begun: dict[str, str] = {}
    if title and title.startswith("arn:"):
        begun[title] = states.describe_execution(executionArn=title)["input"]
    else:
        rows = [catalogue.row(cloud, title)] if title else failed_rows(cloud)
        for row in rows:
            if not _may_run_again(cloud, row):
                raise Refusal(
                    f"{row['id']}: its last run {_how(row)}; only what failed or was cut is run again", NOT_SO
                )
            begun[row["id"]] = screen.compact(event_of(row, cloud.name("uploads_bucket")))
    machine = cloud.name("state_machine")
    made = {name: states.start_execution(stateMachineArn=machine, input=given) for name, given in begun.items()}
    if as_json:
        screen.document({name: answer["executionArn"] for name, answer in made.items()})
        return
    for name in made:
        screen.say(f"{name}: runs again" + ("" if name.startswith("arn:") else f". See headend follow {name}"))
    if not made:
        screen.say("nothing failed")


def _may_run_again(cloud: Cloud, row: Row) -> bool:
    """It failed; or it was stopped or timed out, and so could not write how it ended."""
    outcome = row.get("outcome")
    return outcome == "FAILED" or (outcome is None and _status(cloud, row["execution"]) != "RUNNING")


def _how(row: Row) -> str:
    outcome = row.get("outcome")
    if outcome == "REJECTED":
        return "was REJECTED for what the file is: upload another file under its name, or headend encode-again"
    return f"ended {outcome}" if outcome else "is not over"


def failed_rows(cloud: Cloud) -> list[Row]:
    """Titles whose last run failed: also those that play on in an older version, so the state does not say it."""
    return [row for row in catalogue.newest_first(cloud, ("FAILED", "PUBLISHED")) if row.get("outcome") == "FAILED"]
