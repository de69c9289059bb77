"""Verbs for films: upload, list, show, follow and retry."""

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
from operate.screen import NOT_SO, Column, Json, Refusal, Stack, Title
from operate.sending import Sender, Sent

POLL_SECONDS = 1.0
STARTS_WITHIN = 60.0
"""Most seconds from an upload to the start of its workflow. On AWS it takes a few."""


def upload_films(
    files: Annotated[list[Path], typer.Argument(help="Films, and folders of films.")],
    follow_them: Annotated[bool, typer.Option("--follow", help="Wait until each is published or has failed.")] = False,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="Parts of 16 MiB sent together.")] = 8,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Upload films. Run it again after Ctrl-C or a lost connection: it continues where it stopped.

    The films of a folder keep the folder's name: season-1/02.mp4. If a title has the same name, it gets a new version.
    Files beside a film are uploaded with it: Film.de.vtt, Film.en.sdh.srt, and Film.jpg as its poster.
    """
    cloud = find(stack)
    films, skipped = upload.films(files)
    beside_them = [found for film in films for found in beside.of(film)]
    sidecars = [film for film, why_not in beside_them if not why_not]
    for film, why_not in beside_them:
        if why_not:
            screen.note(f"left out: {film.path}: {why_not}", "yellow")
    for path in sorted({*skipped} - {film.path for film, _ in beside_them}):
        screen.note(f"left out, since its name is not a film's: {path}", "dim")
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
            again = f", of which {screen.size(item.kept)} earlier" if item.kept else ""
            screen.say(
                f"{item.film.key}: {screen.size(item.film.size)}{again}. See headend follow {item.film.named['id']}"
            )
    if any(row.get("outcome") != "PUBLISHED" for row in ended):
        raise typer.Exit(NOT_SO)


def _send(cloud: Cloud, films: list[upload.Film], at_once: int) -> list[Sent]:
    columns = (
        # A film's name may have brackets, so it is not markup. It may have wide characters, so it gets a column.
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
            screen.note("Stopped. S3 keeps the parts that it has for a week. The same command continues from there.")
            # Python would wait until the threads have sent their parts.
            os._exit(130)
        except Exception:
            progress.stop()
            screen.note("Not everything was sent. S3 keeps its parts for a week. Run the same command again.")
            raise


def titles(
    words: Annotated[list[str] | None, typer.Argument(help="Only titles with all words in id, name or key.")] = None,
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    length: Annotated[int, typer.Option(min=1, max=1000, help="Titles a page.")] = 20,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """List titles. The last changed title comes first."""
    if state and state.upper() not in STATES:
        raise Refusal(f"--state {state!r} does not exist. Use one of {', '.join(STATES)}")
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
        f"no titles on page {page}"
        if page > 1
        else "no such title"
        if words or state
        else "no titles yet: headend upload FILE",
    )
    if more:
        screen.note(f"for more, say --page {page + 1}", "dim")


def show(title: Title, stack: Stack = None, as_json: Json = False) -> None:
    """Show a title: its versions, why it failed, and the states of its last execution."""
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
            "notes": " ".join((*row.get("remarks", ()), *row.get("notes", ()))),
            "the encoder": " ".join(warning(kept) for kept in row.get("warnings", ())),
            "ladder": "made with an older ladder. To change that: headend encode-again"
            if catalogue.outdated(row, catalogue.steps(cloud), surround=catalogue.surround(cloud))
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
    """The languages of the captions, with the role unless it is subtitles."""
    found: list[dict[str, str]] = row.get("captions", [])
    return [item["language"] + (f" ({item['role']})" if item["role"] != "subtitles" else "") for item in found]


def _cost(row: Row) -> str:
    """The cost of its last encode, as it was computed before the encode."""
    cost = row.get("cost")
    if not cost:
        return ""
    minutes = f"{sum(cost['minutes'].values()):.1f} normalised minutes, {cost['tier']} tier"
    return f"{cost['usd']:.2f} US dollars to encode ({minutes}), {cost['storage_usd']:.4f} a month to store"


def _line(visit: executions.Visit) -> list[str]:
    took = f"{(visit.left - visit.entered).total_seconds():.1f} s" if visit.left else ""
    return [visit.state, f"{visit.entered:%Y-%m-%d %H:%M:%S}", took, visit.failed]


def _versions(cloud: Cloud, row: Row) -> list[dict[str, Any]]:
    """The versions of this title in the media bucket, each with its number of objects and bytes."""
    place = catalogue.folder(row["id"])
    found: dict[str, dict[str, Any]] = {}
    for item in cloud.objects(cloud.name("media_bucket"), place):
        version = item["Key"].removeprefix(place).partition("/")[0]
        entry = {"version": version, "plays": row.get("prefix") == place + version, "objects": 0, "bytes": 0}
        of = found.setdefault(version, entry)
        of["objects"] += 1
        of["bytes"] += item["Size"]
    return list(found.values())


def follow(title: Title, stack: Stack = None, as_json: Json = False) -> None:
    """Watch how a title is made, state by state, until it is published or has failed."""
    cloud = find(stack)
    row = _follow(cloud, catalogue.row(cloud, title))
    if as_json:
        screen.document(row)
    if row.get("outcome") != "PUBLISHED":
        raise typer.Exit(NOT_SO)


def _follow(cloud: Cloud, row: Row) -> Row:
    """Print each state when it is entered. Returns the row at the end."""
    title, shown = row["id"], 0
    console = screen.err()
    with console.status("") as status:
        while True:
            # The status is read before the states, so that no state between the two reads is missed.
            running = executions.runs(cloud, row["execution"])
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
    """Wait for the row that the workflow claims for an upload: under its id, or under the other id if that is taken."""
    named, deadline = sent.film.named, time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        for identity in dict.fromkeys((named["id"], named["other"])):
            row = catalogue.read(cloud, identity)
            if row and row.get("source") == sent.version:
                return row
        time.sleep(POLL_SECONDS)
    sentence = (
        f"{sent.film.key}: after {STARTS_WITHIN:.0f} s no workflow has claimed it. See headend lost and headend failed"
    )
    raise Refusal(sentence, NOT_SO)


def _working(cloud: Cloud, row: Row, found: list[executions.Visit]) -> str:
    """What the last state does, in a few words: its name, and how far the encoder is."""
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
    """Make titles again that failed through our fault, from their uploads."""
    if (title is None) == (not every):
        raise Refusal("name a title, or use --all, but not both")
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
                    f"{row['id']}: its last run {_how(row)}. Only a failed or stopped run can be retried", NOT_SO
                )
            begun[row["id"]] = screen.compact(event_of(row, cloud.name("uploads_bucket")))
    machine = cloud.name("state_machine")
    made = {name: states.start_execution(stateMachineArn=machine, input=given) for name, given in begun.items()}
    if as_json:
        screen.document({name: answer["executionArn"] for name, answer in made.items()})
        return
    for name in made:
        screen.say(f"{name}: started again" + ("" if name.startswith("arn:") else f". See headend follow {name}"))
    if not made:
        screen.say("nothing failed")


def _may_run_again(cloud: Cloud, row: Row) -> bool:
    """Whether its last run failed, or ended without an outcome because it was stopped or timed out."""
    outcome = row.get("outcome")
    return outcome == "FAILED" or (outcome is None and not executions.runs(cloud, row["execution"]))


def _how(row: Row) -> str:
    outcome = row.get("outcome")
    if outcome == "REJECTED":
        return "was REJECTED because of the file: upload another file of this name, or use headend encode-again"
    return f"ended {outcome}" if outcome else "has not ended"


def failed_rows(cloud: Cloud) -> list[Row]:
    """Titles whose last run failed. Some still play in an older version, so their state is PUBLISHED."""
    return [row for row in catalogue.newest_first(cloud, ("FAILED", "PUBLISHED")) if row.get("outcome") == "FAILED"]
