"""S3: what a bucket's policy allows to an unsigned reader, and how many bytes a read of a large object loads."""

import io
import pkgutil
import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from moto.moto_server.werkzeug_app import create_backend_app

from local.aws import storage
from local.aws.storage import CHUNK, Stored, grants

BUCKET = "arn:aws:s3:::media"
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def allow(principal: Any, action: Any = "s3:GetObject", resource: Any = f"{BUCKET}/v/*") -> dict[str, Any]:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition}


def test_nothing_is_granted_by_default() -> None:
    assert not grants([], "s3:GetObject", f"{BUCKET}/v/00/film")
    assert not grants([TLS_ONLY], "s3:GetObject", f"{BUCKET}/v/00/film")


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"Service": "cloudfront.amazonaws.com"}])
def test_a_grant_to_the_network_or_to_cloudfront_holds_for_its_keys_only(principal: Any) -> None:
    statements = [TLS_ONLY, allow(principal)]
    assert grants(statements, "s3:GetObject", f"{BUCKET}/v/00/film")
    assert not grants(statements, "s3:GetObject", f"{BUCKET}/uploads/film")
    assert not grants(statements, "s3:PutObject", f"{BUCKET}/v/00/film")
    assert not grants(statements, "s3:ListBucket", BUCKET)


def test_a_grant_to_a_role_is_not_for_the_unsigned() -> None:
    role = {"AWS": "arn:aws:iam::123456789012:role/encoder"}
    assert not grants([allow(role)], "s3:GetObject", f"{BUCKET}/v/00/film")


class CountingFile(io.BytesIO):
    """A file that remembers the size of each read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.reads.append(len(found))
        return found


def test_a_range_reads_no_more_than_the_range() -> None:
    content = bytes(range(256)) * 10_000
    file = CountingFile(content)
    stored = Stored(SimpleNamespace(contentsize=len(content), lock=threading.Lock(), _value_buffer=file))
    assert len(stored) == len(content)
    assert stored[1000:2000] == content[1000:2000]
    assert file.reads == [1000]


def test_a_whole_object_is_read_in_chunks() -> None:
    content = bytes(range(256)) * 10_000
    file = CountingFile(content)
    stored = Stored(SimpleNamespace(contentsize=len(content), lock=threading.Lock(), _value_buffer=file))
    assert b"".join(stored) == content
    assert max(file.reads) == CHUNK


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto's S3 as the laptop has it, asked over HTTP without a socket."""

    def mend(place: str, replacement: Any) -> Any:
        original = pkgutil.resolve_name(place)
        monkeypatch.setattr(place.replace(":", "."), replacement)
        return original

    monkeypatch.setattr(storage, "mend", mend)
    storage.install()
    with mock_aws():
        yield create_backend_app("s3").test_client()


def test_versions_are_listed_with_their_sizes_and_without_their_bytes(s3: Any) -> None:
    """A Pulumi provider that destroys a bucket asks for them."""
    where = {
        "base_url": "http://s3.amazonaws.com",
        "headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20261128/us-east-1/s3/aws4_request, Signature=y"},
    }
    s3.put("/films", **where)
    versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    s3.put("/films?versioning", data=versioned, **where)
    film = b"x" * 3_000_000
    for data in (film, b"short"):
        assert s3.put("/films/a.mp4", data=data, **where).status_code == 200
    answer = s3.get("/films?versions", **where)
    assert answer.status_code == 200, answer.data[:300]
    assert re.findall(r"<Size>(\d+)</Size>", answer.text) == ["5", "3000000"]
    assert re.findall(r"<ETag>&quot;(\w+)&quot;|<ETag>\"(\w+)\"", answer.text)
    newest, older = re.findall(r"<VersionId>([^<]+)</VersionId>", answer.text)
    assert s3.get(f"/films/a.mp4?versionId={older}", **where).data == film
    assert s3.get(f"/films/a.mp4?versionId={newest}", **where).data == b"short"
