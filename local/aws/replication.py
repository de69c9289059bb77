"""S3's replication: objects that are written to a bucket are copied to others some time later, as its rules say.

moto keeps the rules and copies nothing. A copy is made `HEADEND_REPLICATION_SECONDS` (2) after the write. S3 itself
promises no time: most objects take seconds, and some take hours.

Not reproduced: rules that choose by tag, replicas in another account or storage class, and the replication status of
objects. As on AWS, an object that was written before the rules existed is not copied.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.s3.notifications import S3NotificationEvent as S3Event

from local.aws.mends import mend

log = logging.getLogger(__name__)

DUE = float(os.environ.get("HEADEND_REPLICATION_SECONDS", "2"))


def destinations(rules: list[dict[str, Any]], key: str, *, marker: bool) -> Iterator[str]:
    """The buckets to which `key` is copied, by moto's parsed rules. A rule must say that it copies delete markers."""
    for rule in rules:
        prefix = (rule.get("Filter") or {}).get("Prefix") or rule.get("Prefix") or ""
        wanted = not marker or rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled"
        if rule["Status"] == "Enabled" and wanted and key.startswith(prefix):
            yield rule["Destination"]["Bucket"].rpartition(":")[2]


def install(delay: float = DUE) -> None:
    """Copy each object that is written to a bucket with rules, `delay` seconds later, in the order of the writes."""
    waiting: queue.SimpleQueue[tuple[float, str, str, Any]] = queue.SimpleQueue()

    def note(account: str, bucket: Any, key: Any) -> None:
        marker = isinstance(key, FakeDeleteMarker)
        for name in destinations((getattr(bucket, "replication", None) or {}).get("Rule", []), key.name, marker=marker):
            waiting.put((time.monotonic() + delay, account, name, key))

    def copy() -> None:
        while True:
            due, account, destination, key = waiting.get()
            time.sleep(max(0.0, due - time.monotonic()))
            s3 = s3_backends[account]["aws"]
            try:
                if isinstance(key, FakeDeleteMarker):
                    s3.delete_object(destination, key.name)
                else:
                    s3.copy_object(key, destination, key.name)
            except Exception:
                log.exception("%s was not copied to %s", key.name, destination)  # go on with the next one

    def send_event(account_id: str, event_name: S3Event, bucket: Any, key: Any) -> None:
        moto_send_event(account_id, event_name, bucket, key)
        # moto completes a multipart upload with its own put, whose key has no metadata yet.
        if ":ObjectCreated:" in event_name and (
            event_name != S3Event.OBJECT_CREATED_PUT_EVENT or key.multipart is None
        ):
            note(account_id, bucket, key)

    def set_delete_marker(self: Any, bucket_name: str, key_name: str) -> Any:
        marker = moto_set_delete_marker(self, bucket_name, key_name)
        note(self.account_id, self.get_bucket(bucket_name), marker)
        return marker

    moto_send_event = mend("moto.s3.notifications:send_event", send_event)
    moto_set_delete_marker = mend("moto.s3.models:S3Backend._set_delete_marker", set_delete_marker)
    threading.Thread(target=copy, name="replication", daemon=True).start()
