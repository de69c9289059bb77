"""Sends films to the uploads bucket, several at once and in parts. Continues where an earlier run was interrupted."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from operate.cloud import Cloud
from operate.upload import Film, Part, content, missing, parts

FILMS_AT_ONCE = 4
Told = Callable[[Film, int], object]
"""Is called with a film and the number of its bytes that S3 has received since the last call."""


class Stopped(Exception):
    """Sending has stopped, because of Ctrl-C or because another film failed."""


class Sent(NamedTuple):
    """A film that is completely in S3."""

    film: Film
    version: str
    """S3's version id of the object."""
    kept: int
    """Bytes that an earlier run had already sent."""


class Sender:
    """Sends films, `at_once` parts at once. So many parts are in memory, each of 16 MiB for films below 160 GB."""

    def __init__(self, cloud: Cloud, at_once: int, told: Told) -> None:
        self._s3, self._bucket = cloud.client("s3"), cloud.name("uploads_bucket")
        self._at_once, self._told = at_once, told
        self._stopped = threading.Event()

    def send(self, films: Sequence[Film]) -> list[Sent]:
        """Send all films. Raises what boto3 raises, and Refusal, after the parts that are being sent have arrived."""
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
        """Id of the newest multipart upload of this key that was not completed, or of a new one."""
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
        """Join the parts to one object. Returns its version id."""
        # S3 wants the parts' checksums again, if the upload was begun with checksums. It lists them itself.
        there, named = self._parts(film, upload), ("PartNumber", "ETag", "ChecksumCRC32")
        made = [
            {name: there[part.number][name] for name in named if name in there[part.number]}
            for part in parts(film.size)
        ]
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": film.key}
        try:
            done = self._s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": made})
        except ClientError as error:
            # If the answer to a first try was lost, the second finds no such upload. Then the film is complete.
            done = self._s3.head_object(**where)
            if error.response["Error"]["Code"] != "NoSuchUpload" or done["ContentLength"] != film.size:
                raise
        return done.get("VersionId", "")


def _reap(running: set[Future[None]]) -> set[Future[None]]:
    done, rest = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest
