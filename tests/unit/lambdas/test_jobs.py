"""Jobs: no encode is paid twice, and a failed one is made again."""

from typing import Any

import pytest

from lambdas.jobs import find, search
from lambdas.shapes import Title
from tests.unit.lambdas.service_model import faults

CONTENT = "c0123456789a"
QUEUE = "arn:aws:mediaconvert:eu-west-1:111122223333:queues/titles"
NONE = {"status": "NONE", "version": "", "warnings": []}


def a_job(title: Title, status: str, *, version: str = "1", other: dict[str, str] | None = None) -> Any:
    made_for = {"title": title["id"], "source": title["source"], "content": CONTENT, "version": version}
    return {"Id": version, "Status": status, "UserMetadata": made_for | (other or {})}


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("SUBMITTED", "RUNNING"),
        ("PROGRESSING", "RUNNING"),
        ("COMPLETE", "COMPLETE"),
        ("ERROR", "NONE"),
        ("CANCELED", "NONE"),
    ],
)
def test_by_status(title: Title, status: str, found: str) -> None:
    answer = find(title, CONTENT, [a_job(title, status)], [])
    assert (answer["status"], answer["version"]) == (found, "" if found == "NONE" else "1")


@pytest.mark.parametrize("other", [{"title": "films-gemini"}, {"content": "of another ladder"}, {"source": "earlier"}])
@pytest.mark.parametrize("status", ["PROGRESSING", "COMPLETE"])
def test_a_job_of_another_title_ladder_or_upload_is_not_ours(title: Title, status: str, other: dict[str, str]) -> None:
    assert find(title, CONTENT, [a_job(title, status, other=other)], []) == NONE


def test_a_job_that_somebody_made_by_hand(title: Title) -> None:
    assert find(title, CONTENT, [{"Id": "1", "Status": "COMPLETE"}], []) == NONE


def test_a_failed_try_does_not_hide_an_earlier_success(title: Title) -> None:
    jobs = [a_job(title, "ERROR", version="2"), a_job(title, "COMPLETE")]
    assert find(title, CONTENT, jobs, [])["version"] == "1"


def test_a_refused_version_is_not_found_again(title: Title) -> None:
    jobs = [a_job(title, "COMPLETE", version="2"), a_job(title, "COMPLETE")]
    assert find(title, CONTENT, jobs, ["2"])["version"] == "1"
    assert find(title, CONTENT, jobs, ["1", "2"]) == NONE


def test_the_encoders_warnings_come_along(title: Title) -> None:
    job = {**a_job(title, "COMPLETE"), "Warnings": [{"Code": 230001, "Count": 3}]}
    assert find(title, CONTENT, [job], [])["warnings"] == [{"Code": 230001, "Count": 3}]


def test_a_long_key_is_searched_by_its_end(title: Title) -> None:
    asked = search({**title, "uri": f"s3://uploads/{'x' * 1000}.mp4"}, QUEUE)
    assert len(asked["InputFile"]) == 300
    assert asked["InputFile"].endswith("x.mp4")
    assert faults("mediaconvert", "SearchJobs", asked) == []
