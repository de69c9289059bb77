"""The requests that the API accepts and the answers that it gives, by the service's model and by subset.toml."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.media.probe import NAMES, TABLES
from local.media.service import Service
from local.media.wire import MODEL, RULES, SUBSET, ApiError, read_request, write_answer

CREATE_JOB = MODEL.operation_model("CreateJob")
JOB: dict[str, Any] = {
    "role": "arn:aws:iam::123456789012:role/encoding",
    "settings": {
        "inputs": [
            {
                "fileInput": "s3://uploads/a\nfilm.mp4",
                "audioSelectors": {"Audio Selector 1": {"defaultSelection": "DEFAULT", "tracks": [1]}},
            }
        ],
    },
}


def faults(**changes: Any) -> str:
    """CreateJob's message for JOB with these changes. Their names are paths in the job."""
    job = copy.deepcopy(JOB)
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = job
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    with pytest.raises(ApiError) as failure:
        read_request(CREATE_JOB, job)
    assert (failure.value.code, failure.value.status) == ("BadRequestException", 400)
    return str(failure.value)


def test_members_come_by_the_sdks_names_and_keys_of_maps_as_they_are() -> None:
    settings = read_request(CREATE_JOB, JOB)["Settings"]
    selector = {"Audio Selector 1": {"DefaultSelection": "DEFAULT", "Tracks": [1]}}
    assert settings == {"Inputs": [{"FileInput": "s3://uploads/a\nfilm.mp4", "AudioSelectors": selector}]}


def test_null_counts_as_absent() -> None:
    assert "Queue" not in read_request(CREATE_JOB, {**JOB, "queue": None})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"priority": 51}, "/priority: Should keep to the max 50, not 51"),
        ({"priority": -51}, "/priority: Should keep to the min -50, not -51"),
        ({"priority": "5"}, "/priority: Should be a integer, not '5'"),
        ({"priority": True}, "/priority: Should be a integer, not True"),
        ({"priority": 5.5}, "/priority: Should be a integer, not 5.5"),
        ({"settings": []}, "/settings: Should be a structure, not []"),
        ({"nonsense": 1}, "/nonsense: Is no member"),
        ({"role": None}, "/role: Is required"),
        ({"role": "encoding"}, "/role: Should match ^arn"),
        ({"clientRequestToken": "t" * 65}, "/clientRequestToken: Should match"),
        ({"settings__inputs__0__fileInput": "/etc/passwd"}, "/settings/inputs/0/fileInput: Should keep to the pattern"),
        ({"settings__inputs__0__fileInput": "https://example.com/a"}, "/settings/inputs/0/fileInput: Should match ^s3"),
        ({"settings__inputs__0__timecodeSource": "NOPE"}, "/timecodeSource: Should keep to the enum"),
        ({"settings__inputs__0__timecodeSource": "EMBEDDED"}, "/timecodeSource: Should be one of ['ZEROBASED']"),
        ({"settings__inputs__0__denoiseFilter": "ENABLED"}, "/denoiseFilter: Should be left out"),
        ({"settings__inputs__0__videoSelector": {}}, "/settings/inputs/0/videoSelector: Should have members"),
        ({"settings__inputs__0__crop": {"x": 2}}, "/settings/inputs/0/crop/x: Should be left out"),
    ],
)
def test_a_fault_is_named_by_path_and_value(changes: dict[str, Any], said: str) -> None:
    assert said in faults(**changes)


def test_keys_of_maps_are_in_the_path() -> None:
    selectors = {"Audio Selector 1": {"tracks": [0]}}
    path = "/settings/inputs/0/audioSelectors/Audio Selector 1/tracks/0: Should keep to the min 1, not 0"
    assert path in faults(settings__inputs__0__audioSelectors=selectors)


def test_all_faults_are_reported_together() -> None:
    said = faults(priority=99, nonsense=1, settings__inputs__0__filterStrength=9)
    assert all(path in said for path in ("/priority", "/nonsense", "/settings/inputs/0/filterStrength"))


def test_a_setting_without_a_default_is_needed() -> None:
    cmaf = {"type": "CMAF_GROUP_SETTINGS", "cmafGroupSettings": {"destination": "s3://media/v/index"}}
    said = faults(settings__outputGroups=[{"outputGroupSettings": cmaf}])
    assert "/settings/outputGroups/0/outputGroupSettings/cmafGroupSettings/segmentLength: Is required" in said


@pytest.mark.parametrize("name", ["in dex", "index,stream=audio", "in$dex", "..\n"])
def test_names_that_the_packager_could_misread_are_refused(name: str) -> None:
    cmaf = {"destination": f"s3://media/v/{name}", "segmentLength": 6, "fragmentLength": 2}
    said = faults(settings__outputGroups=[{"outputGroupSettings": {"cmafGroupSettings": cmaf}}])
    assert "cmafGroupSettings/destination: Should" in said


def test_an_operation_that_the_laptop_lacks_says_so() -> None:
    with pytest.raises(ApiError, match="has no ListPresets"):
        read_request(MODEL.operation_model("ListPresets"), {})


def _shapes(path: str) -> Iterator[Any]:
    """The shapes along a path of subset.toml. Raises KeyError if the model has no such path."""
    operation, *steps = path.split(".")
    shape = MODEL.operation_model(operation).input_shape
    for step in steps:
        name, items = step.removesuffix("[]"), step.endswith("[]")
        shape = shape.value if name == "*" else shape.members[name]
        shape = shape.member if items else shape
        yield shape


@pytest.mark.parametrize("path", RULES)
def test_every_rule_is_about_a_setting_of_the_model(path: str) -> None:
    *_, shape = _shapes(path)
    assert shape.type_name not in ("structure", "list", "map"), "a rule is about a value, not a structure"
    rule = RULES[path]
    if isinstance(rule, list):
        assert all(value in shape.metadata.get("enum", rule) for value in rule)
    else:
        assert rule in ("honoured", "needed") or rule.startswith(("^", "no effect: "))


def test_every_operation_of_the_subset_is_one_of_the_service() -> None:
    for name in SUBSET:
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        assert callable(getattr(Service, method, None)), method


def test_python_can_read_every_pattern_of_the_model() -> None:
    patterns = [MODEL.shape_for(name).metadata.get("pattern") for name in MODEL.shape_names]
    found = [re.compile(pattern, re.ASCII) for pattern in patterns if pattern]
    assert len(found) > 20


def test_the_names_for_ffprobes_words_are_those_of_the_model() -> None:
    for structure, fields in TABLES["fields"].items():
        members = MODEL.shape_for(structure).members
        for member in fields:
            enum = members[member].metadata.get("enum")
            assert enum is None or {*NAMES[member].values()} <= {*enum}, (structure, member)
    assert {*NAMES["brand"].values()} <= {*MODEL.shape_for("Format").metadata["enum"]}


def test_answers_leave_out_what_is_absent_and_what_the_model_lacks() -> None:
    queue = {"Name": "q", "CreatedAt": 1.5, "Description": None, "Pages": 1}
    shape = MODEL.operation_model("GetQueue").output_shape
    assert write_answer(shape, {"Queue": queue}) == {"queue": {"name": "q", "createdAt": 1.5}}


def test_answers_name_members_inside_maps_and_lists() -> None:
    job = read_request(CREATE_JOB, JOB)
    shown = write_answer(MODEL.operation_model("GetJob").output_shape, {"Job": job})
    assert shown["job"]["settings"] == JOB["settings"]
