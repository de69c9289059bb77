"""The fleets: moto starts and replaces their instances, and local/serving follows."""

from typing import Any

from local.resources.making import Making, makes


@makes(
    "aws:autoscaling/group:Group",
    {
        "ignoreFailedScalingActivities": "moto's launches do not fail",
        "waitForCapacityTimeout": "the laptop cloud waits for its nodes by itself",
    },
)
def group(made: Making) -> tuple[str, dict[str, Any]]:
    """A fleet. It starts with its minimum of nodes, unless it states a number."""
    metrics, granularity = made.take("enabledMetrics"), made.take("metricsGranularity", "1Minute")
    made.call(
        "autoscaling",
        "create_auto_scaling_group",
        AutoScalingGroupName=made.name,
        VPCZoneIdentifier=",".join(made.take("vpcZoneIdentifiers")),
        Tags=[{**tag, "ResourceId": made.name, "ResourceType": "auto-scaling-group"} for tag in made.take("tags", [])],
    )
    if metrics:
        monitored = {"AutoScalingGroupName": made.name, "Metrics": metrics, "Granularity": granularity}
        made.call("autoscaling", "enable_metrics_collection", **monitored)
    return made.name, {}
