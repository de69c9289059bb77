"""Experience: what a player says of one view, made into figures. Pure.

A player sends a handful of reports a view to `POST /api/events`, as JSON of at most 4,096 bytes:

    {"session": "8 to 40 letters, digits and hyphens: random, new for each view",
     "title": "films-apollo",
     "event": "start"        the first frame was shown
              "exit"         the viewer left before that
              "fail"         an error ended the view
              "keepalive"    the view goes on: every few minutes
              "end"          the viewer left, or the film ended
     "start_ms": 1240,       how long the first frame took; with start
     "watched_s": 300.5,     seconds since the last report in which the film ran; with keepalive, end and fail
     "stalled_s": 1.2,       and in which it stood still against the viewer's wish
     "kbps": 4800,           of the rung that plays
     "switches": 2,          rungs changed since the last report
     "region": "eu-west-1",  of the point of presence that served the view, where the player knows it
     "reason": "a few words" with fail}

The answer is 204; 410 tells players to send no more; 400 and 413 name what is wrong. A report says nothing of a person:
the session is random and in no cookie, and no address is kept. It may lie: each value is held to what can be, and what
is counted changes nothing but a graph.
"""

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from lambdas.metrics import embedded

LARGEST = 4096
"""Bytes of a report."""
LONGEST_GAP = 600.0
"""Seconds between two reports of a view: none can say that more was watched since the last one."""
LONGEST_START = 120_000
"""Milliseconds."""
UNKNOWN = "unknown"

EVENTS = ("start", "fail", "exit", "keepalive", "end")
_SESSION, _TITLE = re.compile(r"[A-Za-z0-9-]{8,40}"), re.compile(r"[a-z0-9-]{1,80}")


class Report(NamedTuple):
    """A report that can be true. Times in seconds, the start in milliseconds; None where it does not say."""

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
    """One of the stack's, or `unknown`."""


class Problem(Exception):
    """A report that is not counted, in a sentence for whoever wrote the player."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def understand(body: bytes, regions: Collection[str]) -> Report:
    """The report. Raises Problem with 400 or 413.

    `regions`: the stack's. Another would be a metric of its own, which costs, and which a liar could multiply.
    """
    if len(body) > LARGEST:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The report has {len(body)} bytes. Allowed are {LARGEST}.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Problem(HTTPStatus.BAD_REQUEST, "The report is no JSON object.")
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
        raise Problem(HTTPStatus.BAD_REQUEST, f"{field} is {str(value)[:40]!r}. Allowed is {pattern.pattern}.")
    return value


def _number(said: Mapping[str, Any], field: str, most: float) -> float | None:
    """At most `most`: a clock that was set back or a laptop that slept must not move an average. None for no number."""
    value = said.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, most))


def figures(report: Report) -> dict[str, float]:
    """What is counted, by the metric's name. All but StartTime are sums."""
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
    """The line of the log that CloudWatch makes metrics of (its embedded metric format).

    Title and session are for queries of the log: as dimensions, each title
    would be a metric of its own, and cost as one.
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
