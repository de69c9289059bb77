"""`headend` and films: the runbooks of a day, each from the state that it is for to its end.

The tests build on one another, in the order of the file.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LaptopCloud
from tests.e2e.operator import Operator
from tests.media_samples import sample

PARTS = 10
SIZE = PARTS * 16 * 2**20


@pytest.fixture(scope="module")
def operator(cloud: LaptopCloud, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    return Operator(cloud, tmp_path_factory.mktemp("o") / "demo.json")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of ten parts: MP4 lets a box be free space."""
    path = tmp_path_factory.mktemp("films") / "A large film.mp4"
    path.write_bytes(sample("landscape").read_bytes())
    free = SIZE - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", free, b"free"))
        file.truncate(SIZE)
    return path


@pytest.fixture
def no_plan(cloud: LaptopCloud) -> Iterator[None]:
    """A fault of our own: the function that plans encodes lacks what it must know."""
    functions = cloud.client("lambda")
    names = [item["FunctionName"] for item in functions.list_functions()["Functions"]]
    plan = next(name for name in names if "-plan-" in name)
    before = functions.get_function_configuration(FunctionName=plan)["Environment"]
    functions.update_function_configuration(FunctionName=plan, Environment={"Variables": {}})
    yield
    functions.update_function_configuration(FunctionName=plan, Environment=before)


def test_a_platform_without_films_is_well(operator: Operator) -> None:
    assert "no titles yet: headend upload FILE" in operator.run("titles").out
    answers = {item["tier"]: item["verdict"] for item in operator.run("doctor", "--json").json}
    assert answers.pop("film") == "unsure"
    assert set(answers.values()) == {"ok"}


def test_an_upload_goes_on_where_it_was_interrupted(operator: Operator, cloud: LaptopCloud, large: Path) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.exports["uploads_bucket"]

    def parts() -> list[Any]:
        begun = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [
            part
            for item in begun
            for part in s3.list_parts(Bucket=bucket, Key=item["Key"], UploadId=item["UploadId"]).get("Parts", [])
        ]

    first = operator.begin("upload", large, "--at-once", "1")
    stopped = operator.interrupt(first, lambda: parts() or None)
    assert stopped.code == 130
    assert "the same command goes on from there" in stopped.err
    kept = len(parts())
    assert 0 < kept < PARTS
    done = operator.run("upload", large, "--follow", "--json")
    [row] = done.json
    assert (row["id"], row["outcome"], row["size"]) == ("a-large-film", "PUBLISHED", SIZE)
    assert row["etag"].endswith(f"-{PARTS}")
    assert parts() == []
    for state in ("Identify", "Encode", "Publish"):
        assert f"a-large-film  {state}" in done.err


def test_what_plays_is_found_and_shown(operator: Operator) -> None:
    assert "a-large-film" in operator.run("titles", "LARGE", "film").out
    assert "no such title" in operator.run("titles", "another").out
    shown = operator.run("show", "a-large-film", "--json").json
    assert [version["plays"] for version in shown["versions"]] == [True]
    assert shown["versions"][0]["objects"] > 5
    assert [visit["state"] for visit in shown["states"]][-2:] == ["Announce", "Published"]
    text = operator.run("show", "a-large-film").out
    assert f"{operator.cloud.url}/?title=a-large-film" in text
    assert max(map(len, text.splitlines())) <= 120
    doctor = operator.run("doctor").out
    assert "a-large-film plays: manifest, playlist and segment" in doctor


def test_a_fault_of_ours_is_found_mended_and_run_again(operator: Operator, no_plan: None, cloud: LaptopCloud) -> None:
    failed = operator.run("upload", sample("silent"), "--follow", code=1)
    assert "silent: FAILED. Something went wrong on our side" in failed.err
    causes = operator.run("failed", "--json", code=1).json
    assert [[item["title"] for item in items] for items in causes.values()] == [["silent"]]
    assert next(iter(causes)).startswith("Plan: ")
    assert "1 x Plan: " in operator.run("failed", code=1).out


def test_it_is_run_again(operator: Operator) -> None:
    operator.run("retry", "--all")
    assert "silent: PUBLISHED" in operator.run("follow", "silent").err
    assert operator.run("failed").out == "nothing failed\n"
    refused = operator.run("retry", "silent", code=1)
    assert "silent: its last run ended PUBLISHED; only what FAILED is run again" in refused.err


def test_an_upload_that_started_no_workflow_is_found_and_started(operator: Operator, cloud: LaptopCloud) -> None:
    """The rule has another target for once, which is not there: what is sent to it goes to the dead-letter queue."""
    events, machine = cloud.client("events"), cloud.deployment.exports["state_machine"]
    [rule] = events.list_rule_names_by_target(TargetArn=machine)["RuleNames"]
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    gone = {**targets[0], "Arn": f"{machine}-gone"}
    events.put_targets(Rule=rule, Targets=[gone])
    operator.run("upload", sample("portrait"))
    found = operator.run("lost", "--json", code=1)
    [lost] = found.json
    assert (lost["key"], lost["error"]) == ("portrait.mp4", "StateMachineDoesNotExist")
    assert "1 started no workflow: headend lost" in operator.run("doctor", code=1).out
    events.put_targets(Rule=rule, Targets=targets)
    assert "1 started again" in operator.run("lost", "--replay").err
    assert "no upload is lost" in operator.run("lost").out
    assert json.loads(operator.run("follow", "portrait", "--json").out)["outcome"] == "PUBLISHED"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "nothing"], 1, "there is no title 'nothing'"),
        (["titles", "--state", "LOST"], 2, "allowed: REGISTERED, PROCESSING, PUBLISHED, REJECTED, FAILED"),
        (["titles", "--page", "0"], 2, "--page"),
        (["upload", "/nowhere.mp4"], 2, "/nowhere.mp4: there is no such file"),
        (["retry"], 2, "name a title, or say --all"),
    ],
)
def test_a_mistake_costs_a_line_and_has_its_code(operator: Operator, words: list[str], code: int, says: str) -> None:
    assert says in operator.run(*words, code=code).err
