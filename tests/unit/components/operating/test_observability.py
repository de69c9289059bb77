"""Operations: each alarm is where its metric is, says what to do, and reaches somebody."""

import functools
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.operating.alarm import alarm
from components.operating.observability import Observability
from components.serving.cache_node import user_data
from components.serving.cache_node.user_data import CACHE_DISK, METRICS_NAMESPACE
from local.engine import Deployment, Registration, run_program
from local.serving.nodes import written_files
from tests.declared import ROOT, refusal, whole

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.fixture(scope="module")
def prod() -> Deployment:
    return whole("prod")


def watched(done: Deployment, metric: str) -> list[Registration]:
    return [item for item in done.of_type(ALARM) if item.inputs.get("metricName") == metric]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_alarm_tells_the_topic_of_its_own_region_when_it_starts_and_ends(stack: str) -> None:
    done = whole(stack)
    topics = {item.outputs["arn"]: item.region for item in done.of_type("aws:sns/topic:Topic")}
    for item in done.of_type(ALARM):
        told = item.inputs["alarmActions"]
        assert item.inputs["okActions"] == told
        assert [topics[arn] for arn in told] == [item.region], item.name


def test_what_cloudfront_measures_is_watched_where_it_measures() -> None:
    done = deploy_in_europe()
    for metric in ("5xxErrorRate", "CacheHitRate"):
        [item] = watched(done, metric)
        assert item.region == "us-east-1"
        assert item.inputs["dimensions"]["Region"] == "Global"


def deploy_in_europe() -> Deployment:
    """A stack whose home is not CloudFront's region."""
    place = {"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"], "ami": "ami-00000000000000000"}
    return run_program(ROOT, stack="dev", config={"aws:region": "eu-west-1", "regions": {"eu-west-1": place}})


def test_what_can_go_wrong_is_watched(prod: Deployment) -> None:
    assert {item.inputs.get("metricName") for item in prod.of_type(ALARM)} == {
        None,  # a share of two metrics
        "StartTime",
        "ExecutionsAborted",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ApproximateNumberOfMessagesVisible",
        "Errors",
        "Throttles",
        "5xxErrorRate",
        "CacheHitRate",
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "UnHealthyHostCount",
        "HealthyHostCount",
        "GroupInServiceInstances",
        "OperationsFailedReplication",
        "ReplicationLatency",
        "disk_used_percent",
        "DaysToExpiry",
        "Available",
        "StartSeconds",
        "ImageAgeDays",
    }


def test_what_the_playback_function_catches_is_told_too(prod: Deployment) -> None:
    """When AWS refuses its call, it answers 503, which Lambda counts as a success."""
    [told] = watched(prod, "HTTPCode_Target_5XX_Count")
    api = prod.one("aws:lb/targetGroup:TargetGroup", "web-api").outputs["arnSuffix"]
    home = prod.one("aws:lb/loadBalancer:LoadBalancer", f"pop-{told.region}-alb").outputs["arnSuffix"]
    assert told.inputs["dimensions"] == {"LoadBalancer": home, "TargetGroup": api}


def test_one_of_the_balancers_own_nodes_is_enough_to_tell_of_a_sick_node(prod: Deployment) -> None:
    assert {item.inputs["statistic"] for item in watched(prod, "UnHealthyHostCount")} == {"Maximum"}


def test_alarms_watch_resources_that_exist(prod: Deployment) -> None:
    [lost] = watched(prod, "ApproximateNumberOfMessagesVisible")
    assert lost.inputs["dimensions"] == {"QueueName": prod.one("aws:sqs/queue:Queue").outputs["name"]}
    machines = {item.outputs["arn"] for item in prod.of_type("aws:sfn/stateMachine:StateMachine")}
    assert {item.inputs["dimensions"]["StateMachineArn"] for item in watched(prod, "ExecutionsFailed")} == machines
    fleets = {
        tag["value"]
        for group in prod.of_type("aws:autoscaling/group:Group")
        for tag in group.inputs["tags"]
        if tag["key"] == "Name"
    }
    disks = watched(prod, "disk_used_percent")
    assert {item.inputs["dimensions"]["Fleet"] for item in disks} == fleets
    assert {(item.inputs.get("namespace"), item.inputs["dimensions"]["path"]) for item in disks} == {
        (METRICS_NAMESPACE, CACHE_DISK)
    }
    suffixes = {item.outputs["arnSuffix"]: item.region for item in prod.of_type("aws:lb/loadBalancer:LoadBalancer")}
    for item in watched(prod, "HTTPCode_ELB_5XX_Count"):
        assert suffixes[item.inputs["dimensions"]["LoadBalancer"]] == item.region


def test_every_function_that_runs_by_a_clock_alone_is_watched(prod: Deployment) -> None:
    watching = {item.inputs["dimensions"]["FunctionName"] for item in watched(prod, "Errors")}
    for name in ("sweeper", "forecast"):
        assert prod.one("aws:lambda/function:Function", f"{name}-function").outputs["name"] in watching


