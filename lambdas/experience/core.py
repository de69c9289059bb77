"""Experience: turns a player's reports about one view into metrics. Pure.

A player sends a few reports per view to `POST /api/events`, each as JSON of at most 4,096 bytes:

    {"session": "8 to 40 letters, digits and hyphens: random, new for each view",
     "title": "films-apollo",
     "event": "start"        the first frame was shown
              "exit"         the viewer left before the first frame
              "fail"         an error ended the view
              "keepalive"    the view goes on: every few minutes
              "end"          the viewer left, or the film ended
     "start_ms": 1240,       time to the first frame; only with start
     "watched_s": 300.5,     seconds of play since the last report; with keepalive, end and fail
     "stalled_s": 1.2,       seconds of stalls since the last report; with keepalive, end and fail
     "kbps": 4800,           bitrate of the rung that plays
     "switches": 2,          changes of the rung since the last report
     "region": "eu-west-1",  region of the point of presence that served the view, if the player knows it
     "reason": "a few words" only with fail}

The answer is 204. 410 tells players to send no more reports. 400 and 413 say what is wrong. A report identifies nobody:
the session is random and is in no cookie, and no address is kept. A report may be false. So each value is limited to
what is possible, and it only changes a graph.
"""

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from lambdas.metrics import embedded

LARGEST = 4096
"""Most bytes of a report."""
LONGEST_GAP = 600.0
"""Most seconds between two reports of a view. No report can state a longer time of play since the last one."""
LONGEST_START = 120_000
"""Milliseconds."""
UNKNOWN = "unknown"

EVENTS = ("start", "fail", "exit", "keepalive", "end")
_SESSION, _TITLE = re.compile(r"[A-Za-z0-9-]{8,40}"), re.compile(r"[a-z0-9-]{1,80}")


class Report(NamedTuple):
    """A report with plausible values. None stands for a value that it does not state."""

    session: str
    title: str
    event: str
    start_ms: float | None
    watched_s: float
    stalled_s: float
    kbps: float | None
    switches: float
    reason: str
    region: str
    """One of the stack's regions, or `unknown`."""


class Problem(Exception):
    """A report that is not counted. The message is for the person who wrote the player."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def understand(body: bytes, regions: Collection[str]) -> Report:
    """Read a report. Raises Problem with 400 or 413.

    `regions` are the stack's regions. Each other name would become its own metric, and metrics cost money.
    """
    if len(body) > LARGEST:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The report has {len(body)} bytes. Allowed are {LARGEST}.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Problem(HTTPStatus.BAD_REQUEST, "The report is not a JSON object.")
    event = said.get("event")
    if event not in EVENTS:
        raise Problem(HTTPStatus.BAD_REQUEST, f"event is {str(event)[:40]!r}. Allowed is one of {', '.join(EVENTS)}.")
    return Report(
        session=_word(said, "session", _SESSION),
        title=_word(said, "title", _TITLE),
        event=event,
        start_ms=_number(said, "start_ms", LONGEST_START) if event == "start" else None,
        watched_s=_number(said, "watched_s", LONGEST_GAP) or 0.0,
        stalled_s=_number(said, "stalled_s", LONGEST_GAP) or 0.0,
        kbps=_number(said, "kbps", 200_000),
        switches=_number(said, "switches", 1000) or 0.0,
        reason="".join(character for character in str(said.get("reason", "")) if " " <= character <= "~")[:80],
        region=said["region"] if said.get("region") in regions else UNKNOWN,
    )


def _word(said: Mapping[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = said.get(field)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Problem(HTTPStatus.BAD_REQUEST, f"{field} is {str(value)[:40]!r}. It must match {pattern.pattern}.")
    return value


def _number(said: Mapping[str, Any], field: str, most: float) -> float | None:
    """The value, but at most `most`, so that a laptop that slept changes no average. None if it is not a number."""
    value = said.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, most))


def figures(report: Report) -> dict[str, float]:
    """The metrics of a report, by name. All except StartTime are added up."""
    counted: dict[str, float] = {}
    match report.event:
        case "start":
            counted["Starts"] = 1
            if report.start_ms is not None:
                counted["StartTime"] = report.start_ms
        case "fail":
            counted["Failures"] = 1
        case "exit":
            counted["ExitsBeforeStart"] = 1
        case _:
            pass
    if report.watched_s or report.stalled_s:
        counted |= {"WatchedSeconds": report.watched_s, "StalledSeconds": report.stalled_s}
    return counted


def line(report: Report, now_ms: int, stack: str) -> dict[str, Any]:
    """The log line that CloudWatch turns into metrics (its embedded metric format).

    Title and session are only for queries of the log. As a dimension, each title would be its own metric, and would
    cost as one.
    """
    said = {
        "event": report.event,
        "session": report.session,
        "title": report.title,
        "kbps": report.kbps,
        "switches": report.switches,
        "reason": report.reason,
    }
    figured = embedded(figures(report), now_ms, stack, report.region)
    return {**figured, **{name: value for name, value in said.items() if value not in (None, "", 0.0)}}
