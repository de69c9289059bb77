"""Sends films to the uploads bucket: several at a time, in parts, going on where an earlier run was interrupted."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from operate.cloud import Cloud
from operate.upload import Film, Part, content, missing, parts

FILMS_AT_ONCE = 4
Told = Callable[[Film, int], object]
"""Hears how many bytes more of a film are there."""


class Stopped(Exception):
    """Nothing more is sent: Ctrl-C, or another film's failure."""


class Sent(NamedTuple):
    """A film that S3 has."""

    film: Film
    version: str
    """Of the object."""
    kept: int
    """Bytes that an earlier run had sent."""


class Sender:
    """Sends films, `at_once` parts at a time; memory holds as many parts, of 16 MiB for films below 160 GB."""

    def __init__(self, cloud: Cloud, at_once: int, told: Told) -> None:
        self._s3, self._bucket = cloud.client("s3"), cloud.name("uploads_bucket")
        self._at_once, self._told = at_once, told
        self._stopped = threading.Event()

    def send(self, films: Sequence[Film]) -> list[Sent]:
        """Send them all. Raises what boto3 does, and Refusal, once what was on its way has arrived."""
        with ThreadPoolExecutor(self._at_once) as parts_pool, ThreadPoolExecutor(FILMS_AT_ONCE) as pool:
            futures = [pool.submit(self._film, film, parts_pool) for film in films]
            try:
                done, _ = wait(futures, return_when="FIRST_EXCEPTION")
                for future in done:
                    future.result()
                return [future.result() for future in futures]
            except BaseException:
                self._stopped.set()
                raise

    def _film(self, film: Film, pool: ThreadPoolExecutor) -> Sent:
        if self._stopped.is_set():
            raise Stopped
        if len(parts(film.size)) == 1:
            body = content(film, parts(film.size)[0])
            made = self._s3.put_object(Bucket=self._bucket, Key=film.key, Body=body)
            self._told(film, film.size)
            return Sent(film, made.get("VersionId", ""), 0)
        upload = self._begun(film)
        kept = {number: (part["ETag"], part["Size"]) for number, part in self._parts(film, upload).items()}
        wanted = list(missing(film, kept))
        there = film.size - sum(part.size for part in wanted)
        self._told(film, there)
        running: set[Future[None]] = set()
        for part in wanted:
            if len(running) >= self._at_once:
                running = _reap(running)
            running.add(pool.submit(self._part, film, upload, part))
        while running:
            running = _reap(running)
        return Sent(film, self._complete(film, upload), there)

    def _part(self, film: Film, upload: str, part: Part) -> None:
        if self._stopped.is_set():
            raise Stopped
        where = {"Bucket": self._bucket, "Key": film.key, "UploadId": upload, "PartNumber": part.number}
        self._s3.upload_part(**where, Body=content(film, part), ChecksumAlgorithm="CRC32")
        self._told(film, part.size)

    def _begun(self, film: Film) -> str:
        """The newest upload of this key that was begun and not ended, or a new one."""
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=film.key)
        begun = [item for page in pages for item in page.get("Uploads", ()) if item["Key"] == film.key]
        if begun:
            return max(begun, key=lambda item: item["Initiated"])["UploadId"]
        asked = {"Bucket": self._bucket, "Key": film.key, "ChecksumAlgorithm": "CRC32"}
        return self._s3.create_multipart_upload(**asked)["UploadId"]

    def _parts(self, film: Film, upload: str) -> dict[int, dict[str, Any]]:
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=film.key, UploadId=upload)
        return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}

    def _complete(self, film: Film, upload: str) -> str:
        """Make the parts one object: its version."""
        # As S3 lists them: with the checksums, which it wants to hear again from an upload that was begun with them.
        there, named = self._parts(film, upload), ("PartNumber", "ETag", "ChecksumCRC32")
        made = [
            {name: there[part.number][name] for name in named if name in there[part.number]}
            for part in parts(film.size)
        ]
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": film.key}
        try:
            done = self._s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": made})
        except ClientError as error:
            # The answer to a first try was lost, and the second finds no such upload: then the film is there.
            done = self._s3.head_object(**where)
            if error.response["Error"]["Code"] != "NoSuchUpload" or done["ContentLength"] != film.size:
                raise
        return done.get("VersionId", "")


def _reap(running: set[Future[None]]) -> set[Future[None]]:
    done, rest = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest
