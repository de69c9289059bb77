"""`headend roll` gives nodes a new template in a way that AWS can roll back, and says how it ended."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import typer
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from rich.console import Console

from operate import alarms, machines, rolling
from operate.cloud import Cloud
from operate.rolling import HAD_IT, Fleet, stages, wanted
from operate.screen import Refusal
from tests.stubs import KEYS

FLEET: Fleet = {"region": "eu-west-1", "group": "pop-0-group", "template": "lt-0123456789abcdef0", "version": "3"}
POLICY: dict[str, Any] = {
    "LaunchTemplate": {
        "LaunchTemplateSpecification": {
            "LaunchTemplateId": "lt-0123456789abcdef0",
            "LaunchTemplateName": "pop-0-template",
            "Version": "2",
        },
    },
    "InstancesDistribution": {"OnDemandBaseCapacity": 2, "OnDemandPercentageAboveBaseCapacity": 25},
}
NAME = {"AutoScalingGroupName": "pop-0-group"}


def described(version: str) -> dict[str, Any]:
    policy = deepcopy(POLICY)
    policy["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"] = version
    fixed: dict[str, Any] = {"MinSize": 2, "MaxSize": 4, "DesiredCapacity": 2, "DefaultCooldown": 300}
    rest = {"AvailabilityZones": ["a"], "HealthCheckType": "ELB", "CreatedTime": "2026-11-01T00:00:00Z"}
    return {"AutoScalingGroups": [{**NAME, **fixed, **rest, "MixedInstancesPolicy": policy}]}


class Rolling:
    """A stand-in for Auto Scaling with given answers, and the text that the roll printed."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("autoscaling", region_name="eu-west-1", **KEYS)
        self.stub = Stubber(self.client)
        self.said = io.StringIO()
        self.slept: list[float] = []

    def group(self, version: str) -> None:
        self.stub.add_response(
            "describe_auto_scaling_groups", described(version), {"AutoScalingGroupNames": ["pop-0-group"]}
        )

    def begins(self) -> None:
        policy = deepcopy(POLICY)
        template = {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "3"}
        policy["LaunchTemplate"]["LaunchTemplateSpecification"] = template
        asked = {**NAME, "DesiredConfiguration": {"MixedInstancesPolicy": policy}, "Preferences": rolling.PREFERENCES}
        self.stub.add_response("start_instance_refresh", {"InstanceRefreshId": "r-1"}, asked)

    def stands(self, status: str, percent: int, reason: str = "") -> None:
        refresh = {"Status": status, "PercentageComplete": percent} | ({"StatusReason": reason} if reason else {})
        asked = {**NAME, "InstanceRefreshIds": ["r-1"]}
        self.stub.add_response("describe_instance_refreshes", {"InstanceRefreshes": [refresh]}, asked)

    def run(self) -> str:
        with self.stub:
            done = rolling.roll(
                [FLEET], Console(file=self.said, width=200), lambda _region: self.client, self.slept.append
            )
        self.stub.assert_no_pending_responses()
        return done["pop-0-group"]


@pytest.fixture
def aws() -> Rolling:
    return Rolling()


def test_a_new_version_is_rolled_to_its_end(aws: Rolling) -> None:
    aws.group("2")
    aws.begins()
    aws.stands("InProgress", 50)
    aws.stands("Successful", 100)
    assert aws.run() == "Successful"
    assert aws.slept == [15, 15]
    assert "pop-0-group: Successful" in aws.said.getvalue()


def test_a_fleet_that_has_its_version_is_left_alone(aws: Rolling) -> None:
    aws.group("3")
    assert aws.run() == HAD_IT
    assert aws.said.getvalue() == "pop-0-group has version 3\n", "and no blank line"


@pytest.mark.parametrize("status", ["RollbackSuccessful", "RollbackFailed", "Failed", "Cancelled"])
def test_one_that_went_back_is_a_failure_with_its_reason(aws: Rolling, status: str) -> None:
    aws.group("2")
    aws.begins()
    aws.stands(status, 40, "2 instances failed their health check")
    assert aws.run() == status
    assert status not in rolling.WELL
    assert f"{status}. 2 instances failed their health check" in aws.said.getvalue()


def test_the_shares_of_spot_stay_as_they_are() -> None:
    group = described("2")["AutoScalingGroups"][0]
    desired = wanted(group, FLEET)
    assert desired
    assert desired["MixedInstancesPolicy"]["InstancesDistribution"] == POLICY["InstancesDistribution"]
    assert group["MixedInstancesPolicy"] == POLICY, "what AWS described is not ours to change"


def test_a_refresh_that_runs_already_is_told_in_aws_s_words(aws: Rolling) -> None:
    aws.group("2")
    aws.stub.add_client_error(
        "start_instance_refresh", "InstanceRefreshInProgress", "An Instance Refresh is in progress"
    )
    with pytest.raises(ClientError, match="An Instance Refresh is in progress"):
        aws.run()


def test_a_group_that_is_gone(aws: Rolling) -> None:
    aws.stub.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
    with pytest.raises(Refusal, match="eu-west-1 has no group pop-0-group"):
        aws.run()


def test_one_fleet_abroad_goes_first_then_its_region_then_all_others() -> None:
    assert [[fleet["group"] for fleet in stage] for stage in stages(FLEETS, "us-east-1")] == STAGES
    assert [[fleet["group"] for fleet in stage] for stage in stages(FLEETS[:2], "us-east-1")] == [
        ["us-east-1-0"],
        ["us-east-1-1"],
    ]
    assert stages([], "us-east-1") == []


