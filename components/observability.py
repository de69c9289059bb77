"""Operations: are viewers watching, and is anything failing? Alarms where each metric lives, and one dashboard."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.alarm import alarm
from components.cache_node.user_data import CACHE_DISK, METRICS_NAMESPACE
from components.dashboard import dashboard
from components.delivery import Delivery
from components.orchestration import Orchestration
from components.point_of_presence import PointOfPresence
from settings import Domain

CLOUDFRONT_REGION = "us-east-1"
"""Where CloudFront's metrics and certificates are, whatever the home region is."""


class ObservabilityArgs(TypedDict):
    """What is watched, and who is told."""

    home: str
    topics: Mapping[str, pulumi.Input[str]]
    """ARN of a topic in each region, CloudFront's among them."""
    pipeline: Orchestration
    pops: Sequence[PointOfPresence]
    delivery: Delivery
    domain: Domain | None


class Observability(pulumi.ComponentResource):
    """Alarms that a person can act on, and a dashboard."""

    balancer_alarms: dict[str, pulumi.Output[str]]
    """ARN by region: the load balancer's own errors."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        missing = {CLOUDFRONT_REGION, args["home"], *(pop.region for pop in args["pops"])} - set(args["topics"])
        if missing:
            raise ValueError(f"Observability {name!r}: topics must have {', '.join(sorted(missing))}")
        super().__init__("headend:observability:Observability", name, {"home": args["home"]}, opts)
        self._name, self._topics = name, args["topics"]
        self.balancer_alarms = {}
        self._making(args["home"], args["pipeline"])
        self._edge(args["delivery"], args["domain"])
        for pop in args["pops"]:
            self._point_of_presence(pop)
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            region=args["home"],
            dashboard_name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            dashboard_body=pulumi.Output.json_dumps(
                dashboard(
                    home=args["home"],
                    distribution_id=args["delivery"].distribution_id,
                    state_machine_arn=args["pipeline"].state_machine_arn,
                    balancers={pop.region: pop.balancer.arn_suffix for pop in args["pops"]},
                    groups={pop.region: [fleet.group_name for fleet in pop.fleets] for pop in args["pops"]},
                )
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _making(self, home: str, pipeline: Orchestration) -> None:
        child = pulumi.ResourceOptions(parent=self)
        for metric, says in {
            "ExecutionsFailed": "A title failed through our fault; its row in the catalogue says why.",
            "ExecutionsTimedOut": "A title took longer than a day; look at the execution's last state.",
        }.items():
            alarm(
                f"{self._name}-{metric}",
                {
                    "region": home,
                    "topic_arn": self._topics[home],
                    "says": says,
                    "namespace": "AWS/States",
                    "metric": metric,
                    "dimensions": {"StateMachineArn": pipeline.state_machine_arn},
                    "statistic": "Sum",
                    "above": 0,
                    "minutes": 1,
                },
                child,
            )
        alarm(
            f"{self._name}-lost-uploads",
            {
                "region": home,
                "topic_arn": self._topics[home],
                "says": "An upload started no workflow. Its event is in the dead-letter queue: start it by hand.",
                "namespace": "AWS/SQS",
                "metric": "ApproximateNumberOfMessagesVisible",
                "dimensions": {"QueueName": pipeline.dead_letter_name},
                "statistic": "Maximum",
                "above": 0,
                "minutes": 1,
            },
            child,
        )

    def _edge(self, delivery: Delivery, domain: Domain | None) -> None:
        child, topic = pulumi.ResourceOptions(parent=self), self._topics[CLOUDFRONT_REGION]
        distribution: dict[str, pulumi.Input[str]] = {
            "DistributionId": delivery.distribution_id,
            "Region": "Global",
        }
        alarm(
            f"{self._name}-edge-5xx",
            {
                "region": CLOUDFRONT_REGION,
                "topic_arn": topic,
                "says": "Over 1 % of viewers' requests end in a 5xx: the bucket behind every fleet fails too.",
                "namespace": "AWS/CloudFront",
                "metric": "5xxErrorRate",
                "dimensions": distribution,
                "statistic": "Average",
                "above": 1,
                "missing": "unsure",
            },
            child,
        )
        alarm(
            f"{self._name}-edge-hits",
            {
                "region": CLOUDFRONT_REGION,
                "topic_arn": topic,
                "says": "Under 80 % of requests end at the edge, for half an hour: has a cache key been split?",
                "namespace": "AWS/CloudFront",
                "metric": "CacheHitRate",
                "dimensions": distribution,
                "statistic": "Average",
                "below": 80,
                "minutes": 30,
                "missing": "unsure",
            },
            child,
        )
        if domain:
            self._certificate(f"{self._name}-edge-certificate", CLOUDFRONT_REGION, domain.certificate)

    def _point_of_presence(self, pop: PointOfPresence) -> None:
        child, region, topic = pulumi.ResourceOptions(parent=self), pop.region, self._topics[pop.region]
        self.balancer_alarms[region] = alarm(
            f"{self._name}-{region}-balancer-5xx",
            {
                "region": region,
                "topic_arn": topic,
                "says": f"The load balancer of {region} answers with errors of its own: nodes reset, or are silent.",
                "namespace": "AWS/ApplicationELB",
                "metric": "HTTPCode_ELB_5XX_Count",
                "dimensions": {"LoadBalancer": pop.balancer.arn_suffix},
                "statistic": "Sum",
                "above": 50,
            },
            child,
        ).arn
        for index, fleet in enumerate(pop.fleets):
            alarm(
                f"{self._name}-{region}-{index:x}-unhealthy",
                {
                    "region": region,
                    "topic_arn": topic,
                    "says": f"Fleet {index:x} of {region} has a node that is unhealthy and was not replaced.",
                    "namespace": "AWS/ApplicationELB",
                    "metric": "UnHealthyHostCount",
                    "dimensions": {
                        "LoadBalancer": pop.balancer.arn_suffix,
                        "TargetGroup": fleet.target_group_suffix,
                    },
                    "statistic": "Minimum",
                    "above": 0,
                    "minutes": 15,
                },
                child,
            )
            alarm(
                f"{self._name}-{region}-{index:x}-disk",
                {
                    "region": region,
                    "topic_arn": topic,
                    "says": f"A cache disk of fleet {index:x} of {region} is nearly full: eviction does not keep up.",
                    "namespace": METRICS_NAMESPACE,
                    "metric": "disk_used_percent",
                    "dimensions": {"Fleet": fleet.fleet_name, "path": CACHE_DISK, "fstype": "xfs"},
                    "statistic": "Maximum",
                    "above": 97,
                    "minutes": 15,
                },
                child,
            )
        if pop.certificate:
            self._certificate(f"{self._name}-{region}-certificate", region, pop.certificate)

    def _certificate(self, name: str, region: str, arn: str) -> None:
        alarm(
            name,
            {
                "region": region,
                "topic_arn": self._topics[region],
                "says": f"The certificate in {region} ends within 30 days; was its DNS record removed?",
                "namespace": "AWS/CertificateManager",
                "metric": "DaysToExpiry",
                "dimensions": {"CertificateArn": arn},
                "statistic": "Minimum",
                "below": 30,
                "minutes": 1440,
            },
            pulumi.ResourceOptions(parent=self),
        )
