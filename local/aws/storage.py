"""S3: who may read without a signature, and films that need not fit into memory for each reader.

Cache nodes and the edge read unsigned here, as nodes do on AWS. moto refuses every request, signed or not, to a bucket
whose policy holds a Deny with a condition (TLS only, say), and answers 404 where AWS does not tell.

Not reproduced: Deny statements, conditions (a grant to a VPC endpoint or to a distribution holds for every unsigned
reader on this machine), access control lists, and any permission of a signed request.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey

from local.aws.mends import mend

DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


CHUNK = 1 << 20  # bytes


class Stored:
    """The bytes of moto's object `key`, read as they are sent. moto reads a whole film for every range of it."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __len__(self) -> int:
        return self._key.contentsize

    def __getitem__(self, part: slice) -> bytes:
        with self._key.lock:
            self._key._value_buffer.seek(part.start)
            return self._key._value_buffer.read(part.stop - part.start)

    def __iter__(self) -> Iterator[bytes]:
        return (self[start : start + CHUNK] for start in range(0, len(self), CHUNK))


def grants(statements: Sequence[dict[str, Any]], action: str, resource: str) -> bool:
    """Whether a bucket's policy allows `action` on `resource` to someone who is not a user or role of IAM.

    A grant to list what begins with some prefix tells nobody, here as on AWS, which other objects there are.
    """
    allowed = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in statements
        if statement["Effect"] == "Allow" and not re.search(r":iam:|s3:prefix", json.dumps(statement))
    ]
    policy = IAMPolicy(json.dumps({"Statement": allowed}))
    return policy.is_action_permitted(action, resource) == PermissionResult.PERMITTED


def install() -> None:
    """Decide about unsigned requests here, let every signed one pass, and send objects from where they lie."""

    def value(self: Any) -> Any:
        return Stored(self) if has_request_context() and request.method == "GET" else moto_value.fget(self)

    def complete(self: Any, body: Any) -> Any:
        completed = moto_complete(self, body)
        self.dispose()  # moto would keep the parts beside the whole
        return completed

    def key_response(self: Any, asked: Any, full_url: str) -> Any:
        signed = "Authorization" in asked.headers or "Signature=" in full_url
        if not signed and asked.method in ACTIONS:
            try:
                bucket = self.backend.get_bucket(self.parse_bucket_name_from_url(asked, full_url))
            except MissingBucket:
                return moto_key_response(self, asked, full_url)
            key, statements = self.parse_key_name(), json.loads(bucket.policy or '{"Statement": []}')["Statement"]
            allowed = grants(statements, ACTIONS[asked.method], f"{bucket.arn}/{key}")
            # Who may not list a bucket is not told which objects it lacks.
            if not allowed or (key not in bucket.keys and not grants(statements, "s3:ListBucket", bucket.arn)):
                return 403, {"content-type": "application/xml"}, DENIED
        return moto_key_response(self, asked, full_url)

    def notifications(self: Any) -> Any:
        status, headers, body = moto_notifications(self)
        told = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if told and told.event_bridge is not None:  # moto keeps it, and does not tell
            end = "</NotificationConfiguration>"
            body = body.replace(f'{NAMESPACE}"/>', f'{NAMESPACE}">{end}').replace(
                end, f"<EventBridgeConfiguration/>{end}"
            )
        return status, headers, body

    def permit(*_: object) -> PermissionResult:
        return PermissionResult.PERMITTED

    mend("moto.s3.models:FakeBucket.get_permission", permit)
    moto_value = mend("moto.s3.models:FakeKey.value", property(value, vars(FakeKey)["value"].fset))
    moto_complete = mend("moto.s3.models:FakeMultipart.complete", complete)
    moto_notifications = mend("moto.s3.responses:S3Response.get_bucket_notification", notifications)
    moto_key_response = mend("moto.s3.responses:S3Response._key_response", key_response)
