"""S3: decides about reads without a signature, and sends films from disk instead of memory.

Cache nodes and the edge read without a signature here, as nodes do on AWS. If a bucket's policy holds a Deny with a
condition (such as TLS only), moto refuses every request, signed or not. And where AWS answers 403, so as not to say
whether an object exists, moto answers 404.

Not reproduced: Deny statements; conditions (a grant to a VPC endpoint or to a distribution is valid for every unsigned
reader on this machine); access control lists; permissions of signed requests.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import unescape

from flask import has_request_context, request
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey

from local.aws.mends import mend

DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
NAMED = re.compile(r"(<(?:Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>)([^<]*)</")
"""Elements of a listing that hold keys or parts of them."""


CHUNK = 1 << 20  # bytes


class Stored:
    """The bytes of moto's object `key`, read while they are sent. moto itself reads a whole film for every range."""

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


class Unread(bytes):
    """Stands for an object's bytes in a copy of it that nobody reads: empty, and as long as they are."""

    size = 0

    def __len__(self) -> int:
        return self.size


def grants(statements: Sequence[dict[str, Any]], action: str, resource: str) -> bool:
    """Whether a bucket's policy allows `action` on `resource` to somebody who is not a user or role of IAM.

    A grant to list only keys with some prefix does not count: as on AWS, it does not show which other objects exist.
    """
    allowed = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in statements
        if statement["Effect"] == "Allow" and not re.search(r":iam:|s3:prefix", json.dumps(statement))
    ]
    policy = IAMPolicy(json.dumps({"Statement": allowed}))
    return policy.is_action_permitted(action, resource) == PermissionResult.PERMITTED


def install() -> None:
    """Decide about unsigned requests here, let every signed request pass, and send objects from disk."""

    def value(self: Any) -> Any:
        return Stored(self) if has_request_context() and request.method == "GET" else moto_value.fget(self)

    def state(self: Any) -> dict[str, Any]:
        # To list versions, moto copies every object with its bytes, which a read here does not load.
        if not (has_request_context() and request.method == "GET"):
            return moto_state(self)
        left = Unread()
        left.size = self.contentsize
        kept = {name: kept for name, kept in vars(self).items() if name not in ("_value_buffer", "lock")}
        return {**kept, "_etag": self.etag.strip('"'), "value": left}

    def complete(self: Any, body: Any) -> Any:
        completed = moto_complete(self, body)
        self.dispose()  # otherwise moto keeps the parts beside the whole object
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
            # A reader that may not list a bucket must not learn which objects it lacks.
            if not allowed or (key not in bucket.keys and not grants(statements, "s3:ListBucket", bucket.arn)):
                return 403, {"content-type": "application/xml"}, DENIED
        return moto_key_response(self, asked, full_url)

    def notifications(self: Any) -> Any:
        status, headers, body = moto_notifications(self)
        told = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if told and told.event_bridge is not None:  # moto keeps this setting, but does not return it
            end = "</NotificationConfiguration>"
            body = body.replace(f'{NAMESPACE}"/>', f'{NAMESPACE}">{end}').replace(
                end, f"<EventBridgeConfiguration/>{end}"
            )
        return status, headers, body

    def versions(self: Any) -> Any:
        status, headers, body = moto_versions(self)
        # As in other listings, S3 encodes what XML cannot hold if it is asked to.
        if "encoding-type" in self.querystring:
            body = NAMED.sub(lambda found: f"{found[1]}{quote(unescape(found[2]))}</", body)
            body = body.replace("<Name>", "<EncodingType>url</EncodingType><Name>", 1)
        return status, headers, body

    def part_of_an_address(self: Any, *asked: Any) -> None:
        moto_part(self, *asked)
        self.regex = f"(?s:{self.regex})"  # a key may hold a line break

    def permit(*_: object) -> PermissionResult:
        return PermissionResult.PERMITTED

    mend("moto.s3.models:FakeBucket.get_permission", permit)
    moto_value = mend("moto.s3.models:FakeKey.value", property(value, vars(FakeKey)["value"].fset))
    moto_state = mend("moto.s3.models:FakeKey.__getstate__", state)
    moto_complete = mend("moto.s3.models:FakeMultipart.complete", complete)
    moto_notifications = mend("moto.s3.responses:S3Response.get_bucket_notification", notifications)
    moto_versions = mend("moto.s3.responses:S3Response.list_object_versions", versions)
    moto_part = mend("moto.moto_server.utilities:RegexConverter.__init__", part_of_an_address)
    moto_key_response = mend("moto.s3.responses:S3Response._key_response", key_response)
