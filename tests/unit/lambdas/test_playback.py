"""Playback: the API's answers to a viewer's browser, and to anybody else on the internet."""

import base64
import json
import time
from typing import Any

import pytest

from lambdas import plays
from lambdas.playback import core, handler
from lambdas.rows import plain
from tests.unit.lambdas.conftest import Stub
from tests.unit.lambdas.service_model import faults

NOW = 1_800_000_000
OPERATORS = ("PROCESSING", "REJECTED", "FAILED")
"""States that are no viewer's business."""

PUBLISHED: dict[str, Any] = {
    "id": {"S": "films-apollo"},
    "name": {"S": "Apollo"},
    "state": {"S": "PUBLISHED"},
    "live": {"S": "PUBLISHED"},
    "prefix": {"S": "v/ab/films-apollo/0123456789ab"},
    "duration": {"N": "61.5"},
    "width": {"N": "1280"},
    "height": {"N": "720"},
    "renditions": {"L": [{"S": "720p"}, {"S": "360p"}]},
    "poster": {"S": "/v/ab/films-apollo/0123456789ab/poster.0000001.jpg"},
    "updated": {"S": "2026-11-22T12:00:00Z"},
    "execution": {"S": "arn:aws:states:eu-west-1:111122223333:execution:titles:1"},
    "key": {"S": "films/Apollo.mp4"},
    "etag": {"S": "0af3-2"},
    "sequencer": {"S": "0" * 14 + "0065A1B2C3D4E5F6AB"},
    "source": {"S": "WX9q0VTmZ9vTzuQ1"},
    "uploaded": {"S": "2026-11-22T12:00:00Z"},
    "size": {"N": "123456789"},
    "fault": {"S": "MediaConvert error 1040 at arn:aws:iam::111122223333:role/encode"},
}


def a_row(state: str, **more: Any) -> dict[str, Any]:
    unpublished = ("live", "prefix", "duration", "width", "height", "renditions", "poster")
    return (
        {name: value for name, value in PUBLISHED.items() if name not in unpublished} | {"state": {"S": state}} | more
    )


def ask(method: str, path: str, **query: list[str]) -> tuple[int, Any, dict[str, list[str]]]:
    """Status, body and headers, of a request as the load balancer hands it over."""
    event: Any = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:…:targetgroup/api/1"}},
        "httpMethod": method,
        "path": path,
        "multiValueQueryStringParameters": query,
        "multiValueHeaders": {"host": ["internal-api.eu-west-1.elb.amazonaws.com"]},
        "body": "",
        "isBase64Encoded": False,
    }
    answer = handler.handle(event, None)
    assert set(answer) == {"statusCode", "statusDescription", "isBase64Encoded", "multiValueHeaders", "body"}
    assert answer["statusDescription"].startswith(f"{answer['statusCode']} ")
    assert answer["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    return answer["statusCode"], json.loads(answer["body"] or "null"), answer["multiValueHeaders"]


def catalogue_has(stub: Stub, item: dict[str, Any] | None, title_id: str = "films-apollo") -> None:
    asked = {"TableName": "titles", "Key": {"id": {"S": title_id}}}
    stub("dynamodb").add_response("get_item", {"Item": item} if item else {}, asked)


def catalogue_lists(stub: Stub, items: list[Any], state: str, start: Any = None, last: Any = None) -> None:
    asked = {
        "TableName": "titles",
        "IndexName": "by-state",
        "KeyConditionExpression": "#state = :state",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}},
        "ScanIndexForward": False,
        "Limit": 200 if start else 50,
        **({"ExclusiveStartKey": start} if start else {}),
    }
    assert faults("dynamodb", "Query", asked) == []
    stub("dynamodb").add_response("query", {"Items": items, **({"LastEvaluatedKey": last} if last else {})}, asked)


def test_the_list_is_of_what_can_be_watched(stub: Stub) -> None:
    catalogue_lists(stub, [PUBLISHED], "PUBLISHED")
    status, body, headers = ask("GET", "/api/titles")
    assert (status, headers["Content-Type"]) == (200, ["application/json"])
    assert body == {
        "titles": [
            {
                "id": "films-apollo",
                "name": "Apollo",
                "state": "PUBLISHED",
                "duration": 61.5,
                "poster": "/v/ab/films-apollo/0123456789ab/poster.0000001.jpg",
            }
        ],
        "next": None,
    }


