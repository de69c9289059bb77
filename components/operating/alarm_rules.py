"""The alarms, as data. Pure: each function takes names, and returns alarms by key.

An alarm lives where its metric does, so each function takes the topic of that region.
"""

from collections.abc import Mapping, Sequence

import pulumi

from components.operating.alarm import AlarmArgs
from components.serving.cache_node.user_data import CACHE_DISK, METRICS_NAMESPACE
from facts.regions import CLOUDFRONT_REGION

Alarms = dict[str, AlarmArgs]
Name = pulumi.Input[str]


def making(home: str, topic_arn: Name, *, state_machine_arn: Name, dead_letter_name: Name) -> Alarms:
    """Uploads that do not become titles, where the fault is ours."""

    def workflow(metric: str, says: str) -> AlarmArgs:
        return {
            "region": home,
            "topic_arn": topic_arn,
            "says": says,
            "namespace": "AWS/States",
            "metric": metric,
            "dimensions": {"StateMachineArn": state_machine_arn},
            "statistic": "Sum",
            "above": 0,
            "minutes": 1,
        }

    return {
        "ExecutionsFailed": workflow(
            "ExecutionsFailed", "A title failed through our fault; its row in the catalogue says why."
        ),
        "ExecutionsAborted": workflow(
            "ExecutionsAborted", "Somebody stopped a title's execution; deliver its upload's event again."
        ),
        "ExecutionsTimedOut": workflow(
            "ExecutionsTimedOut", "A title took longer than three days; look at the execution's last state."
        ),
        "lost-uploads": {
            "region": home,
            "topic_arn": topic_arn,
            "says": "An upload started no workflow. Its event is in the dead-letter queue: start it by hand.",
            "namespace": "AWS/SQS",
            "metric": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": dead_letter_name},
            "statistic": "Maximum",
            "above": 0,
            "minutes": 1,
        },
    }


def edge(topic_arn: Name, *, distribution_id: Name) -> Alarms:
    """Failures that every viewer would notice."""
    dimensions: Mapping[str, Name] = {"DistributionId": distribution_id, "Region": "Global"}
    return {
        "edge-5xx": {
            "region": CLOUDFRONT_REGION,
            "topic_arn": topic_arn,
            "says": "Over 1 % of viewers' requests end in a 5xx: the bucket behind every fleet fails too.",
            "namespace": "AWS/CloudFront",
            "metric": "5xxErrorRate",
            "dimensions": dimensions,
            "statistic": "Average",
            "above": 1,
            "missing": "unsure",
        },
        "edge-hits": {
            "region": CLOUDFRONT_REGION,
            "topic_arn": topic_arn,
            "says": "Under 80 % of requests end at the edge, for half an hour: has a cache key been split?",
            "namespace": "AWS/CloudFront",
            "metric": "CacheHitRate",
            "dimensions": dimensions,
            "statistic": "Average",
            "below": 80,
            "minutes": 30,
            "missing": "unsure",
        },
    }


def api(home: str, topic_arn: Name, *, function_name: Name, balancer_suffix: Name, target_group: Name) -> Alarms:
    """Failures of the playback API. Its requests are too few to change the edge's error rate.

    `target_group`: the suffix of the ARN of the function's target group.
    """
    return {
        "api-5xx": {
            "region": home,
            "topic_arn": topic_arn,
            # Where the function catches an error it answers 503, and Lambda counts that as a success.
            "says": "The playback API tells viewers to try again: its function's log says why.",
            "namespace": "AWS/ApplicationELB",
            "metric": "HTTPCode_Target_5XX_Count",
            "dimensions": {"LoadBalancer": balancer_suffix, "TargetGroup": target_group},
            "statistic": "Sum",
            "above": 0,
        },
        "api-errors": {
            "region": home,
            "topic_arn": topic_arn,
            "says": "The playback API crashes or runs out of time: its function's log has the traceback.",
            "namespace": "AWS/Lambda",
            "metric": "Errors",
            "dimensions": {"FunctionName": function_name},
            "statistic": "Sum",
            "above": 0,
        },
        "api-throttles": {
            "region": home,
            "topic_arn": topic_arn,
            "says": "Lambda refuses the playback API: the account's limit of concurrent executions is reached.",
            "namespace": "AWS/Lambda",
            "metric": "Throttles",
            "dimensions": {"FunctionName": function_name},
            "statistic": "Sum",
            "above": 0,
        },
    }


def balancer(region: str, topic_arn: Name, *, balancer_suffix: Name) -> AlarmArgs:
    """Errors that the load balancer answers itself."""
    return {
        "region": region,
        "topic_arn": topic_arn,
        "says": f"The load balancer of {region} answers with errors of its own: nodes reset, or are silent.",
        "namespace": "AWS/ApplicationELB",
        "metric": "HTTPCode_ELB_5XX_Count",
        "dimensions": {"LoadBalancer": balancer_suffix},
        "statistic": "Sum",
        "above": 50,
    }


def fleets(region: str, topic_arn: Name, *, balancer_suffix: Name, target_groups: Sequence[tuple[str, Name]]) -> Alarms:
    """For each fleet: nodes that stay unhealthy, and cache disks that are nearly full.

    `target_groups`: (name, suffix of the target group's ARN) of each fleet.
    """
    alarms: Alarms = {}
    for index, (fleet, target_group) in enumerate(target_groups):
        alarms[f"{region}-{index:x}-unhealthy"] = {
            "region": region,
            "topic_arn": topic_arn,
            "says": f"Fleet {index:x} of {region} has a node that is unhealthy and was not replaced.",
            "namespace": "AWS/ApplicationELB",
            "metric": "UnHealthyHostCount",
            "dimensions": {"LoadBalancer": balancer_suffix, "TargetGroup": target_group},
            # Each node of the load balancer counts for itself.
            "statistic": "Maximum",
            "above": 0,
            "minutes": 15,
        }
        alarms[f"{region}-{index:x}-disk"] = {
            "region": region,
            "topic_arn": topic_arn,
            "says": f"A cache disk of fleet {index:x} of {region} is nearly full: eviction does not keep up.",
            "namespace": METRICS_NAMESPACE,
            "metric": "disk_used_percent",
            "dimensions": {"Fleet": fleet, "path": CACHE_DISK, "fstype": "xfs"},
            "statistic": "Maximum",
            "above": 97,
            "minutes": 15,
        }
    return alarms


def certificate(region: str, topic_arn: Name, *, arn: Name) -> AlarmArgs:
    """A certificate that ends soon. ACM renews it as long as the DNS record that validates it exists."""
    return {
        "region": region,
        "topic_arn": topic_arn,
        "says": f"The certificate in {region} ends within 30 days; was its DNS record removed?",
        "namespace": "AWS/CertificateManager",
        "metric": "DaysToExpiry",
        "dimensions": {"CertificateArn": arn},
        "statistic": "Minimum",
        "below": 30,
        "minutes": 1440,
    }
