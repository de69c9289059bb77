"""`headend`, verb by verb: each test brings the platform into the state for which a runbook is, and follows it.

The tests build on one another, in the order of the file.
"""

import json
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from local.cloud import LaptopCloud
from operate import config, restoring
from operate.cloud import find
from tests.e2e.operator import Operator, beside
from tests.e2e.platform import settled, upload, wait
from tests.media_samples import sample

PARTS = 6
SIZE = PARTS * 16 * 2**20


def always(value: Any) -> Callable[..., Any]:
    """A function that answers this, whatever it is asked."""

    def answer(*_: object) -> Any:
        return value

    return answer


@pytest.fixture(scope="module")
def operator(cloud: LaptopCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with beside(cloud, tmp_path_factory.mktemp("o") / "demo.json") as operator:
        yield operator


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that is uploaded in many parts. A box of free space makes its MP4 file large."""
    path = tmp_path_factory.mktemp("films") / "A large film.mp4"
    path.write_bytes(sample("landscape").read_bytes())
    free = SIZE - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", free, b"free"))
        file.truncate(SIZE)
    return path


@pytest.fixture
def no_preparing(cloud: LaptopCloud) -> Iterator[None]:
    """A fault of the platform: the function that prepares encodes lacks a value of its environment."""
    functions = cloud.client("lambda")
    names = [item["FunctionName"] for item in functions.list_functions()["Functions"]]
    prepare = next(name for name in names if "-prepare-" in name)
    before = functions.get_function_configuration(FunctionName=prepare)["Environment"]
    functions.update_function_configuration(FunctionName=prepare, Environment={"Variables": {}})
    yield
    functions.update_function_configuration(FunctionName=prepare, Environment=before)


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
    assert "The same command continues from there" in stopped.err
    kept = len(parts())
    assert 0 < kept < PARTS
    done = operator.run("upload", large, "--follow", "--json")
    [row] = done.json
    assert (row["id"], row["outcome"], row["size"]) == ("a-large-film", "PUBLISHED", SIZE)
    assert row["etag"].endswith(f"-{PARTS}")
    assert parts() == []
    for state in ("Identify", "Encode", "Publish"):
        assert f"a-large-film  {state}" in done.err


def test_a_title_that_plays_is_found_and_shown(operator: Operator) -> None:
    assert "a-large-film" in operator.run("titles", "LARGE", "film").out
    assert "no such title" in operator.run("titles", "another").out
    shown = operator.run("show", "a-large-film", "--json").json
    assert [version["plays"] for version in shown["versions"]] == [True]
    assert shown["versions"][0]["objects"] > 5
    assert [visit["state"] for visit in shown["states"]][-2:] == ["Announce", "Published"]
    assert shown["viewers"] == "0 now, of those whose players report"
    text = operator.run("show", "a-large-film").out
    assert f"{operator.cloud.url}/?title=a-large-film" in text
    assert max(map(len, text.splitlines())) <= 120
    doctor = operator.run("doctor").out
    assert "a-large-film plays: manifest, playlist and segment" in doctor


def test_captions_and_a_poster_come_and_go_beside_a_film(operator: Operator, tmp_path: Path) -> None:
    text, picture = tmp_path / "any.vtt", tmp_path / "any.jpg"
    text.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nGuten Tag\n")
    frame = ["-f", "lavfi", "-i", "color=red:s=640x360", "-frames:v", "1"]
    subprocess.run(["ffmpeg", "-v", "error", *frame, str(picture)], check=True, timeout=60)
    before = operator.run("show", "a-large-film", "--json").json

    def row() -> Any:
        return operator.run("show", "a-large-film", "--json").json

    def languages() -> list[str]:
        return [item["language"] for item in row().get("captions", [])]

    operator.run("captions", "add", "a-large-film", text, "--language", "DE")
    wait(lambda: True if languages() == ["de"] else None, "the captions are part of the title")
    assert row()["prefix"] == before["prefix"], "nothing was encoded"
    assert "captions" in operator.run("show", "a-large-film").out
    operator.run("poster", "a-large-film", picture)
    wait(lambda: row()["poster"] != before["poster"] or None, "the poster is part of the title")
    asked = operator.run("captions", "remove", "a-large-film", "--language", "de", code=2)
    assert "Delete A large film.de.vtt?" in asked.err
    operator.run("captions", "remove", "a-large-film", "--language", "de", "--yes")
    # moto sends no event where a delete marker is written, so the title of the laptop keeps them until the next file.
    bucket = operator.cloud.deployment.exports["uploads_bucket"]
    uploads = operator.cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in uploads if item["Key"].endswith(".vtt")] == []
    refused = operator.run("captions", "add", "a-large-film", text, "--language", "klingonisch", code=2)
    assert "--language 'klingonisch' is not a known language" in refused.err


def test_a_fault_of_ours_is_found_mended_and_run_again(
    operator: Operator, no_preparing: None, cloud: LaptopCloud
) -> None:
    failed = operator.run("upload", sample("silent"), "--follow", code=1)
    assert "silent: FAILED. Something went wrong on our side" in failed.err
    causes = operator.run("failed", "--json", code=1).json
    assert [[item["title"] for item in items] for items in causes.values()] == [["silent"]]
    assert next(iter(causes)).startswith("Prepare: ")
    assert "1 x Prepare: " in operator.run("failed", code=1).out


def test_it_is_run_again(operator: Operator) -> None:
    operator.run("retry", "--all")
    assert "silent: PUBLISHED" in operator.run("follow", "silent").err
    assert operator.run("failed").out == "nothing failed\n"
    refused = operator.run("retry", "silent", code=1)
    assert "silent: its last run ended PUBLISHED. Only a failed or stopped run can be retried" in refused.err


def test_an_upload_that_started_no_workflow_is_found_and_started(operator: Operator, cloud: LaptopCloud) -> None:
    """For this test the rule has a target that does not exist, so its events go to the dead-letter queue."""
    events, machine = cloud.client("events"), cloud.deployment.exports["state_machine"]
    [rule] = events.list_rule_names_by_target(TargetArn=machine)["RuleNames"]
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    gone = {**targets[0], "Arn": f"{machine}-gone"}
    events.put_targets(Rule=rule, Targets=[gone])
    operator.run("upload", sample("portrait"))
    found = operator.run("lost", "--json", code=1)
    [lost] = found.json
    assert (lost["key"], lost["error"]) == ("portrait.mp4", "StateMachineDoesNotExist")
    assert "uploads that started no workflow: 1. See headend lost" in operator.run("doctor", code=1).out
    events.put_targets(Rule=rule, Targets=targets)
    assert "1 started again" in operator.run("lost", "--replay").err
    assert "no upload is lost" in operator.run("lost").out
    assert json.loads(operator.run("follow", "portrait", "--json").out)["outcome"] == "PUBLISHED"


def test_titles_of_an_older_ladder_are_made_anew_and_play_on(operator: Operator, cloud: LaptopCloud) -> None:
    """Renditions of an older ladder have another content hash. The test writes one into the row."""
    assert "no title was made with an older ladder" in operator.run("encode-again", "--older-ladder").out
    cloud.client("dynamodb").update_item(
        TableName=cloud.deployment.exports["titles_table"],
        Key={"id": {"S": "silent"}},
        UpdateExpression="SET content = :older",
        ExpressionAttributeValues={":older": {"S": "0" * 12}},
    )
    refused = operator.run("encode-again", "--older-ladder", code=2)
    assert "silent" in refused.out
    assert "Encode 1 again, for 0.00 US dollars by list prices? There is no terminal" in refused.err
    before = operator.run("show", "silent", "--json").json["source"]
    [begun] = operator.run("encode-again", "--older-ladder", "--yes", "--json").json
    assert begun["title"] == "silent"
    assert begun["usd"] > 0

    def again() -> bool | None:
        return operator.run("show", "silent", "--json").json["source"] != before or None

    wait(again, "its copy is claimed")
    assert operator.run("follow", "silent", "--json").json["state"] == "PUBLISHED"
    versions = operator.run("show", "silent", "--json").json["versions"]
    assert [version["plays"] for version in versions].count(True) == 1
    assert len(versions) == 2


def test_a_title_is_taken_down_with_its_upload(operator: Operator, cloud: LaptopCloud) -> None:
    asked = operator.run("take-down", "silent", code=2)
    assert "Use --yes to agree" in asked.err
    assert operator.run("titles", "silent", "--json").json["titles"]
    assert "silent is down" in operator.run("take-down", "silent", "--source", "--yes").out
    assert requests.get(f"{cloud.url}/api/titles/silent", timeout=60).status_code == 404
    s3, exports = cloud.client("s3"), cloud.deployment.exports
    left = s3.list_objects_v2(Bucket=exports["media_bucket"]).get("Contents", [])
    assert [key for item in left if "/silent/" in (key := item["Key"]) and not key.startswith("v/fill/gone/")] == []
    uploads = s3.list_objects_v2(Bucket=exports["uploads_bucket"])["Contents"]
    assert not any(item["Key"].startswith("silent") for item in uploads)
    # A run that was cut off is finished by the next, which finds less to do.
    assert "silent is down: 0 objects deleted" in operator.run("take-down", "silent", "--yes").out
    assert "there is no title 'silence'" in operator.run("take-down", "silence", "--yes", code=1).err

    def nodes_deleted() -> bool | None:
        logs = [path.read_text() for path in cloud.run_dir.rglob("fill.log")]
        return any(re.search(r"v/fill/gone/../silent/.* files were here; deleted", log) for log in logs) or None

    wait(nodes_deleted, "the nodes of its fleet delete what they hold of it")


def test_an_alarm_that_rings_is_shown_with_its_meaning(operator: Operator, cloud: LaptopCloud) -> None:
    assert "alarms rings" in operator.run("alarms").out
    alarms = cloud.client("cloudwatch")
    name = next(
        item["AlarmName"] for item in alarms.describe_alarms()["MetricAlarms"] if "lost-uploads" in item["AlarmName"]
    )
    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    [ringing] = operator.run("alarms", "--json", code=1).json
    assert ringing["name"] == name
    assert "headend lost --replay" in ringing["means"]
    assert f"ring: {name}" in operator.run("doctor", code=1).out
    alarms.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="the test is over")
    assert {alarm["state"] for alarm in operator.run("alarms", "--all", "--json").json} == {"OK"}


def test_nodes_are_counted_and_a_fleet_that_has_its_version_is_left_alone(
    operator: Operator, cloud: LaptopCloud
) -> None:
    fleets = operator.run("nodes", "--json").json
    assert [(fleet["healthy"], fleet["wanted"]) for fleet in fleets] == [(2, 2)] * len(
        cloud.deployment.exports["fleets"]
    )
    assert all(node["health"] == "healthy" for fleet in fleets for node in fleet["nodes"])
    out = operator.run("nodes").out
    assert all(node in out for node in cloud.fleets.nodes)
    # moto's Auto Scaling refreshes no instances; a fleet that has its version needs none.
    rolled = operator.run("roll", "--json")
    assert set(rolled.json.values()) == {"has it"}


def test_before_a_deployment_the_account_is_asked(operator: Operator) -> None:
    answers = operator.run("preflight", "--stack", "local", "--json", code=1).json
    images = [item for item in answers if item["tier"].endswith("image")]
    assert [item["verdict"] for item in images] == ["wrong"], "the demo's nodes have no image"
    assert {item["verdict"] for item in answers if item["tier"].endswith("quota")} <= {"ok", "unsure"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "nothing"], 1, "there is no title 'nothing'"),
        (["titles", "--state", "LOST"], 2, "Use one of REGISTERED, PROCESSING, PUBLISHED, REJECTED, FAILED"),
        (["titles", "--page", "0"], 2, "--page"),
        (["upload", "/nowhere.mp4"], 2, "/nowhere.mp4: there is no such file"),
        (["retry"], 2, "name a title, or use --all"),
    ],
)
def test_a_mistake_costs_a_line_and_has_its_code(operator: Operator, words: list[str], code: int, says: str) -> None:
    assert says in operator.run(*words, code=code).err


def test_a_damaged_catalogue_is_restored_and_the_platform_takes_it_and_gives_it_back(
    operator: Operator, cloud: LaptopCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test, as it deploys. moto restores a table as it is now, whatever moment is named, at once, and with its
    settings: so the damage comes after the restore here."""
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text("config:\n  headend:regions:\n    us-east-1: {}\n")
    demo = find(None)
    monkeypatch.setattr(restoring, "find", always(demo))  # the verb refuses the demo, whose config is not deployed
    monkeypatch.setattr(config, "path_of", always(path))
    dynamodb, own = cloud.client("dynamodb"), demo.name("titles_table")
    fields = {"id": "kept", "name": "Kept", "state": "PUBLISHED", "updated": "2026-11-28T12:00:00.000000Z"}
    row = {**fields, "prefix": "v/00/kept/0123456789ab", "key": "kept.mp4"}
    dynamodb.put_item(TableName=own, Item={name: {"S": value} for name, value in row.items()})

    def listed() -> set[str]:
        return {title["id"] for title in requests.get(f"{cloud.url}/api/titles", timeout=60).json()["titles"]}

    restoring.restore(stack="prod", yes=True)
    table = yaml.safe_load(path.read_text())["config"]["headend:catalogueTable"]
    dynamodb.delete_item(TableName=own, Key={"id": {"S": "kept"}})
    assert "kept" not in listed()
    cloud.update({"catalogueTable": table})
    assert "kept" in listed()
    assert requests.post(f"{cloud.url}/api/titles/kept/play", timeout=60).status_code == 200
    title = upload(cloud, Path(__file__), "no film.mp4")
    assert settled(cloud, title)["state"] == "REJECTED", "the workflow writes to the restored table"
    assert "Item" not in dynamodb.get_item(TableName=own, Key={"id": {"S": title}})
    cloud.update({"catalogueTable": ""})
    assert "kept" not in listed()
    assert cloud.deployment.exports["titles_table"] == own
