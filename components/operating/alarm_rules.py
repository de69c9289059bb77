"""The alarms, as data. Pure: each function takes names, and returns alarms by key.

An alarm is in the region of its metric, and tells the topic of that region.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from components.operating.alarm import AlarmArgs
from components.operating.canary import MINUTES, NAMESPACE, stack_dimension
from components.operating.objectives import START_SECONDS
from components.serving.cache_fleet import CacheFleet
from components.serving.cache_node.user_data import CACHE_DISK, METRICS_NAMESPACE
from facts.regions import CLOUDFRONT_REGION
from lambdas.metrics import NAMESPACE as EXPERIENCE

Alarms = dict[str, AlarmArgs]
Name = pulumi.Input[str]


def making(home: str, *, state_machine_arn: Name, dead_letter_name: Name, sweeper_name: Name) -> Alarms:
    """Uploads that do not become titles because of a fault of the platform."""
    return {
        "ExecutionsFailed": _workflow(
            home,
            state_machine_arn,
            "ExecutionsFailed",
            "A title failed through our fault. First: `headend failed` lists the causes. Repair them, then "
            "`headend retry`.",
        ),
        "ExecutionsAborted": _workflow(
            home,
            state_machine_arn,
            "ExecutionsAborted",
            "A title's execution was stopped; the sweeper starts its upload again. First: who stopped it, and why?",
        ),
        "ExecutionsTimedOut": _workflow(
            home,
            state_machine_arn,
            "ExecutionsTimedOut",
            "A title took longer than three days. First: its last state. MediaConvert's queue may be stuck, or full.",
        ),
        "lost-uploads": {
            "region": home,
            "says": "An upload started no workflow. First: `headend lost` shows the error. Repair it, then "
            "`headend lost --replay`.",
            "namespace": "AWS/SQS",
            "metric": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": dead_letter_name},
            "statistic": "Maximum",
            "above": 0,
            "minutes": 1,
        },
        "sweeper": {
            **_function(
                home,
                sweeper_name,
                "Errors",
                "The sweeper failed, or has not run for an hour. First: its log names the title or the key.",
            ),
            "minutes": 60,
            "missing": "bad",
        },
    }


def _workflow(home: str, arn: Name, metric: str, says: str) -> AlarmArgs:
    """Executions of a state machine that end in one of the bad ways."""
    return {
        "region": home,
        "says": says,
        "namespace": "AWS/States",
        "metric": metric,
        "dimensions": {"StateMachineArn": arn},
        "statistic": "Sum",
        "above": 0,
        "minutes": 1,
    }


def _function(home: str, name: Name, metric: str, says: str) -> AlarmArgs:
    """Calls of a function that fail or are refused, within five minutes."""
    return {
        "region": home,
        "says": says,
        "namespace": "AWS/Lambda",
        "metric": metric,
        "dimensions": {"FunctionName": name},
        "statistic": "Sum",
        "above": 0,
        "as_one": True,
    }


def forecast(home: str, *, function_name: Name) -> Alarms:
    """A forecast of plays that fails. Nodes then go on with the order of the day before."""
    return {
        "forecast-errors": _function(
            home,
            function_name,
            "Errors",
            "Cache nodes fill by yesterday's plays: the forecast failed, or ran out of time. First: its function's "
            "log. Lambda tries it twice more, and the next night again.",
        )
    }


def sidecars(home: str, *, state_machine_arn: Name) -> Alarms:
    """Captions and posters that do not reach their title because of a fault of the platform."""
    return {
        "sidecars-failed": _workflow(
            home,
            state_machine_arn,
            "ExecutionsFailed",
            "A caption file or a poster did not become part of its title. First: its execution; then upload it again.",
        )
    }


def edge(*, distribution_id: Name) -> Alarms:
    """Failures that every viewer would notice."""
    dimensions: Mapping[str, Name] = {"DistributionId": distribution_id, "Region": "Global"}
    return {
        "edge-5xx": {
            "region": CLOUDFRONT_REGION,
            "says": "Over 1 % of viewers' requests end in a 5xx, so the bucket behind the fleets fails too. First: "
            "its policy, S3's health at home, and what was deployed last.",
            "namespace": "AWS/CloudFront",
            "metric": "5xxErrorRate",
            "dimensions": dimensions,
            "statistic": "Average",
            "above": 1,
            "missing": "unsure",
        },
        "edge-hits": {
            "region": CLOUDFRONT_REGION,
            "says": "Under 80 % of requests end at the edge, for half an hour. First: has a cache policy changed? "
            "With few viewers, at night, it is harmless.",
            "namespace": "AWS/CloudFront",
            "metric": "CacheHitRate",
            "dimensions": dimensions,
            "statistic": "Average",
            "below": 80,
            "minutes": 30,
            "missing": "unsure",
        },
    }


def api(home: str, *, function_name: Name, balancer_suffix: Name, target_group: Name) -> Alarms:
    """Failures of the playback API. Its requests are too few to change the edge's error rate.

    At night there may be only one viewer in five minutes, so a single failure starts the alarm. `target_group`: the end
    of the ARN of the function's target group, as CloudWatch's metrics name it.
    """
    return {
        "api-5xx": {
            "region": home,
            # When the function catches an error, it answers 503, which Lambda counts as a success.
            "says": "The playback API tells viewers to try again. First: its function's log; then DynamoDB, and with "
            "signing the parameter in SSM.",
            "namespace": "AWS/ApplicationELB",
            "metric": "HTTPCode_Target_5XX_Count",
            "dimensions": {"LoadBalancer": balancer_suffix, "TargetGroup": target_group},
            "statistic": "Sum",
            "above": 0,
            "as_one": True,
        },
        "api-errors": _function(
            home,
            function_name,
            "Errors",
            "Nobody can start a film: the playback API crashes or runs out of time. First: its function's log.",
        ),
        "api-throttles": _function(
            home,
            function_name,
            "Throttles",
            "Nobody can start a film: Lambda refuses the playback API. First: the account's limit of concurrent "
            "executions, and who uses it up; playbackConcurrency keeps a part of it.",
        ),
    }


def canary(region: str) -> Alarms:
    """Whether a viewer in the region could watch a film, even when nobody tries."""
    look: AlarmArgs = {
        "region": region,
        "says": f"A viewer near {region} could not start a film in most of a quarter of an hour, or the canary does "
        "not run. First: the canary's log names the step that failed; then `headend doctor`.",
        "namespace": NAMESPACE,
        "metric": "Available",
        "dimensions": {"Stack": stack_dimension()},
        "statistic": "Average",
        "minutes": 3 * MINUTES,
        "as_one": True,
    }
    return {
        # If the canary sends nothing, it does not run: its schedule, its function or a permission is missing.
        f"{region}-canary": {**look, "below": 0.5, "missing": "bad"},
        f"{region}-slow": {
            **look,
            "says": f"A film takes over {START_SECONDS} s to start near {region}. First: was a fleet rolled? Cold "
            "caches are harmless; else the balancer's response times on the dashboard.",
            "metric": "StartSeconds",
            "above": START_SECONDS,
            "minutes": 6 * MINUTES,
        },
    }


OLD_IMAGE_DAYS = 60
"""Amazon stops showing an image of Amazon Linux 2023 after 90 days, and it has had fixes since."""


def image(region: str) -> Alarms:
    """Whether the nodes' image is still one to start nodes from."""
    return {
        f"{region}-image": {
            "region": region,
            "says": f"The node image of {region} is over {OLD_IMAGE_DAYS} days old, or gone. First: `headend ami` "
            "pins the newest; deploy it, then roll.",
            "namespace": NAMESPACE,
            "metric": "ImageAgeDays",
            "dimensions": {"Stack": stack_dimension()},
            "statistic": "Maximum",
            "above": OLD_IMAGE_DAYS,
            "minutes": 60,
            "as_one": True,
            "missing": "unsure",
        }
    }


