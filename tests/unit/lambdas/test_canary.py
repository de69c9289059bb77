"""The canary: it reports that a viewer could not watch, with the step that failed."""

import functools
import http.server
import importlib
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas import clients
from lambdas.canary.core import Fetched, NotServed, image_age_days, walk

MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360\nindex_v360p.m3u8\n"
RENDITION = '#EXTM3U\n#EXT-X-MAP:URI="index_v360pinit.mp4"\n#EXTINF:6.0,\nindex_v360p_1.mp4\n#EXT-X-ENDLIST\n'
SERVED = {
    ("GET", "/api/titles"): json.dumps({"titles": [{"id": "a-film"}], "next": None}),
    ("POST", "/api/titles/a-film/play"): json.dumps({"hls": "/v/0a/a-film/1/index.m3u8"}),
    ("GET", "/v/0a/a-film/1/index.m3u8"): MASTER,
    ("GET", "/v/0a/a-film/1/index_v360p.m3u8"): RENDITION,
    ("GET", "/v/0a/a-film/1/index_v360pinit.mp4"): "init",
    ("GET", "/v/0a/a-film/1/index_v360p_1.mp4"): "segment",
}


class Edge:
    """Answers from a table. Renditions need the cookie that Play set."""

    def __init__(self, **changed: Any) -> None:
        self.changed, self.asked = changed, list[str]()

    def __call__(self, method: str, path: str, headers: Mapping[str, str]) -> Fetched:
        self.asked.append(path)
        name = path.rpartition("/")[2]
        if name in self.changed:
            status, body = self.changed[name]
            return Fetched(status, body, [])
        if path.startswith("/v/") and headers.get("Cookie") != "CloudFront-Policy=p; CloudFront-Signature=s":
            return Fetched(403, b"", [])
        cookies = ["CloudFront-Policy=p; Path=/v/0a/a-film", "CloudFront-Signature=s; Secure"]
        return Fetched(200, SERVED[method, path].encode(), cookies if name == "play" else [])


def test_it_watches_as_a_player_does_with_the_cookies_that_open_the_film() -> None:
    edge = Edge()
    assert walk(edge) == "a-film"
    assert edge.asked == [path for _, path in SERVED]


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("titles", (503, b""), "GET /api/titles answered 503"),
        ("play", (202, b"{}"), "POST /api/titles/a-film/play answered 202"),
        ("index.m3u8", (200, b"#EXTM3U\n"), "/v/0a/a-film/1/index.m3u8 lists no rendition"),
        ("index_v360p.m3u8", (200, b"#EXTM3U\n"), "/v/0a/a-film/1/index_v360p.m3u8 lists no segment"),
        ("index_v360p_1.mp4", (504, b""), "GET /v/0a/a-film/1/index_v360p_1.mp4 answered 504"),
        ("index_v360p_1.mp4", (200, b""), "/v/0a/a-film/1/index_v360p_1.mp4 is empty"),
    ],
)
def test_each_step_that_fails_is_named(name: str, answer: tuple[int, bytes], said: str) -> None:
    with pytest.raises(NotServed) as caught:
        walk(Edge(**{name: answer}))
    assert str(caught.value) == said


def test_a_platform_without_a_film_is_not_down() -> None:
    assert walk(Edge(titles=(200, b'{"titles": [], "next": null}'))) is None


# What it says


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that answers 503 to everything."""

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, host: str) -> Any:
    for name, value in {
        "HOST": host, "IMAGE": "", "STACK": "headend-dev", "NAMESPACE": "Headend/Canary",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "client", functools.partial(boto3.client, region_name="us-east-1"))
    return importlib.reload(importlib.import_module("lambdas.canary.handler"))


@pytest.mark.parametrize("watched", [True, False])
@mock_aws
def test_it_says_what_it_saw(handler: Any, monkeypatch: pytest.MonkeyPatch, watched: bool) -> None:
    if watched:
        monkeypatch.setattr(handler, "fetch", Edge())
    # Otherwise the connection is real, to a host without TLS, so every step fails.
    handler.handle({}, None)
    told = boto3.client("cloudwatch", region_name="us-east-1").list_metrics(Namespace="Headend/Canary")["Metrics"]
    assert {metric["MetricName"] for metric in told} == ({"Available", "StartSeconds"} if watched else {"Available"})
    assert {tuple(sorted(it.items())) for metric in told for it in metric["Dimensions"]} == {
        (("Name", "Stack"), ("Value", "headend-dev"))
    }
    [value] = boto3.client("cloudwatch", region_name="us-east-1").get_metric_statistics(
        Namespace="Headend/Canary", MetricName="Available", Period=60, Statistics=["Average"],
        Dimensions=[{"Name": "Stack", "Value": "headend-dev"}], StartTime="2020-01-01", EndTime="2040-01-01",
    )["Datapoints"]  # fmt: skip
    assert value["Average"] == (1 if watched else 0)


NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "days"), [("2026-11-18T00:00:00.000Z", 10.5), ("2026-11-28T12:00:00.000Z", 0), (None, 365)]
)
def test_an_image_is_as_old_as_aws_says_and_one_that_is_gone_is_older_than_any(
    created: str | None, days: float
) -> None:
    assert image_age_days(created, NOON) == days


class Ec2:
    """EC2, with one answer or one refusal."""

    def __init__(self, images: list[dict[str, str]] | None = None, code: str = "") -> None:
        self.images, self.code = images, code

    def describe_images(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"ImageIds": ["ami-1"], "IncludeDeprecated": True}
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": ""}}, "DescribeImages")
        return {"Images": self.images}


@pytest.mark.parametrize(
    ("ec2", "told"),
    [
        (Ec2([{"CreationDate": "2020-01-01T00:00:00.000Z"}]), True),
        (Ec2([]), True),
        (Ec2(code="InvalidAMIID.Unavailable"), True),
        (Ec2(code="InvalidAMIID.NotFound"), True),
        (Ec2(code="RequestLimitExceeded"), False),
        (Ec2(code="UnauthorizedOperation"), False),
    ],
)
def test_the_age_of_the_image_is_told_beside_and_never_instead_of_the_film(
    handler: Any, monkeypatch: pytest.MonkeyPatch, ec2: Ec2, told: bool
) -> None:
    put: list[dict[str, Any]] = []

    class CloudWatch:
        def put_metric_data(self, **said: Any) -> None:
            put.extend(said["MetricData"])

    made = {"ec2": ec2, "cloudwatch": CloudWatch()}
    monkeypatch.setattr(clients, "client", made.__getitem__)
    monkeypatch.setattr(handler, "IMAGE", "ami-1")
    monkeypatch.setattr(handler, "fetch", Edge())
    handler.handle({}, None)
    values = {item["MetricName"]: item["Value"] for item in put}
    assert values["Available"] == 1
    assert ("ImageAgeDays" in values) == told
    assert values.get("ImageAgeDays", 365) >= 365
