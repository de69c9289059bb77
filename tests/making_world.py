"""A small model of S3, MediaConvert and Step Functions for one title, for tests of executions that run at the same
time.

The handlers' cores and the workflow's expressions are the real ones. A job reads the content that its key has at that
moment, as MediaConvert does, and writes to the prefix that it is given. The model notes a write to a prefix that was
not empty.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lambdas.identify.core import identify
from lambdas.jobs import find
from lambdas.ladder import content_of
from lambdas.names import folder
from lambdas.plan import plan
from lambdas.prepare.core import Preparation, decided, encode, verify
from lambdas.rows import UNKNOWN_VERSION, Row
from lambdas.shapes import Title
from tests.making_kit import EXECUTION, workflow
from tests.unit.lambdas.conftest import a_source
from tests.workflow_runner import Execution, Failure, run

KEY = "films/Ein Film.mp4"
ID = "films-ein-film"
MADE = {
    "duration": 12.5,
    "width": 1280,
    "height": 720,
    "renditions": ["720p", "360p"],
    "still": "/v/x/poster.0000001.jpg",
    "opening": {"rungs": [{"bandwidth": 700_000, "files": ["index_v360p.m3u8"]}], "sounds": []},
    "manifests": "v/x/edition",
    "captions": [{"language": "de", "name": "Deutsch", "role": "subtitles"}],
    "poster": "/v/x/poster.jpg",
    "notes": [],
    "remarks": ["It ends in the middle of a packet."],
    "looked": "2026-11-22T12:00:00Z",
}
Step = Callable[[], object]


def nothing() -> None:
    """The default for events of a test: nothing happens."""


@dataclass
class World:
    """The uploads of one key, MediaConvert's jobs, executions, and the content of the media bucket."""

    table: Any
    mode: str = "on_upload"
    uploads: list[str] = field(default_factory=list[str])
    """Contents of the key, the oldest first. Empty text means a deletion."""
    jobs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The newest first."""
    media: dict[str, str] = field(default_factory=dict[str, str])
    """Content by prefix."""
    rewritten: list[str] = field(default_factory=list[str])
    """Prefixes that were not empty when a job wrote to them."""
    executions: dict[str, str] = field(default_factory=dict[str, str])
    """Status by name."""

    def put(self, content: str) -> dict[str, Any]:
        """Upload to the key. Returns the event."""
        self.uploads.append(content)
        number = len(self.uploads)
        etag = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
        item = {
            "key": KEY,
            "etag": etag,
            "size": len(content),
            "sequencer": f"{number:016X}",
            "version-id": f"v{number}",
        }
        return {"time": f"2026-11-22T12:{number:02}:00Z", "detail": {"bucket": {"name": "uploads"}, "object": item}}

    def deliver(
        self,
        event: dict[str, Any],
        *,
        reads: Step = nothing,
        ends: Step = nothing,
        before: tuple[str, Step] = ("", nothing),
        stop_at: str = "",
        stop_after: str = "",
    ) -> Execution:
        """Run an execution. `reads` is called before its job reads the source, `ends` after that and before it writes,
        `before` with each state that it starts. `stop_at` and `stop_after` are those of `run`."""
        name = f"number-{len(self.executions) + 1}"
        self.executions[name] = "RUNNING"

        def mediaconvert(job: dict[str, Any]) -> Any:
            record = {**job, "Id": str(len(self.jobs)), "Status": "PROGRESSING"}
            self.jobs.insert(0, record)
            reads()
            content = self.uploads[-1]
            ends()
            destination = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["CmafGroupSettings"]["Destination"]
            prefix = destination.removeprefix("s3://media/").removesuffix("/index")
            if prefix in self.media:
                self.rewritten.append(prefix)
            self.media[prefix] = content
            record["Status"] = "COMPLETE"
            return {"Job": record}

        answers: dict[str, Callable[[Any], Any]] = {
            "Identify": identify,
            "Does it run?": self._describe,
            "Prepare": self._prepare,
            "Encode": mediaconvert,
            "Verify": self._verify,
            "Announce": lambda _message: {},
            "Tell": lambda _message: {},
        }
        state, happens = before
        if state in answers:
            answer = answers[state]
            answers[state] = lambda asked: (happens(), answer(asked))[1]
        done = run(workflow(self.mode), event, answers, name=name, stop_at=stop_at, stop_after=stop_after)
        self.executions[name] = done.status
        return done

    def _describe(self, asked: dict[str, str]) -> Any:
        name = asked["ExecutionArn"].removeprefix(EXECUTION)
        if name not in self.executions:
            raise Failure("Sfn.ExecutionDoesNotExistException", {})
        return {"Status": self.executions[name]}

    def _prepare(self, asked: dict[str, Any]) -> Preparation:
        """The decision of lambdas.prepare.handler."""
        title, published = asked["title"], asked["published"]
        content = content_of(title["etag"])
        place = folder(title["id"])
        if published["content"] == content and f"{place}/{published['version']}" in self.media:
            return decided("SETTLE", content)
        if not asked["wanted"]:
            return decided("REGISTER", content)
        self._check(title)
        found = find(title, content, self.jobs, asked["refused"])
        if found["status"] == "RUNNING":
            return decided("WAIT", content)
        if found["status"] == "COMPLETE" and f"{place}/{found['version']}" in self.media:
            return verify(content, plan(a_source()), found)
        return encode(content, plan(a_source()), None)

    def _verify(self, asked: dict[str, Any]) -> Any:
        self._check(asked["title"])
        return MADE

    def _check(self, title: Title) -> None:
        """The check of lambdas.upload."""
        if not self.uploads[-1]:
            sentence = "The file was deleted before it was published. Upload it again."
            raise Failure("SourceRefused", {"errorMessage": sentence})
        if title["source"] not in (f"v{len(self.uploads)}", UNKNOWN_VERSION):
            raise Failure("SourceMoved", {"errorMessage": "it moved"})

    def row(self) -> dict[str, Any]:
        return self.table.get_item(Key={"id": ID}).get("Item", {})

    def plain_row(self) -> Row:
        """As a handler reads it."""
        return {name: int(value) if name == "size" else value for name, value in self.row().items()}

    def plays(self) -> str:
        """The content that a viewer sees."""
        return self.media[self.row()["prefix"]]