def test_every_certificate_is_watched_before_it_ends(prod: Deployment) -> None:
    used = {item.inputs["certificateArn"] for item in prod.of_type("aws:lb/listener:Listener")}
    used.add(prod.one("aws:cloudfront/distribution:Distribution").inputs["viewerCertificate"]["acmCertificateArn"])
    expiring = watched(prod, "DaysToExpiry")
    assert {item.inputs["dimensions"]["CertificateArn"] for item in expiring} == used
    assert all(item.region == item.inputs["dimensions"]["CertificateArn"].split(":")[3] for item in expiring)
    assert all(item.inputs["threshold"] >= 14 for item in expiring)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_cloudwatch_takes_every_alarm(stack: str) -> None:
    for item in whole(stack).of_type(ALARM):
        made = item.inputs
        # An alarm looks back a day at most. CloudWatch cuts its text at 1,024 characters.
        period = made.get("period") or made["metricQueries"][0]["metric"]["period"]
        assert made["evaluationPeriods"] * period <= 86400, item.name
        assert 1 <= made["datapointsToAlarm"] <= made["evaluationPeriods"]
        assert period % 60 == 0
        assert 20 < len(made["alarmDescription"]) <= 1024


def test_quiet_is_not_trouble_but_a_fleet_that_is_silent_is(prod: Deployment) -> None:
    unsure, speaking = (
        {"5xxErrorRate", "CacheHitRate", "GroupInServiceInstances", "ImageAgeDays"},
        {"HealthyHostCount", "Available"},
    )
    for item in prod.of_type(ALARM):
        metric = item.inputs.get("metricName")
        speaks = metric in speaking or item.name.endswith("-sweeper")  # it has a schedule
        expected = "ignore" if metric in unsure else "breaching" if speaks else "notBreaching"
        assert item.inputs["treatMissingData"] == expected, item.name


def test_a_single_failure_in_five_quiet_minutes_tells_that_the_api_is_dead(prod: Deployment) -> None:
    for metric in ("HTTPCode_Target_5XX_Count", "Errors", "Throttles"):
        for item in watched(prod, metric):
            if item.name.endswith("-sweeper"):
                continue
            made = item.inputs
            assert (made["period"], made["evaluationPeriods"], made["datapointsToAlarm"]) == (300, 1, 1)
            assert (made["statistic"], made["threshold"]) == ("Sum", 0)


def test_a_fleet_below_its_minimum_or_at_its_maximum_is_told(prod: Deployment) -> None:
    groups = {item.outputs["name"]: item.inputs for item in prod.of_type("aws:autoscaling/group:Group")}
    few, full = watched(prod, "HealthyHostCount"), watched(prod, "GroupInServiceInstances")
    assert len(few) == len(full) == len(groups)
    assert {(item.inputs["threshold"], item.inputs["comparisonOperator"]) for item in few} == {
        (group["minSize"], "LessThanThreshold") for group in groups.values()
    }
    for item in full:
        group = groups[item.inputs["dimensions"]["AutoScalingGroupName"]]
        assert (item.inputs["threshold"], item.inputs["comparisonOperator"]) == (
            group["maxSize"] - 1, "GreaterThanThreshold"
        )  # fmt: skip
        assert "GroupInServiceInstances" in group["enabledMetrics"]


def test_a_fleet_of_one_size_is_not_told_to_be_full() -> None:
    done = run_program(ROOT, stack="dev", config={"nodesPerFleet": {"min": 2, "max": 2}})
    assert watched(done, "GroupInServiceInstances") == []


def test_copies_that_fail_or_are_late_are_watched_where_s3_counts_them(prod: Deployment) -> None:
    rules = prod.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig").inputs
    buckets = {item.outputs["arn"]: item for item in prod.of_type("aws:s3/bucket:Bucket")}
    expected = {
        (rule["id"], rules["bucket"], buckets[rule["destination"]["bucket"]].outputs["bucket"])
        for rule in rules["rules"]
    }
    for metric, where in (
        ("OperationsFailedReplication", {"us-east-1"}),
        ("ReplicationLatency", {"eu-west-1", "ap-southeast-1"}),
    ):
        found = watched(prod, metric)
        assert {item.region for item in found} == where
        dimensions = [item.inputs["dimensions"] for item in found]
        assert {(it["RuleId"], it["SourceBucket"], it["DestinationBucket"]) for it in dimensions} == expected