def test_page_after_page(stub: Stub) -> None:
    last = {"id": {"S": "films-apollo"}, "state": {"S": "PUBLISHED"}, "updated": {"S": "2026-11-22T12:00:00Z"}}
    catalogue_lists(stub, [PUBLISHED], "PUBLISHED", last=last)
    catalogue_lists(stub, [], "PUBLISHED", start=last)
    _, first, _ = ask("GET", "/api/titles", state=["PUBLISHED"])
    assert first["titles"][0]["name"] == "Apollo"
    # A browser encodes what it puts into a query, and the load balancer leaves it encoded.
    _, second, _ = ask("GET", "/api/titles", state=["PUBLISHED"], next=[first["next"].replace("-", "%2D")])
    assert second == {"titles": [], "next": None}


def a_token(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        *("x", "%00", "é", "'; DROP TABLE titles", "A" * 5000, "W1tbW1tb", "bnVsbA", "[" * 300, "=" * 9),
        *(
            a_token(value)
            for value in ({}, [], ["a"], ["a", 1], [["a"], "2026"], ["A b", "2026"], ["a", "x" * 60], "ab")
        ),
        a_token(["a" * 81, "2026-11-22T12:00:00Z"]),
        base64.b64encode(b"[" * 200).decode(),
        base64.b64encode(b"[" * 99_999).decode(),
    ],
)
def test_a_forged_page_is_refused_before_it_reaches_the_table(token: str) -> None:
    status, body, _ = ask("GET", "/api/titles", next=[token])
    assert status == 400
    assert "what the previous page gave" in body["error"]
    assert len(body["error"]) < 500


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"state": ["published"]}, ["'published'", "PUBLISHED, REGISTERED"]),
        *(({"state": [state]}, [f"'{state}'", "PUBLISHED, REGISTERED"]) for state in OPERATORS),
        ({"state": ["%3Cscript%3E"]}, ["'<script>'"]),
        ({"state": ["x" * 9000]}, ["xxx"]),
        ({"state": ["PUBLISHED", "FAILED"]}, ["state is given 2 times"]),
    ],
)
def test_a_bad_query_is_named(query: dict[str, list[str]], words: list[str]) -> None:
    status, body, headers = ask("GET", "/api/titles", **query)
    assert (status, headers["Content-Type"]) == (400, ["application/json"])
    assert all(word in body["error"] for word in words)
    assert len(body["error"]) < 500, "an answer must not grow with the attack"


def test_no_query_at_all(stub: Stub) -> None:
    catalogue_lists(stub, [], "PUBLISHED")
    event: Any = {"httpMethod": "GET", "path": "/api/titles", "multiValueQueryStringParameters": None}
    assert handler.handle(event, None)["statusCode"] == 200


def test_one_title(stub: Stub) -> None:
    catalogue_has(stub, PUBLISHED)
    status, body, _ = ask("GET", "/api/titles/films-apollo")
    assert status == 200
    assert (body["renditions"], body["width"], body["height"]) == (["720p", "360p"], 1280, 720)
    assert isinstance(body["width"], int)


@pytest.mark.parametrize("path", ["/api/titles", "/api/titles/films-apollo", "/api/titles/films-apollo/play"])
def test_no_answer_holds_what_is_for_operators(stub: Stub, path: str) -> None:
    item = {**PUBLISHED, "reason": {"S": "Something went wrong on our side."}}
    catalogue_has(stub, item) if path.count("/") > 2 else catalogue_lists(stub, [item], "PUBLISHED")
    _, body, _ = ask("POST" if path.endswith("play") else "GET", path)
    text = json.dumps(body)
    for secret in ("arn:aws", "0af3-2", "films/Apollo.mp4", "1040", "went wrong"):
        assert secret not in text