def experience(home: str) -> Alarms:
    """What viewers' players report, with the thresholds that operators of such services use."""

    def quarter_hour(metric: str, says: str, **more: Any) -> AlarmArgs:
        return cast(
            AlarmArgs,
            {
                "region": home,
                "says": says,
                "namespace": EXPERIENCE,
                "metric": metric,
                "dimensions": {"Stack": stack_dimension()},
                "statistic": "Sum",
                "minutes": 15,
                "as_one": True,
                **more,
            },
        )

    return {
        "experience-start": quarter_hour(
            "StartTime",
            "One film in twenty starts after more than two seconds. First: the API's duration; then hits at the edge.",
            statistic="p95",
            above=2000,
        ),
        "experience-stalls": quarter_hour(
            "StalledSeconds",
            "Viewers' films stand still for over 1 % of the time. First: the hits of the fleets and the nodes' "
            "network. Is it one region?",
            per="WatchedSeconds",
            least=3600,
            above=1,
        ),
        "experience-failures": quarter_hour(
            "Failures",
            "More than one view in a thousand ends with an error. First: the reports' log has titles and reasons.",
            per="PlaysToReport",
            least=1000,
            above=0.1,
        ),
    }


def balancer(region: str, *, balancer_suffix: Name) -> AlarmArgs:
    """Errors that the load balancer answers itself."""
    return {
        "region": region,
        "says": f"The load balancer of {region} answers with its own errors: nodes reset or do not answer, and "
        "viewers get films from home. First: `headend nodes`. Undo a new image or configuration by git revert, up "
        "and roll.",
        "namespace": "AWS/ApplicationELB",
        "metric": "HTTPCode_ELB_5XX_Count",
        "dimensions": {"LoadBalancer": balancer_suffix},
        "statistic": "Sum",
        "above": 50,
    }


