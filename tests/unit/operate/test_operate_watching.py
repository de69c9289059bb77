"""The number of viewers of a title, and the languages of its sound."""

import io
import json
from typing import Any

import boto3
from botocore.stub import ANY, Stubber

from lambdas.experience import core
from lambdas.playlist import Audio
from operate import watching
from operate.cloud import Cloud
from tests.stubs import KEYS


def report(session: str, event: str, title: str = "a-film") -> str:
    """A line of the log, as the function writes it."""
    body = json.dumps({"session": session * 8, "title": title, "event": event}).encode()
    return json.dumps(core.line(core.understand(body, ["eu-west-1"]), 1, "headend-prod"))


def test_a_view_is_open_from_its_start_until_it_ends_leaves_or_fails() -> None:
    lines = [
        report("a", "start"),
        report("b", "start"),
        report("c", "start"),
        report("d", "keepalive"),
        "START RequestId: 1",
        '"a-film"',
        report("b", "end"),
        report("c", "fail"),
        report("e", "start", "a-film-2"),
    ]
    assert watching.open_views(lines, "a-film") == {"a" * 8, "d" * 8}


class Stack(Cloud):
    """A stack with a stand-in for AWS that gives prepared answers."""

    def client(self, service: str, region: str | None = None) -> Any:
        return CLIENTS[service]


CLIENTS: dict[str, Any] = {}


def stub(service: str) -> Any:
    CLIENTS[service] = boto3.client(service, region_name="eu-west-1", **KEYS)
    return Stubber(CLIENTS[service])


def stack(**outputs: Any) -> Stack:
    return Stack("prod", {"region": "eu-west-1", "media_bucket": "media", **outputs}, "https://x.example", None)


def test_only_the_titles_log_lines_are_read_and_many_viewers_are_shown_as_at_least() -> None:
    with (logs := stub("logs")):
        asked = {"logGroupName": "reports", "startTime": ANY, "filterPattern": '"a-film"'}
        logs.add_response("filter_log_events", {"events": [{"message": report("a", "start")}]}, asked)
        assert watching.now(stack(reports_log="reports"), "a-film") == "1 now, of those whose players report"
        for number in range(watching.MOST_PAGES):
            page = {"events": [{"message": report(chr(97 + number), "start")}], "nextToken": str(number)}
            more = {**asked, "nextToken": str(number - 1)} if number else asked
            logs.add_response("filter_log_events", page, more)
        assert watching.now(stack(reports_log="reports"), "a-film").startswith("at least 20 now")
    logs.assert_no_pending_responses()


def test_without_reports_there_are_no_viewers_and_an_older_stack_says_nothing() -> None:
    with (logs := stub("logs")):
        logs.add_client_error("filter_log_events", "ResourceNotFoundException")
        assert watching.now(stack(reports_log="reports"), "a-film").startswith("0 now")
    assert watching.now(stack(), "a-film") == ""


def test_languages_are_those_of_the_playlist() -> None:
    text = (
        "#EXTM3U\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="de",NAME="Deutsch",URI="a.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="en",NAME="English",'
        'CHARACTERISTICS="public.accessibility.describes-video",URI="b.m3u8"\n'
    )
    with (bucket := stub("s3")):
        bucket.add_response(
            "get_object", {"Body": io.BytesIO(text.encode())}, {"Bucket": "media", "Key": "v/00/a-film/1/index.m3u8"}
        )
        bucket.add_client_error("get_object", "NoSuchKey")
        row: Any = {"id": "a-film", "prefix": "v/00/a-film/1"}
        assert watching.languages(stack(), row) == ["de", "en (described)"]
        assert watching.languages(stack(), row) == [], "a version that is being taken down"
        assert watching.languages(stack(), {"id": "a-film"}) == []
    bucket.assert_no_pending_responses()


def test_a_track_without_a_language_has_its_name() -> None:
    assert [watching.spoken(Audio(*said)) for said in (("", "Ton 1", "", ""), ("", "", "", ""))] == ["Ton 1", "unknown"]
