"""MediaConvert's queues and jobs, held in memory, and the worker that encodes them.

Each public method is one operation of the API: it takes the request's members and the region by the SDK's names and returns the
answer's. Reads sources from and writes renditions to the S3 at `endpoint_url`; everything on disk is under `work_dir` while a
job runs, and gone after it. Jobs of one queue run one at a time, by priority and then age; the rest wait as SUBMITTED.
"""

import logging
import random
import re
import string
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.media.encode import Canceled, Children, EncodeError, Result, encode
from local.media.job import Encode, parse
from local.media.probe import Unreadable, inspect, probe_result
from local.media.wire import ApiError

ACCOUNT = "123456789012"
"""moto's account."""

IDEMPOTENT_SECONDS = 60
"""How long the service remembers a ClientRequestToken."""

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".cmfv": "video/mp4",
    ".cmfa": "audio/mp4",
    ".jpg": "image/jpeg",
}

log = logging.getLogger(__name__)

Answer = dict[str, Any]


@dataclass
class Job:
    """A job as the API shows it, and what the worker needs besides."""

    shown: Answer
    plan: Encode
    children: Children = field(default_factory=Children)


class Service:
    """`clock` gives seconds since the epoch."""

    def __init__(self, endpoint_url: str, work_dir: Path, clock: Callable[[], float] = time.time) -> None:
        self._work_dir, self._clock = work_dir, clock
        self._s3 = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="mediaconvert",
            aws_secret_access_key="mediaconvert",  # noqa: S106 - moto checks none, and there is no other S3 here
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
        )
        self._lock = threading.RLock()
        self._queues: dict[str, Answer] = {}
        self._jobs: dict[str, Job] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._closed = False
        work_dir.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """End every child process; nothing starts after this."""
        with self._lock:
            self._closed = True
            for job in self._jobs.values():
                job.children.cancel()

    # Queues

    def create_queue(self, request: Answer, region: str) -> Answer:
        with self._lock:
            arn = _queue_arn(request["Name"], region)
            if arn in self._queues:
                raise ApiError("ConflictException", f"Queue {request['Name']} already exists")
            if request.get("PricingPlan", "ON_DEMAND") != "ON_DEMAND":
                raise ApiError("BadRequestException", "/pricingPlan: The laptop has no RESERVED queues, only ON_DEMAND")
            self._tags[arn] = request.get("Tags", {})
            return {"Queue": self._add_queue(arn, request, "CUSTOM")}

    def get_queue(self, request: Answer, region: str) -> Answer:
        return {"Queue": self._shown_queue(self._find_queue(request["Name"], region))}

    def list_queues(self, request: Answer, region: str) -> Answer:
        self._find_queue("Default", region)
        here = [queue for arn, queue in self._queues.items() if arn.startswith(_queue_arn("", region))]
        by = "Name" if request.get("ListBy") == "NAME" else "CreatedAt"
        here.sort(key=lambda queue: queue[by], reverse=request.get("Order") == "DESCENDING")
        return _page("Queues", [self._shown_queue(queue) for queue in here], request)

    def update_queue(self, request: Answer, region: str) -> Answer:
        with self._lock:
            queue = self._find_queue(request["Name"], region)
            queue.update(
                {name: request[name] for name in ("Description", "Status", "ConcurrentJobs") if name in request}
            )
            queue["LastUpdated"] = self._clock()
            self._start_next()
            return {"Queue": self._shown_queue(queue)}

    def delete_queue(self, request: Answer, region: str) -> Answer:
        with self._lock:
            queue = self._shown_queue(self._find_queue(request["Name"], region))
            if queue["Type"] == "SYSTEM" or queue["SubmittedJobsCount"] or queue["ProgressingJobsCount"]:
                raise ApiError("ConflictException", f"Queue {request['Name']} has jobs, or is the default queue")
            del self._queues[queue["Arn"]]
            self._tags.pop(queue["Arn"], None)
            return {}

    def tag_resource(self, request: Answer, region: str) -> Answer:
        self._tags_of(request["Arn"]).update(request["Tags"])
        return {}

    def untag_resource(self, request: Answer, region: str) -> Answer:
        for key in request.get("TagKeys", []):
            self._tags_of(request["Arn"]).pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Answer, region: str) -> Answer:
        return {"ResourceTags": {"Arn": request["Arn"], "Tags": self._tags_of(request["Arn"])}}

    # Jobs

    def create_job(self, request: Answer, region: str) -> Answer:
        now, token = self._clock(), request.get("ClientRequestToken")
        with self._lock:
            for job in self._jobs.values() if token else ():
                shown = job.shown
                if shown["ClientRequestToken"] == token and now - shown["CreatedAt"] < IDEMPOTENT_SECONDS:
                    return {"Job": {**shown}}
            if token and not (token.isascii() and len(token) <= 64):
                raise ApiError(
                    "BadRequestException", f"/clientRequestToken: Should be at most 64 ASCII characters, not {token!r}"
                )
            if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", request["Role"]):
                raise ApiError(
                    "BadRequestException", f"/role: Should be the ARN of an IAM role, not {request['Role']!r}"
                )
            queue = self._find_queue(request.get("Queue", "Default"), region)
            plan = parse(request)
            name = f"{int(now * 1000)}-{''.join(random.choices(string.ascii_lowercase + string.digits, k=6))}"  # noqa: S311 - an id, no secret
            shown = {
                "Arn": f"arn:aws:mediaconvert:{region}:{ACCOUNT}:jobs/{name}",
                "Id": name,
                "CreatedAt": now,
                "Status": "SUBMITTED",
                "Queue": queue["Arn"],
                "Role": request["Role"],
                "Settings": request["Settings"],
                "UserMetadata": request.get("UserMetadata", {}),
                "Priority": request.get("Priority", 0),
                "StatusUpdateInterval": request.get("StatusUpdateInterval", "SECONDS_60"),
                "AccelerationStatus": "NOT_APPLICABLE",
                "ClientRequestToken": token,
                "Timing": {"SubmitTime": now},
            }
            self._jobs[name] = Job(shown, plan)
            self._start_next()
            return {"Job": {**shown}}

    def get_job(self, request: Answer, region: str) -> Answer:
        return {"Job": {**self._find_job(request["Id"]).shown}}

    def list_jobs(self, request: Answer, region: str) -> Answer:
        return self.search_jobs(request, region)

    def search_jobs(self, request: Answer, region: str) -> Answer:
        with self._lock:
            jobs = [{**job.shown} for job in self._jobs.values()]
        if "Queue" in request:
            queue = self._find_queue(request["Queue"], region)["Arn"]
            jobs = [job for job in jobs if job["Queue"] == queue]
        if "Status" in request:
            jobs = [job for job in jobs if job["Status"] == request["Status"]]
        if "InputFile" in request:
            jobs = [job for job in jobs if request["InputFile"] in job["Settings"]["Inputs"][0]["FileInput"]]
        jobs.sort(key=lambda job: job["CreatedAt"], reverse=request.get("Order") != "ASCENDING")
        return _page("Jobs", jobs, request)

    def cancel_job(self, request: Answer, region: str) -> Answer:
        with self._lock:
            job = self._find_job(request["Id"])
            if job.shown["Status"] not in ("SUBMITTED", "PROGRESSING"):
                raise ApiError(
                    "ConflictException", f"Job {request['Id']} is {job.shown['Status']} and cannot be canceled"
                )
            self._finish(job, Status="CANCELED")
            job.children.cancel()
            return {}

    # Probe

    def probe(self, request: Answer, region: str) -> Answer:
        """What is known of AWS's answers about files that are not video, from the model's own documentation: a format that Probe
        does not recognise leaves the container's format blank, and a file that "was recognized but appears to be malformed or
        corrupt" is an UnprocessableEntityException (422). Not known: which exceptions S3's refusals become; here 404 and 403."""
        return {"ProbeResults": [self._probe(file["FileUrl"]) for file in request.get("InputFiles", [])]}

    def _probe(self, url: str) -> Answer:
        with tempfile.TemporaryDirectory(dir=self._work_dir) as work:
            try:
                head = self._download(url, Path(work) / "source")
                metadata = {
                    "ETag": head["ETag"].strip('"'),
                    "FileSize": head["ContentLength"],
                    "LastModified": head["LastModified"].timestamp(),
                    "MimeType": head["ContentType"],
                }
                return probe_result(inspect(Path(work) / "source"), metadata)
            except EncodeError as error:
                code = {1404: "NotFoundException", 1401: "ForbiddenException"}.get(error.code, "BadRequestException")
                raise ApiError(code, str(error)) from error
            except Unreadable as error:
                if error.recognised:
                    raise ApiError(
                        "UnprocessableEntityException", f"Unable to parse input file [{url}]: [{error}]"
                    ) from error
                return probe_result(None, metadata)

    # The worker

    def _start_next(self) -> None:
        """Start the next job of every queue that may. Called with the lock held."""
        busy = {job.shown["Queue"] for job in self._jobs.values() if job.shown["Status"] == "PROGRESSING"}
        for arn, queue in self._queues.items():
            waiting = [
                job for job in self._jobs.values() if (job.shown["Queue"], job.shown["Status"]) == (arn, "SUBMITTED")
            ]
            if waiting and arn not in busy and queue["Status"] == "ACTIVE" and not self._closed:
                job = max(waiting, key=lambda job: job.shown["Priority"])  # of equals, the first
                timing = {**job.shown["Timing"], "StartTime": self._clock()}
                job.shown |= {
                    "Status": "PROGRESSING",
                    "CurrentPhase": "PROBING",
                    "JobPercentComplete": 0,
                    "Timing": timing,
                }
                threading.Thread(target=self._run, args=(job,), name=f"encode-{job.shown['Id']}", daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            with tempfile.TemporaryDirectory(dir=self._work_dir, prefix=f"{job.shown['Id']}-") as folder:
                work = Path(folder)
                self._download(job.plan.source, work / "source")
                self._show(job, CurrentPhase="TRANSCODING")
                result = encode(
                    job.plan, work, job.children, lambda share: self._show(job, JobPercentComplete=int(share * 95))
                )
                self._show(job, CurrentPhase="UPLOADING")
                self._upload(job, result, work / "out")
            messages = {"Info": [], "Warning": result.warnings[:20]}
            details = _output_details(job.plan, result)
            self._finish(job, Status="COMPLETE", JobPercentComplete=100, OutputGroupDetails=details, Messages=messages)
        except Canceled:
            self._finish(job, Status="CANCELED")
        except EncodeError as error:
            self._finish(job, Status="ERROR", ErrorCode=error.code, ErrorMessage=str(error))
        except Exception as error:
            log.exception("job %s", job.shown["Id"])
            self._finish(job, Status="ERROR", ErrorCode=1999, ErrorMessage=f"Unknown error: {error}")

    def _show(self, job: Job, **changes: Any) -> None:
        with self._lock:
            if job.shown["Status"] == "PROGRESSING":
                job.shown |= changes

    def _finish(self, job: Job, **changes: Any) -> None:
        with self._lock:
            if job.shown["Status"] in ("SUBMITTED", "PROGRESSING"):
                job.shown |= {**changes, "Timing": {**job.shown["Timing"], "FinishTime": self._clock()}}
            self._start_next()

    def _download(self, url: str, file: Path) -> Answer:
        """Fetch an `s3://bucket/key`; returns what HeadObject says of it. Raises EncodeError 1404, 1401 or 1010."""
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise EncodeError(1010, f"Unable to open input file [{url}]: the laptop reads s3://bucket/key only")
        try:
            head = self._s3.head_object(Bucket=bucket, Key=key)
            self._s3.download_file(bucket, key, str(file))
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            code = {403: 1401, 404: 1404}.get(status, 1010)
            raise EncodeError(code, f"Unable to open input file [{url}]: [S3 answered {status}]") from error
        return head

    def _upload(self, job: Job, result: Result, out: Path) -> None:
        bucket, _, prefix = job.plan.destination.removeprefix("s3://").partition("/")
        for name in result.files:
            if job.shown["Status"] != "PROGRESSING":
                raise Canceled
            kind = {"ContentType": CONTENT_TYPES[Path(name).suffix]}
            try:
                self._s3.upload_file(str(out / name), bucket, prefix + name, ExtraArgs=kind)
            except (ClientError, boto3.exceptions.S3UploadFailedError) as error:
                raise EncodeError(
                    3400, f"Unable to write output file [{job.plan.destination}{name}]: [{error}]"
                ) from error

    # Look-ups

    def _add_queue(self, arn: str, request: Answer, kind: str) -> Answer:
        now = self._clock()
        given = {name: request[name] for name in ("Name", "Description", "ConcurrentJobs") if name in request}
        plain = {
            "Status": request.get("Status", "ACTIVE"),
            "PricingPlan": "ON_DEMAND",
            "CreatedAt": now,
            "LastUpdated": now,
        }
        self._queues[arn] = {"Arn": arn, "Type": kind, **plain, **given}
        return self._shown_queue(self._queues[arn])

    def _find_queue(self, name: str, region: str) -> Answer:
        arn = name if name.startswith("arn:") else _queue_arn(name, region)
        with self._lock:
            if arn not in self._queues and arn.endswith(":queues/Default"):
                self._add_queue(arn, {"Name": "Default"}, "SYSTEM")
            if arn not in self._queues:
                raise ApiError("NotFoundException", f"Queue {arn} does not exist")
            return self._queues[arn]

    def _shown_queue(self, queue: Answer) -> Answer:
        with self._lock:
            states = [job.shown["Status"] for job in self._jobs.values() if job.shown["Queue"] == queue["Arn"]]
        counts = {"SubmittedJobsCount": states.count("SUBMITTED"), "ProgressingJobsCount": states.count("PROGRESSING")}
        return {**queue, **counts}

    def _find_job(self, name: str) -> Job:
        if name not in self._jobs:
            raise ApiError("NotFoundException", f"Job {name} does not exist")
        return self._jobs[name]

    def _tags_of(self, arn: str) -> dict[str, str]:
        if unquote(arn) not in self._queues:
            raise ApiError("NotFoundException", f"{arn} does not exist")
        return self._tags.setdefault(unquote(arn), {})


def _queue_arn(name: str, region: str) -> str:
    return f"arn:aws:mediaconvert:{region}:{ACCOUNT}:queues/{name}"


def _page(name: str, items: list[Answer], request: Answer) -> Answer:
    start, size = int(request.get("NextToken") or 0), request.get("MaxResults", 20)
    return {name: items[start : start + size], "NextToken": str(start + size) if len(items) > start + size else None}


def _output_details(plan: Encode, result: Result) -> list[Answer]:
    duration = {"DurationInMs": round(result.seconds * 1000)}
    videos = [{**duration, "VideoDetails": {"WidthInPx": w, "HeightInPx": h}} for w, h in result.sizes]
    groups = [{"OutputDetails": [*videos, *([duration] if plan.sound else [])]}]
    return [*groups, {"OutputDetails": [duration]}] if plan.poster else groups