def test_the_dashboard_shows_viewers_titles_and_every_region(prod: Deployment) -> None:
    body: dict[str, Any] = json.loads(prod.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert titles[0].startswith("Promised: 99.9% can start a film")
    assert any(title.startswith("Are viewers watching?") for title in titles)
    assert any(title.startswith("Are titles being made?") for title in titles)
    for region in ("us-east-1", "eu-west-1", "ap-southeast-1"):
        assert len([title for title in titles if title.startswith(region)]) == 6
    for widget in body["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        for metric in widget["properties"].get("metrics", []):
            assert all(isinstance(part, str) for part in metric[:-1])
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(set(places)) == len(places)


def test_the_dashboard_shows_what_each_fleet_reports(prod: Deployment) -> None:
    body: dict[str, Any] = json.loads(prod.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    shown = {(metric[1], metric[3]) for metric in metrics if metric[0] == "Headend/Node"}
    files = [
        written_files(item.inputs["userData"])["/etc/headend/node.env"]
        for item in prod.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    ]
    fleets = {line.removeprefix("FLEET=") for text in files for line in text.splitlines() if line.startswith("FLEET=")}
    told = ("Hits", "Shared", "Misses", "Stale", "Bytes", "OriginFirstByte", "ObjectAge")
    assert shown == {(name, fleet) for name in told for fleet in fleets}
    for widget in body["widgets"]:
        # CloudWatch refuses a graph in which two metrics have one id.
        options = [metric[-1] for metric in widget["properties"].get("metrics", []) if isinstance(metric[-1], dict)]
        ids = [option["id"] for option in options if "id" in option]
        assert len(set(ids)) == len(ids)
        words = {word for option in options for word in re.findall(r"[a-z]+\d+", option.get("expression", ""))}
        assert words <= set(ids)


def test_the_dashboard_shows_how_long_each_fleet_takes_to_its_first_byte(prod: Deployment) -> None:
    body: dict[str, Any] = json.loads(prod.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    shown = {
        (widget["properties"]["region"], metric[3])
        for widget in body["widgets"]
        for metric in widget["properties"].get("metrics", [])
        if metric[1:3] == ["TargetResponseTime", "TargetGroup"]
    }
    groups = [item for item in prod.of_type("aws:lb/targetGroup:TargetGroup") if not item.name.endswith("-api")]
    assert shown == {(item.region, item.outputs["arnSuffix"]) for item in groups}


def test_the_dashboard_asks_the_nodes_own_lines_for_each_node(prod: Deployment) -> None:
    body: dict[str, Any] = json.loads(prod.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    found = [widget["properties"] for widget in body["widgets"] if widget["type"] == "log"]
    groups = {
        item.region: item.id for item in prod.of_type("aws:cloudwatch/logGroup:LogGroup") if "-node-" in item.name
    }
    sums = runpy.run_path(str(Path(user_data.__file__).with_name("node-report.py")))["sums"]
    line = {"status": 200, "bytes": 1, "cache": "MISS", "origin_first_byte": "0.1", "first_byte": "0.1"}
    reported = {*sums([json.dumps(line)]), "Fleet", "Node"}
    assert {each["region"] for each in found} == set(groups)
    for each in found:
        source, _, query = each["query"].partition(" | ")
        assert source == f"SOURCE '{groups[each['region']]}'"
        assert set(re.findall(r"\b[A-Z]\w{2,}", query)) <= reported


def test_the_dashboard_asks_each_region_for_its_own_metrics(prod: Deployment) -> None:
    body: dict[str, Any] = json.loads(prod.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    groups = {item.outputs["name"]: item.region for item in prod.of_type("aws:autoscaling/group:Group")}
    shown: dict[str, str] = {}
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if "AutoScalingGroupName" in metric:
                shown[metric[metric.index("AutoScalingGroupName") + 1]] = widget["properties"]["region"]
            if metric[0] == "AWS/CloudFront":
                assert widget["properties"]["region"] == "us-east-1"
    assert shown == groups


def test_a_region_without_a_topic_is_refused() -> None:
    assert refusal(Observability, "operations", {"home": "eu-west-1", "topics": {"eu-west-1": "arn"}, "pops": []}) == (
        "Observability 'operations': topics must have eu-west-1 and us-east-1, got eu-west-1"
    )


@pytest.mark.parametrize("bounds", [{}, {"above": 1, "below": 2}])
def test_an_alarm_has_one_threshold(bounds: dict[str, float]) -> None:
    args: Any = {
        "region": "us-east-1",
        "says": "Something is wrong.",
        "namespace": "AWS/X",
        "metric": "Y",
        "dimensions": {},
        "statistic": "Sum",
        **bounds,
    }
    assert refusal(functools.partial(alarm, topics={}, opts=pulumi.ResourceOptions()), "x", args).startswith(
        "alarm 'x': give either above or below"
    )


def test_what_players_report_is_watched_at_the_targets_of_the_field(prod: Deployment) -> None:
    alarms = {item.name: item.inputs for item in prod.of_type(ALARM)}
    start = alarms["operations-experience-start"]
    assert (start["metricName"], start["extendedStatistic"], start["threshold"]) == ("StartTime", "p95", 2000)
    for name, part, whole_, percent in (
        ("stalls", "StalledSeconds", "WatchedSeconds", 1),
        ("failures", "Failures", "PlaysToReport", 0.1),
    ):
        made = alarms[f"operations-experience-{name}"]
        queries = {query["id"]: query for query in made["metricQueries"]}
        assert (queries["part"]["metric"]["metricName"], made["threshold"]) == (part, percent)
        assert queries["whole"]["metric"]["metricName"] == whole_
        # One failure in three views of a quiet night must wake nobody.
        assert queries["share"]["expression"].startswith("IF(whole >= ")
