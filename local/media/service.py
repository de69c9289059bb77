"""MediaConvert in one region: its queues and jobs, in memory, and the worker that encodes.

Each public method but `close` is an operation of the API. It takes the request and returns the answer, both as dicts
with the SDK's names. `create_job({"Role": ..., "Settings": ...})` gives `{"Job": {"Id": ..., "Status": ...}}`. It
raises ApiError. Sources come from the S3 at `endpoint_url`, and renditions go to it. Files of a job are under
`work_dir` until the job ends. Jobs of one queue run one at a time, the oldest first; the others wait as SUBMITTED.
"""

import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.clients import client
from local.media.encode import Canceled, Children, Result, encode
from local.media.job import Encode, parse
from local.media.probe import NAMES, MediaError, inspect, track_mappings
from local.media.wire import ApiError, Json

REFUSALS = {1404: "NotFoundException", 1401: "ForbiddenException", 1010: "UnprocessableEntityException"}
"""Probe's exceptions, by the code with which a job would fail."""
IDEMPOTENT_SECONDS = 60
"""How long the service remembers a ClientRequestToken."""


@dataclass
class Job:
    """A job as the API shows it, and the worker's own data about it."""

    shown: Json
    plan: Encode
    children: Children = field(default_factory=Children)
    worker: threading.Thread | None = None


