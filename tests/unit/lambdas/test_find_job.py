"""Find job: an encode is not paid for twice, and one that failed is made again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.find_job import handler
from lambdas.find_job.core import OWN, find, search
from lambdas.shapes import Title
from tests.unit.lambdas.conftest import Stub
from tests.unit.lambdas.service_model import faults

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_job(title: Title, status: str, *, id: str = "1", hours: int = 1, other: dict[str, str] | None = None) -> Any:
    return {
        "Id": id,
        "Status": status,
        "CreatedAt": NOW - timedelta(hours=hours),
        "UserMetadata": {**{field: title[own] for field, own in OWN.items()}, **(other or {})},
    }


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("SUBMITTED", {"status": "RUNNING", "id": "1"}),
        ("PROGRESSING", {"status": "RUNNING", "id": "1"}),
        ("COMPLETE", {"status": "COMPLETE", "id": "1"}),
        ("ERROR", {"status": "NONE", "id": None}),
        ("CANCELED", {"status": "NONE", "id": None}),
    ],
)
def test_by_status(title: Title, status: str, found: dict[str, str]) -> None:
    assert find(title, [a_job(title, status)], NOW) == found


@pytest.mark.parametrize("other", [{"title": "films-gemini"}, {"version": "ba9876543210"}, {"source": "earlier"}])
@pytest.mark.parametrize("status", ["PROGRESSING", "COMPLETE"])
def test_a_job_of_another_title_version_or_upload_is_not_ours(title: Title, status: str, other: dict[str, str]) -> None:
    assert find(title, [a_job(title, status, other=other)], NOW)["status"] == "NONE"


def test_a_job_that_somebody_made_by_hand(title: Title) -> None:
    assert find(title, [{"Id": "1", "Status": "COMPLETE", "CreatedAt": NOW}], NOW)["status"] == "NONE"


def test_a_failed_try_does_not_hide_an_earlier_success(title: Title) -> None:
    jobs = [a_job(title, "ERROR", id="2"), a_job(title, "COMPLETE", id="1")]
    assert find(title, jobs, NOW) == {"status": "COMPLETE", "id": "1"}


def test_last_weeks_renditions_may_be_gone(title: Title) -> None:
    assert find(title, [a_job(title, "COMPLETE", hours=7 * 24)], NOW)["status"] == "NONE"
    assert find(title, [a_job(title, "PROGRESSING", hours=7 * 24)], NOW)["status"] == "RUNNING"


def test_a_long_key_is_searched_by_its_end(title: Title) -> None:
    asked = search({**title, "uri": f"s3://uploads/{'x' * 1000}.mp4"}, handler.QUEUE)
    assert len(asked["InputFile"]) == 300
    assert asked["InputFile"].endswith("x.mp4")
    assert faults("mediaconvert", "SearchJobs", asked) == []


def test_the_job_on_the_second_page(title: Title, stub: Stub) -> None:
    mediaconvert = stub("mediaconvert")
    asked = {"InputFile": title["uri"], "Queue": handler.QUEUE, "Order": "DESCENDING", "MaxResults": 20}
    always = {"Role": "r", "Settings": {}}
    failed = [a_job(title, "ERROR", id=str(n)) | always for n in range(20)]
    running = a_job(title, "PROGRESSING", id="21") | always
    mediaconvert.add_response("search_jobs", {"Jobs": failed, "NextToken": "more"}, asked)
    mediaconvert.add_response("search_jobs", {"Jobs": [running]}, {**asked, "NextToken": "more"})
    assert handler.handle({"title": title}, None) == {"status": "RUNNING", "id": "21"}


def test_throttling_is_told_by_its_name(title: Title, stub: Stub) -> None:
    stub("mediaconvert").add_client_error("search_jobs", "TooManyRequestsException")
    with pytest.raises(Exception, match="TooManyRequests") as error:
        handler.handle({"title": title}, None)
    assert type(error.value).__name__ == "TooManyRequestsException"