@pytest.mark.parametrize(
    ("state", "lazily"),
    [*((state, False) for state in (*OPERATORS, "REGISTERED")), ("REJECTED", True), ("FAILED", True)],
)
@pytest.mark.parametrize("path", ["/api/titles/films-apollo", "/api/titles/films-apollo/play"])
def test_a_title_that_is_not_offered_gets_the_answer_of_one_that_does_not_exist(
    stub: Stub, request: pytest.FixtureRequest, path: str, state: str, lazily: bool
) -> None:
    if lazily:
        request.getfixturevalue("on_request")
    method = "POST" if path.endswith("play") else "GET"
    catalogue_has(stub, a_row(state, reason={"S": "It is a text."}))
    known = ask(method, path)
    catalogue_has(stub, None)
    assert known == ask(method, path)
    assert known[0] == 404


@pytest.mark.parametrize("state", OPERATORS)
def test_a_title_that_plays_is_shown_as_that_whatever_became_of_its_next_version(stub: Stub, state: str) -> None:
    catalogue_has(stub, PUBLISHED)
    before = ask("GET", "/api/titles/films-apollo")
    catalogue_has(stub, {**PUBLISHED, "state": {"S": state}, "reason": {"S": "The new file is a text."}})
    assert ask("GET", "/api/titles/films-apollo") == before


def test_a_stack_that_encodes_uploads_at_once_offers_no_title_to_be_made() -> None:
    # A query to the table would raise, for want of an answer.
    assert ask("GET", "/api/titles", state=["REGISTERED"])[:2] == (200, {"titles": [], "next": None})


@pytest.mark.usefixtures("on_request")
def test_titles_that_can_be_made_on_request_are_listed(stub: Stub) -> None:
    catalogue_lists(stub, [a_row("REGISTERED")], "REGISTERED")
    assert [row["state"] for row in ask("GET", "/api/titles", state=["REGISTERED"])[1]["titles"]] == ["REGISTERED"]