FLEETS: list[Fleet] = [
    {**FLEET, "region": region, "group": f"{region}-{index}"}
    for region in ("us-east-1", "eu-west-1", "ap-south-1")
    for index in range(2)
]
STAGES = [["eu-west-1-0"], ["eu-west-1-1"], ["us-east-1-0", "us-east-1-1", "ap-south-1-0", "ap-south-1-1"]]


def always(value: Any) -> Callable[..., Any]:
    """A function that answers this, whatever it is asked."""

    def answer(*_: object) -> Any:
        return value

    return answer


class Verb:
    """`headend roll`, with fleets that end as told and alarms that ring from some look on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rolled: list[list[str]] = []
        self.slept: list[float] = []
        self.ends: dict[str, str] = {}
        self.rings: Callable[[], set[str]] = set
        cloud = Cloud("prod", {"region": "us-east-1", "fleets": FLEETS}, "", None)
        monkeypatch.setattr(machines, "find", always(cloud))
        monkeypatch.setattr(machines.time, "sleep", self.slept.append)
        monkeypatch.setattr(rolling, "roll", self._roll)
        monkeypatch.setattr(alarms, "of_stack", self._alarms)

    def _roll(self, fleets: list[Fleet], *_: object) -> dict[str, str]:
        self.rolled.append([fleet["group"] for fleet in fleets])
        return {fleet["group"]: self.ends.get(fleet["group"], "Successful") for fleet in fleets}

    def _alarms(self, _cloud: object) -> list[alarms.Alarm]:
        when = datetime(2026, 11, 28, tzinfo=UTC)
        named = dict.fromkeys(self.rings(), "ALARM") | {"quiet": "OK"}
        return [alarms.Alarm(name, "us-east-1", state, when, "") for name, state in named.items()]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Verb:
    return Verb(monkeypatch)


def test_the_verb_goes_stage_by_stage_and_looks_at_the_alarms_between(verb: Verb) -> None:
    verb.rings = lambda: {"old"}
    machines.roll(pause=10)
    assert verb.rolled == STAGES
    assert sum(verb.slept) == 2 * 10 * 60, "after the last fleets nobody waits"


def test_an_alarm_that_begins_to_ring_ends_it(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    verb.rings = lambda: {"old"} | ({"new"} if verb.slept else set())
    with pytest.raises(typer.Exit) as ended:
        machines.roll(pause=10, as_json=True)
    assert (ended.value.exit_code, verb.rolled, verb.slept) == (1, STAGES[:1], [15])
    told = capsys.readouterr()
    assert "these alarms began to ring: new. See headend alarms." in told.err
    assert json.loads(told.out)["us-east-1-0"] == "not begun"


def test_a_fleet_that_fails_ends_it_without_a_pause(verb: Verb) -> None:
    verb.ends = {"eu-west-1-1": "RollbackSuccessful"}
    with pytest.raises(typer.Exit) as ended:
        machines.roll(pause=0)
    assert (ended.value.exit_code, verb.rolled, verb.slept) == (1, STAGES[:2], [])


def test_fleets_that_have_it_are_not_waited_for(verb: Verb) -> None:
    verb.ends = {fleet["group"]: HAD_IT for fleet in FLEETS}
    machines.roll(pause=10)
    assert (verb.rolled, verb.slept) == (STAGES, [])


def test_all_at_once_has_one_stage(verb: Verb) -> None:
    machines.roll(at_once=True, pause=10)
    assert (len(verb.rolled), verb.slept) == (1, [])


SEVERAL = ["im4gn.large", "is4gen.large"]


def test_another_list_of_types_is_rolled_though_the_template_is_the_same(aws: Rolling) -> None:
    group = described("3")["AutoScalingGroups"][0]
    desired = wanted(group, {**FLEET, "types": SEVERAL})
    assert desired
    overrides = [{"InstanceType": name} for name in SEVERAL]
    assert desired["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"] == overrides
    aws.stub.add_response(
        "start_instance_refresh",
        {"InstanceRefreshId": "r-1"},
        {**NAME, "DesiredConfiguration": desired, "Preferences": rolling.PREFERENCES},
    )
    with aws.stub:  # which refuses what AWS's model does not know
        aws.client.start_instance_refresh(**NAME, DesiredConfiguration=desired, Preferences=rolling.PREFERENCES)


@pytest.mark.parametrize(
    ("had", "types", "then"),
    [
        (SEVERAL, SEVERAL, None),
        (SEVERAL, SEVERAL[::-1], SEVERAL[::-1]),
        (SEVERAL, ["im4gn.large"], []),
        ([], ["im4gn.large"], None),
        # A stack that an older program made keeps what it has.
        (SEVERAL, None, None),
    ],
)
def test_the_types_of_a_fleet_follow_the_stack(had: list[str], types: list[str] | None, then: list[str] | None) -> None:
    group = described("3")["AutoScalingGroups"][0]
    if had:
        group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"] = [{"InstanceType": name} for name in had]
    fleet: Fleet = FLEET if types is None else {**FLEET, "types": types}
    desired = wanted(group, fleet)
    found = desired and [
        item["InstanceType"] for item in desired["MixedInstancesPolicy"]["LaunchTemplate"].get("Overrides", [])
    ]
    assert found == then
