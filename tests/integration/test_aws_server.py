"""The laptop's AWS as a server: who may read without a signature, what it refuses, and that it ends."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from tests.integration.aws_bench import REGION, Aws, sandboxes, start
from tests.waiting import eventually


def test_an_unsigned_read_needs_a_grant(aws: Aws) -> None:
    bucket, body = aws.bucket(), bytes(range(256)) * 16
    for key in ("v/0a/film/a b+ü.cmfv", "private.mp4"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="video/mp4")
    url = f"{aws.url}/{bucket}/v/0a/film/a%20b%2B%C3%BC.cmfv"
    assert requests.get(url, timeout=60).status_code == 403

    arn = f"arn:aws:s3:::{bucket}"
    network = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{arn}/*", "Condition": plain_http},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/v/*", "Condition": network},
    ]
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    whole = requests.get(url, timeout=60)
    assert (whole.status_code, whole.content, whole.headers["Content-Type"]) == (200, body, "video/mp4")
    assert "Access-Control-Allow-Origin" not in whole.headers
    head = requests.head(url, timeout=60)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(body)))
    part = requests.get(url, headers={"Range": "bytes=1000-1999"}, timeout=60)
    assert (part.status_code, part.content) == (206, body[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(body)}"
    assert requests.get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=60).status_code == 304
    assert requests.get(url, headers={"Range": "bytes=9999-"}, timeout=60).status_code == 416
    # S3's own host name instead of the bucket in the path.
    hosted = {"Host": f"{bucket}.s3.{REGION}.amazonaws.com"}
    assert requests.get(url.replace(f"/{bucket}", ""), headers=hosted, timeout=60).content == body

    # moto's own paths are keys of the bucket here, too.
    for path in ("/moto-api/data.json", "/moto-api/", "/latest/meta-data/iam/security-credentials/", "/favicon.ico"):
        assert requests.get(f"{aws.url}{path}", headers=hosted, timeout=60).status_code in (403, 404), path

    for absent in ("private.mp4", "v/0a/film/missing.cmfv"):
        assert requests.get(f"{aws.url}/{bucket}/{absent}", timeout=60).status_code == 403, absent
    assert requests.put(url, data=b"", timeout=60).status_code == 403
    assert aws.s3.get_object(Bucket=bucket, Key="private.mp4")["Body"].read() == body

    statements.append({"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": arn})
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert requests.get(f"{aws.url}/{bucket}/v/0a/film/missing.cmfv", timeout=60).status_code == 404


@pytest.mark.parametrize("key", ["films/line\nbreak.mp4", "end\n", "a\rb\x01 & c+d.mp4"])
def test_a_key_may_hold_line_breaks_and_other_control_characters(aws: Aws, key: str) -> None:
    bucket = aws.bucket()
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws.s3.put_object(Bucket=bucket, Key=key, Body=b"film")
    assert aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"film"
    for listed in (aws.s3.list_objects_v2, aws.s3.list_object_versions):
        found = listed(Bucket=bucket, Prefix=key[:4])
        assert [item["Key"] for item in found.get("Contents") or found["Versions"]] == [key]


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("stepfunctions", "validate_state_machine_definition", {"definition": "{}"}),
        ("sns", "list_origination_numbers", {}),
        ("ec2", "describe_fpga_images", {}),
        ("outposts", "list_outposts", {}),
    ],
)
def test_a_call_that_the_laptop_lacks_is_refused_and_not_retried(
    aws: Aws, service: str, call: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(getattr(aws, service), call)(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_server(tmp_path: Path, number: signal.Signals) -> None:
    server = start(tmp_path)
    try:
        server.invoke(server.function("def handle(event, context):\n    return 1\n"))
        busy = server.function("import time\ndef handle(event, context):\n    time.sleep(60)\n", Timeout=60)
        server.functions.invoke(FunctionName=busy, InvocationType="Event")
        assert eventually(lambda: len(sandboxes(server)) == 2)
        time.sleep(0.5)  # the second is in its handler
        server.process.send_signal(number)
        assert server.process.wait(60) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert eventually(lambda: not sandboxes(server))
    finally:
        server.process.kill()