@pytest.mark.parametrize("path", ["/api/titles/nothing-here", "/api/titles/nothing-here/play"])
def test_no_such_title(stub: Stub, path: str) -> None:
    catalogue_has(stub, None, "nothing-here")
    status, body, _ = ask("POST" if path.endswith("play") else "GET", path)
    assert status == 404
    assert "nothing-here" in body["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/api", "/api/titles/", "/api/title", "/api/titles//play", "/api/titles/a/b", "/api/titles/A"),
        *(
            "/api/titles/..%2f..",
            "/api/titles/%00",
            "/api/titles/a/play/",
            "/api/titles/" + "a" * 81,
            "",
            "/api/titles\n",
        ),
    ],
)
def test_a_request_for_an_impossible_title_never_reaches_the_table(path: str) -> None:
    assert ask("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/titles", "GET, HEAD"),
        ("OPTIONS", "/api/titles/a", "GET, HEAD"),
        ("POST", "/api/titles/a", "GET, HEAD"),
        ("GET", "/api/titles/a/play", "POST"),
        ("X" * 1000, "/api/titles", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(method: str, path: str, allow: str) -> None:
    status, body, headers = ask(method, path)
    assert (status, headers["Allow"]) == (405, [allow])
    assert len(body["error"]) < 200


def test_head_is_get_without_a_body(stub: Stub) -> None:
    catalogue_has(stub, PUBLISHED)
    assert ask("HEAD", "/api/titles/films-apollo")[:2] == (200, None)


def test_play(stub: Stub) -> None:
    catalogue_has(stub, PUBLISHED)
    status, body, headers = ask("POST", "/api/titles/films-apollo/play")
    assert status == 200
    assert body == {
        "id": "films-apollo",
        "name": "Apollo",
        "hls": "/v/ab/films-apollo/0123456789ab/index.m3u8",
        "dash": "/v/ab/films-apollo/0123456789ab/index.mpd",
        "poster": "/v/ab/films-apollo/0123456789ab/poster.0000001.jpg",
        "duration": 61.5,
        "reports": 0.0,
    }
    assert "Set-Cookie" not in headers


def test_play_says_what_to_fetch_first_where_the_row_does(stub: Stub) -> None:
    rung = {"bandwidth": 700_000, "files": ["index_v360p.m3u8", "index_v360pinit.cmfv", "index_v360p_000000001.cmfv"]}
    opening = {"rungs": [rung], "sounds": []}
    catalogue_has(stub, {**PUBLISHED, "opening": {"S": json.dumps(opening)}, "manifests": {"S": "v/ab/films-apollo/e"}})
    body = ask("POST", "/api/titles/films-apollo/play")[1]
    assert body["hls"] == "/v/ab/films-apollo/e/index.m3u8"
    assert body["opening"] == {"base": "/v/ab/films-apollo/0123456789ab/", **opening}


def test_a_play_is_counted_and_the_canarys_is_not(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(handler, "SAMPLER", plays.Sampler())
    monkeypatch.setattr(handler, "REPORTS", 1)
    stub("dynamodb")
    counted: list[str] = []

    def update(params: dict[str, Any], **_: Any) -> None:
        counted.append(params["Key"]["id"]["S"])

    stub("dynamodb").client.meta.events.register("before-parameter-build.dynamodb.UpdateItem", update)
    catalogue_has(stub, PUBLISHED)
    stub("dynamodb").add_response("update_item", {})
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 200
    day = plays.day_of(time.time())
    assert counted == [plays.item("films-apollo", day)]
    catalogue_has(stub, PUBLISHED)
    event: Any = {"httpMethod": "POST", "path": "/api/titles/films-apollo/play"}
    event["multiValueHeaders"] = {"user-agent": [plays.CANARY]}
    assert handler.handle(event, None)["statusCode"] == 200
    assert len(counted) == 1
    assert capsys.readouterr().out.count("PlaysToReport") == 2, "one line, which has the name and the value"


def test_a_play_that_cannot_be_counted_is_answered_all_the_same(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "SAMPLER", plays.Sampler())
    catalogue_has(stub, PUBLISHED)
    stub("dynamodb").add_client_error("update_item", "ProvisionedThroughputExceededException")
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 200


def test_the_share_of_views_that_report_is_told_and_is_what_a_play_counts_for(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports of every fourth view are compared with a fourth of the plays."""
    monkeypatch.setattr(handler, "REPORTS", 0.25)
    catalogue_has(stub, PUBLISHED)
    assert ask("POST", "/api/titles/films-apollo/play")[1]["reports"] == 0.25
    line = json.loads(capsys.readouterr().out)
    assert line["PlaysToReport"] == 0.25
    assert [metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == ["PlaysToReport"]


@pytest.mark.parametrize("state", ["PUBLISHED", "PROCESSING", "FAILED"])
def test_a_title_plays_on_while_it_is_encoded_anew_or_that_fails(stub: Stub, state: str) -> None:
    catalogue_has(stub, {**PUBLISHED, "state": {"S": state}, "reason": {"S": "The new file is a text."}})
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 200


@pytest.mark.usefixtures("on_request")
def test_a_viewer_who_asked_is_told_when_to_come_back(stub: Stub) -> None:
    catalogue_has(stub, a_row("PROCESSING"))
    status, body, headers = ask("POST", "/api/titles/films-apollo/play")
    assert (status, body, headers["Retry-After"]) == (202, {"state": "REGISTERED", "retry_after": 10}, ["10"])


@pytest.fixture
def on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "STATE_MACHINE", "arn:aws:states:eu-west-1:111122223333:stateMachine:titles")
    monkeypatch.setattr(handler, "UPLOADS_BUCKET", "uploads")
    monkeypatch.setattr(time, "time", lambda: float(NOW))


def expect_a_start(stub: Stub) -> dict[str, str]:
    asked = core.start(plain(a_row("REGISTERED")), "uploads", NOW)
    asked["stateMachineArn"] = "arn:aws:states:eu-west-1:111122223333:stateMachine:titles"
    assert faults("stepfunctions", "StartExecution", asked) == []
    return asked


@pytest.mark.usefixtures("on_request")
def test_the_first_request_starts_the_encode(stub: Stub) -> None:
    catalogue_has(stub, a_row("REGISTERED"))
    answer: Any = {"executionArn": "arn:1", "startDate": NOW}
    stub("stepfunctions").add_response("start_execution", answer, expect_a_start(stub))
    assert ask("POST", "/api/titles/films-apollo/play")[:2] == (202, {"state": "REGISTERED", "retry_after": 10})


@pytest.mark.usefixtures("on_request")
def test_a_new_upload_of_a_title_that_plays_is_encoded_when_it_is_asked_for(stub: Stub) -> None:
    catalogue_has(stub, {**PUBLISHED, **a_row("PUBLISHED"), "outcome": {"S": "REGISTERED"}})
    answer: Any = {"executionArn": "arn:1", "startDate": NOW}
    stub("stepfunctions").add_response("start_execution", answer, expect_a_start(stub))
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 200, "and the old version plays on"


@pytest.mark.usefixtures("on_request")
def test_a_title_that_an_earlier_release_registered_is_encoded_too(stub: Stub) -> None:
    row = {name: value for name, value in a_row("REGISTERED").items() if name not in ("source", "uploaded")}
    catalogue_has(stub, row)
    asked = core.start(plain(row), "uploads", NOW)
    asked["stateMachineArn"] = str(handler.STATE_MACHINE)
    answer: Any = {"executionArn": "arn:1", "startDate": NOW}
    stub("stepfunctions").add_response("start_execution", answer, asked)
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 202
    event = json.loads(asked["input"])
    assert (event["time"], event["detail"]["object"]["version-id"]) == ("2026-11-22T12:00:00Z", "unknown")


@pytest.mark.usefixtures("on_request")
def test_the_second_request_is_answered_the_same(stub: Stub) -> None:
    catalogue_has(stub, a_row("REGISTERED"))
    stub("stepfunctions").add_client_error(
        "start_execution", "ExecutionAlreadyExists", expected_params=expect_a_start(stub)
    )
    assert ask("POST", "/api/titles/films-apollo/play")[0] == 202


@pytest.mark.usefixtures("on_request")
@pytest.mark.parametrize(("state", "status"), [("PROCESSING", 202), ("PUBLISHED", 200), ("REJECTED", 404)])
def test_nothing_else_starts_an_encode(stub: Stub, state: str, status: int) -> None:
    catalogue_has(stub, PUBLISHED if state == "PUBLISHED" else a_row(state))
    # A call to Step Functions would have no answer here, so it would raise, and the API would answer 503.
    assert ask("POST", "/api/titles/films-apollo/play")[0] == status


def test_an_execution_starts_from_what_an_upload_event_says() -> None:
    row = plain(a_row("REGISTERED"))
    started = core.start(row, "uploads", NOW)
    event = json.loads(started["input"])
    assert event["requested"] is True
    assert event["time"] == row["uploaded"]
    assert event["detail"]["bucket"] == {"name": "uploads"}
    upload = {field: row[field] for field in ("key", "etag", "size", "sequencer")}
    assert event["detail"]["object"] == {**upload, "version-id": row["source"]}
    again = core.start(row, "uploads", NOW + 1)
    assert again == started, "one execution for everyone who asks now"
    assert core.start(row, "uploads", NOW + core.START_WINDOW)["name"] != started["name"], "and another, should it die"
    assert core.start({**row, "sequencer": "1"}, "uploads", NOW)["name"] != started["name"]
    longest = core.start({**row, "id": "a" * 80}, "uploads", NOW)["name"]
    assert len(longest) <= 80


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_a_catalogue_that_cannot_be_read_is_a_503_without_details(stub: Stub, code: str) -> None:
    stub("dynamodb").add_client_error("get_item", code, "User arn:aws:sts::111122223333:role is not authorized")
    status, body, headers = ask("GET", "/api/titles/films-apollo")
    assert (status, headers["Retry-After"]) == (503, ["5"])
    assert "arn:" not in body["error"]


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"N": "61.5"}, 61.5),
        ({"N": "61"}, 61),
        ({"NULL": True}, None),
        ({"BOOL": True}, True),
        ({"L": [{"N": "1"}, {"S": "a"}]}, [1, "a"]),
    ],
)
def test_dynamodbs_values(stored: Any, value: Any) -> None:
    assert plain({"x": stored})["x"] == value
    json.dumps(value)