def fleets(region: str, *, balancer_suffix: Name, fleets: Sequence[CacheFleet]) -> Alarms:
    """For each fleet: too few nodes, nodes that stay unhealthy, no room to grow, cache disks that are nearly full."""
    alarms: Alarms = {}
    for index, fleet in enumerate(fleets):
        targets: AlarmArgs = {
            "region": region,
            "says": f"Fleet {index:x} of {region} has a node that is unhealthy and was not replaced. First: scaling "
            "activities of its group: capacity, quota, or a boot that fails.",
            "namespace": "AWS/ApplicationELB",
            "metric": "UnHealthyHostCount",
            "dimensions": {"LoadBalancer": balancer_suffix, "TargetGroup": fleet.target_group_suffix},
            # Each node of the load balancer sends its own count.
            "statistic": "Maximum",
            "minutes": 15,
        }
        alarms[f"{region}-{index:x}-unhealthy"] = {**targets, "above": 0}
        alarms[f"{region}-{index:x}-few"] = {
            **targets,
            "says": f"Fleet {index:x} of {region} has fewer healthy nodes than its minimum, or no node reports. "
            "First: scaling activities of its group; then the boot log of a node.",
            "metric": "HealthyHostCount",
            "statistic": "Minimum",
            "below": fleet.min_nodes,
            # A target group without nodes does not send this metric.
            "missing": "bad",
        }
        # A fleet whose minimum equals its maximum is always at its maximum.
        if fleet.max_nodes > fleet.min_nodes:
            alarms[f"{region}-{index:x}-full"] = {
                **targets,
                "says": f"Fleet {index:x} of {region} has been at its maximum for half an hour. First: raise "
                "nodesPerFleet.max, or fleets.",
                "namespace": "AWS/AutoScaling",
                "metric": "GroupInServiceInstances",
                "dimensions": {"AutoScalingGroupName": fleet.group_name},
                "above": fleet.max_nodes - 1,
                "minutes": 30,
                "missing": "unsure",
            }
        alarms[f"{region}-{index:x}-disk"] = {
            **targets,
            "says": f"A cache disk of fleet {index:x} of {region} is nearly full: eviction does not keep up with the "
            "fill. First: look at the node; then a larger instanceType, or more fleets.",
            "namespace": METRICS_NAMESPACE,
            "metric": "disk_used_percent",
            "dimensions": {"Fleet": fleet.fleet_name, "path": CACHE_DISK, "fstype": "xfs"},
            "above": 97,
        }
    return alarms


def replica(home: str, region: str, *, source: Name, destination: Name) -> Alarms:
    """Copies to a region that fail or are late. S3 counts failures at the source, and lateness at the destination."""
    dimensions = {"SourceBucket": source, "DestinationBucket": destination, "RuleId": region}
    return {
        f"{region}-replication-failed": {
            "region": home,
            "says": f"S3 could not copy objects to {region} and does not try again: viewers there get them from home. "
            "First: the copy's bucket policy and versioning; then copy what is missing, as for a new region.",
            "namespace": "AWS/S3",
            "metric": "OperationsFailedReplication",
            "dimensions": dimensions,
            "statistic": "Sum",
            "above": 0,
            "as_one": True,
        },
        f"{region}-replication-late": {
            "region": region,
            "says": f"Copies reach {region} over a quarter of an hour late: viewers there get new films from home. "
            "First: wait. A large film or S3 is slow, and it catches up by itself.",
            "namespace": "AWS/S3",
            "metric": "ReplicationLatency",
            "dimensions": dimensions,
            "statistic": "Maximum",
            "above": 900,
            "minutes": 15,
        },
    }


def standby(home: str, region: str, *, source: Name, destination: Name, table: Name) -> Alarms:
    """Copies of the uploads and of the catalogue that would be missing if home were lost."""
    uploads = replica(home, region, source=source, destination=destination)
    failed, late = (uploads[f"{region}-replication-{kind}"] for kind in ("failed", "late"))
    return {
        "standby-failed": {
            **failed,
            "says": f"S3 could not copy uploads to {region} and does not try again: they would be lost with home. "
            "First: the copy's bucket policy and versioning; then copy what is missing, as for a new region.",
        },
        "standby-late": {
            **late,
            "says": f"Uploads reach their copy in {region} over a quarter of an hour late. First: wait. A large film "
            "takes its time, and S3 catches up by itself.",
        },
        "standby-catalogue": {
            "region": home,
            "says": f"Rows of the catalogue reach their copy in {region} over a quarter of an hour late. First: AWS's "
            "health there; then whether the table there still exists.",
            "namespace": "AWS/DynamoDB",
            "metric": "ReplicationLatency",
            "dimensions": {"TableName": table, "ReceivingRegion": region},
            "statistic": "Maximum",
            "above": 900_000,
            "minutes": 15,
        },
    }


def certificate(region: str, *, arn: Name) -> AlarmArgs:
    """A certificate that ends soon. ACM renews it as long as its validation record exists in DNS."""
    return {
        "region": region,
        "says": f"The certificate in {region} ends within 30 days. First: its DNS record, without which ACM cannot "
        "renew it.",
        "namespace": "AWS/CertificateManager",
        "metric": "DaysToExpiry",
        "dimensions": {"CertificateArn": arn},
        "statistic": "Minimum",
        "below": 30,
        "minutes": 1440,
    }