class Service:
    """`clock` gives seconds since the epoch."""

    def __init__(self, endpoint_url: str, work_dir: Path, region: str, clock: Callable[[], float] = time.time) -> None:
        # moto's account.
        self._arn = f"arn:aws:mediaconvert:{region}:123456789012:"
        self._s3 = client("s3", region, endpoint_url)
        self._work_dir, self._clock, self._endpoint, self._lock = work_dir, clock, endpoint_url, threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._queues: dict[str, Json] = {}
        self._closed = False
        self.create_queue({"Name": "Default"})["Queue"]["Type"] = "SYSTEM"

    def close(self) -> None:
        """End every child process and remove all files. Nothing starts after this."""
        with self._lock:
            self._closed = True
        for job in self._jobs.values():
            job.children.cancel()
            if job.worker:
                job.worker.join(timeout=5)

    def create_queue(self, request: Json) -> Json:
        arn, now = f"{self._arn}queues/{request['Name']}", self._clock()
        if arn in self._queues:
            raise ApiError("ConflictException", f"Queue {arn} already exists")
        plain = {"Status": "ACTIVE", "PricingPlan": "ON_DEMAND", "Type": "CUSTOM"}
        self._queues[arn] = {**plain, **request, "Arn": arn, "CreatedAt": now, "LastUpdated": now}
        return {"Queue": self._queues[arn]}

    def get_queue(self, request: Json) -> Json:
        queue = self._queue(request["Name"])
        states = [job.shown["Status"] for job in [*self._jobs.values()] if job.shown["Queue"] == queue["Arn"]]
        counts = {"SubmittedJobsCount": states.count("SUBMITTED"), "ProgressingJobsCount": states.count("PROGRESSING")}
        return {"Queue": {**queue, **counts}}

    def create_job(self, request: Json) -> Json:
        queue, plan = self._queue(request.get("Queue", "Default")), parse(request["Settings"])
        now, token = self._clock(), request.get("ClientRequestToken")
        with self._lock:
            for known in (job.shown for job in self._jobs.values() if token):
                if known.get("ClientRequestToken") == token and now - known["CreatedAt"] < IDEMPOTENT_SECONDS:
                    return {"Job": {**known}}
            name = f"{int(now * 1000)}-{secrets.token_hex(3)}"
            plain = {"Status": "SUBMITTED", "AccelerationStatus": "NOT_APPLICABLE", "UserMetadata": {}}
            own = {"Id": name, "Arn": f"{self._arn}jobs/{name}", "CreatedAt": now, "Timing": {"SubmitTime": now}}
            self._jobs[name] = Job({**plain, **request, **own, "Queue": queue["Arn"]}, plan)
            self._start_next()
            return self.get_job({"Id": name})

    def get_job(self, request: Json) -> Json:
        return {"Job": {**self._job(request["Id"]).shown}}

    def cancel_job(self, request: Json) -> Json:
        """End a job that has not ended yet. What it has written stays."""
        job = self._job(request["Id"])
        job.children.cancel()
        self._finish(job, Status="CANCELED")
        return {}

    def search_jobs(self, request: Json) -> Json:
        asked = {"Status": request["Status"]} if "Status" in request else {}
        asked |= {"Queue": self._queue(request["Queue"])["Arn"]} if "Queue" in request else {}
        jobs = [{**job.shown} for job in [*self._jobs.values()] if request.get("InputFile", "") in job.plan.source]
        jobs = [job for job in jobs if asked.items() <= {key: job[key] for key in ("Status", "Queue")}.items()]
        return _page("Jobs", jobs if request.get("Order") == "ASCENDING" else jobs[::-1], request)

    list_jobs = search_jobs

    def probe(self, request: Json) -> Json:
        """Facts about each file, such as its tracks.

        For a file that is no video this follows the model's documentation: the format of an unknown file "will be
        blank", and a file that "was recognized but appears to be malformed or corrupt" is an
        UnprocessableEntityException. It is not known what AWS answers if S3 refuses; here it is S3's 404 or 403."""
        return {"ProbeResults": [self._probe(file["FileUrl"]) for file in request.get("InputFiles", [])]}

    def _probe(self, url: str) -> Json:
        head, container = {}, {}
        with tempfile.TemporaryDirectory(dir=self._work_dir) as work:
            try:
                head = self._download(url, Path(work) / "source")
                container = inspect(Path(work) / "source")
            except MediaError as error:
                if error.code != 1010 or error.recognised:
                    refusal = REFUSALS.get(error.code, "InternalServerErrorException")
                    raise ApiError(refusal, f"[{url}]: {error}") from error
        metadata = {"ETag": head["ETag"].strip('"'), "FileSize": head["ContentLength"], "MimeType": head["ContentType"]}
        metadata["LastModified"] = head["LastModified"].timestamp()
        return {"Container": container, "Metadata": metadata, "TrackMappings": track_mappings(container)}

    def _start_next(self) -> None:
        """Start the next job of every idle queue. Called with the lock held."""
        busy = {job.shown["Queue"] for job in self._jobs.values() if job.shown["Status"] == "PROGRESSING"}
        waiting = [job for job in self._jobs.values() if job.shown["Status"] == "SUBMITTED" and not self._closed]
        for job in waiting:
            if job.shown["Queue"] not in busy:
                busy.add(job.shown["Queue"])
                timing = {**job.shown["Timing"], "StartTime": self._clock()}
                job.shown |= {"Status": "PROGRESSING", "CurrentPhase": "PROBING", "Timing": timing}
                job.worker = threading.Thread(target=self._run, args=(job,), daemon=True)
                job.worker.start()

    def _run(self, job: Job) -> None:
        def on_progress(share: float) -> None:
            job.shown |= {"CurrentPhase": "TRANSCODING", "JobPercentComplete": int(95 * share)}

        try:
            with tempfile.TemporaryDirectory(dir=self._work_dir) as work:
                self._download(job.plan.source, Path(work) / "source")
                on_progress(0)
                result = encode(job.plan, Path(work), job.children, on_progress)
                job.shown |= {"CurrentPhase": "UPLOADING"}
                self._upload(job, result, Path(work) / "out")
            messages = {"Info": [], "Warning": result.warnings}
            done = {"JobPercentComplete": 100, "OutputGroupDetails": result.details, "Messages": messages}
            self._finish(job, Status="COMPLETE", **done)
        except Canceled:
            self._finish(job, Status="CANCELED")
        except MediaError as error:
            message = f"Input file [{job.plan.source}]: {error}"
            self._finish(job, Status="ERROR", ErrorCode=error.code, ErrorMessage=message)
        except Exception as error:
            logging.getLogger(__name__).exception("job %s", job.shown["Id"])
            self._finish(job, Status="ERROR", ErrorCode=1999, ErrorMessage=f"Unknown error: {error!r}")

    def _finish(self, job: Job, **outcome: Any) -> bool:
        """End the job with this outcome, unless it has ended already."""
        with self._lock:
            if unended := job.shown["Status"] in ("SUBMITTED", "PROGRESSING"):
                job.shown |= {**outcome, "Timing": {**job.shown["Timing"], "FinishTime": self._clock()}}
            self._start_next()
        return unended

    def _download(self, url: str, file: Path) -> Json:
        """Fetch an `s3://bucket/key`. Returns the answer of HeadObject. Raises MediaError 1404, 1401 or 1999."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        try:
            found = self._s3.get_object(Bucket=bucket, Key=key)
            with file.open("wb") as copy:
                shutil.copyfileobj(found["Body"], copy, 1 << 20)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise MediaError({403: 1401, 404: 1404}.get(status, 1999), f"S3 answered {status}") from error
        return found

    def _upload(self, job: Job, result: Result, out: Path) -> None:
        bucket, _, prefix = job.plan.folder.removeprefix("s3://").partition("/")
        for name in result.files:
            if job.children.canceled:
                raise Canceled
            kind = NAMES["content_type"][Path(name).suffix]
            try:
                with (out / name).open("rb") as file:
                    self._s3.put_object(Bucket=bucket, Key=prefix + name, Body=file, ContentType=kind)
            except ClientError as error:
                raise MediaError(3400, f"Unable to write [{job.plan.folder}{name}]: [{error}]") from error

    def _queue(self, name: str) -> Json:
        arn = name if name.startswith("arn:") else f"{self._arn}queues/{name}"
        return _found(self._queues, arn)

    def _job(self, name: str) -> Job:
        return _found(self._jobs, name)


def _found(things: dict[str, Any], key: str) -> Any:
    if key not in things:
        raise ApiError("NotFoundException", f"{key} does not exist")
    return things[key]


def _page(name: str, items: list[Json], request: Json) -> Json:
    start = int(request.get("NextToken", "0"))
    end = start + request.get("MaxResults", 20)
    return {name: items[start:end], "NextToken": str(end) if end < len(items) else None}
