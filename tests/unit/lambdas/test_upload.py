"""Upload: whether the object that a job reads is the upload of its title."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas import clients, upload
from lambdas.refusals import SourceMoved, SourceRefused
from lambdas.rows import UNKNOWN_VERSION
from lambdas.shapes import Title
from tests.unit.lambdas.conftest import Stub


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    with mock_aws():
        made: Any = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket="uploads")
        made.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
        monkeypatch.setattr(clients, "client", {"s3": made}.__getitem__)
        yield made


def put(s3: Any, title: Title, body: bytes) -> Title:
    stored = s3.put_object(Bucket="uploads", Key=title["key"], Body=body)
    return {**title, "source": stored["VersionId"], "etag": stored["ETag"].strip('"'), "size": len(body)}


def test_the_upload_that_is_there(s3: Any, title: Title) -> None:
    upload.check(put(s3, title, b"film"))


def test_the_same_bytes_again_are_another_upload(s3: Any, title: Title) -> None:
    first = put(s3, title, b"film")
    put(s3, title, b"another")
    again = put(s3, title, b"film")
    assert first["etag"] == again["etag"]
    upload.check(again)
    with pytest.raises(SourceMoved):
        upload.check(first)


def test_a_replaced_upload_is_left_to_its_successors_execution(s3: Any, title: Title) -> None:
    first = put(s3, title, b"film")
    put(s3, title, b"another")
    with pytest.raises(SourceMoved):
        upload.check(first)


def test_a_deleted_upload_is_said_since_no_other_execution_will_come(s3: Any, title: Title) -> None:
    there = put(s3, title, b"film")
    s3.delete_object(Bucket="uploads", Key=title["key"])
    with pytest.raises(SourceRefused, match="deleted"):
        upload.check(there)


@pytest.mark.parametrize("code", ["403", "503"])
def test_what_s3_does_not_say_is_no_deletion(title: Title, stub: Stub, code: str) -> None:
    stub("s3").add_client_error("head_object", code)
    with pytest.raises(ClientError):
        upload.check(title)


def test_an_upload_whose_version_nobody_kept_is_known_by_its_bytes(s3: Any, title: Title) -> None:
    first: Title = {**put(s3, title, b"film"), "source": UNKNOWN_VERSION}
    upload.check(first)
    assert s3.get_object(**upload.address(first))["Body"].read() == b"film"
    put(s3, title, b"another")
    with pytest.raises(SourceMoved):
        upload.check(first)


def test_a_known_version_is_read_even_when_another_has_replaced_it(s3: Any, title: Title) -> None:
    first = put(s3, title, b"film")
    put(s3, title, b"another")
    assert s3.get_object(**upload.address(first))["Body"].read() == b"film"
