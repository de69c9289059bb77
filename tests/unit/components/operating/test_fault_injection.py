"""The experiment: it stops at least one node, only of one fleet of one stack, and ends if viewers are harmed."""

import functools

import pytest

from components.operating.fault_injection import FaultInjection
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, made, refusal, statements, whole

ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:harm"
ARGS = {"region": REGION, "account_id": ACCOUNT, "fleet_name": "prod-pop-0", "stop_alarm_arn": ALARM_ARN}


@functools.cache
def experiment(nodes: int = 1) -> Deployment:
    return made(FaultInjection, "chaos", {**ARGS, "nodes": nodes})


def test_it_stops_a_number_of_running_nodes_of_that_fleet() -> None:
    [target] = experiment(2).one("aws:fis/experimentTemplate:ExperimentTemplate").inputs["targets"]
    assert target["selectionMode"] == "COUNT(2)"
    assert target["resourceTags"] == [{"key": "Name", "value": "prod-pop-0"}]
    assert target["filters"] == [{"path": "State.Name", "values": ["running"]}]


def test_it_may_stop_nothing_else() -> None:
    stop = next(
        statement
        for statement in statements(experiment().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        if "ec2:StopInstances" in statement["Action"]
    )
    assert stop["Action"] == ["ec2:StartInstances", "ec2:StopInstances"]
    assert stop["Resource"] == f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"
    assert stop["Condition"] == {"StringEquals": {"aws:ResourceTag/Name": "prod-pop-0"}}


def test_it_ends_when_viewers_are_harmed() -> None:
    template = experiment().one("aws:fis/experimentTemplate:ExperimentTemplate").inputs
    assert template["stopConditions"] == [{"source": "aws:cloudwatch:alarm", "value": ALARM_ARN}]


def test_it_lasts_longer_than_its_alarm_needs_to_ring() -> None:
    [action] = experiment().one("aws:fis/experimentTemplate:ExperimentTemplate").inputs["actions"]
    said = {item["key"]: item["value"] for item in action["parameters"]}
    # The group replaces the stopped nodes. Without this setting, that would make the action fail.
    assert said["completeIfInstancesTerminated"] == "true"
    seconds = 60 * int(said["startInstancesAfterDuration"].removeprefix("PT").removesuffix("M"))
    alarm = whole("prod").one("aws:cloudwatch/metricAlarm:MetricAlarm", "operations-us-east-1-balancer-5xx").inputs
    # The metrics of a load balancer come some minutes late.
    assert seconds >= alarm["evaluationPeriods"] * alarm["period"] + 300


def test_in_the_whole_program_the_fleet_and_the_alarm_are_there_and_some_nodes_stay() -> None:
    prod = whole("prod")
    template = prod.one("aws:fis/experimentTemplate:ExperimentTemplate")
    [target], [stop] = template.inputs["targets"], template.inputs["stopConditions"]
    group = next(
        item
        for item in prod.of_type("aws:autoscaling/group:Group")
        if {"key": "Name", "value": target["resourceTags"][0]["value"], "propagateAtLaunch": True}
        in item.inputs["tags"]
    )
    alarms = {item.outputs["arn"]: item.region for item in prod.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert alarms[stop["value"]] == group.region == template.region
    assert target["selectionMode"] == "COUNT(1)"
    assert group.inputs["minSize"] > 1
    assert whole("dev").of_type(template.type) == []


@pytest.mark.parametrize("nodes", [0, -1])
def test_an_experiment_that_stops_nothing_is_refused(nodes: int) -> None:
    said = refusal(FaultInjection, "chaos", {**ARGS, "nodes": nodes})
    assert said == f"FaultInjection 'chaos': nodes must be >= 1, got {nodes}"
