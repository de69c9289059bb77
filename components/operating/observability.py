"""Operations: are viewers watching, and is anything failing? Alarms in the region of each metric, and one dashboard."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.operating import alarm_rules
from components.operating.alarm import AlarmArgs, alarm
from components.operating.dashboard import dashboard
from components.serving.point_of_presence import PointOfPresence
from components.serving.web_servers import WebServers
from facts.regions import CLOUDFRONT_REGION


class StandbyNames(TypedDict):
    """The second home."""

    region: str
    uploads: pulumi.Input[str]
    """Bucket of the uploads at home."""
    copy: pulumi.Input[str]
    """Bucket of their copies."""
    table: pulumi.Input[str]


class ObservabilityArgs(TypedDict):
    """The watched resources, and the topics for alarms."""

    home: str
    topics: Mapping[str, pulumi.Input[str]]
    """ARN of a topic in each region, CloudFront's among them."""
    state_machine_arn: pulumi.Input[str]
    sidecars_arn: pulumi.Input[str]
    """State machine of sidecars: captions and posters beside films."""
    dead_letter_name: pulumi.Input[str]
    """Queue of the events that could not start the workflow."""
    sweeper_name: pulumi.Input[str]
    """Function that looks for what was lost."""
    forecast_name: pulumi.Input[str] | None
    """Function that makes the orders for cache nodes. None if there are no fleets."""
    pops: Sequence[PointOfPresence]
    web_servers: WebServers
    """Behind the balancer of the home region."""
    buckets: Mapping[str, pulumi.Input[str]]
    """Names of the media buckets by region. Those of other regions are replicas of the home bucket."""
    standby: StandbyNames | None
    distribution_id: pulumi.Input[str]
    edge_certificate: pulumi.Input[str] | None
    """ARN of the distribution's own certificate, if it has one."""


class Observability(pulumi.ComponentResource):
    """Alarms that a person can act on, and a dashboard."""

    balancer_alarms: dict[str, pulumi.Output[str]]
    """By region: ARN of the alarm for errors that the load balancer itself answers."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        needed = {CLOUDFRONT_REGION, args["home"], *(pop.region for pop in args["pops"])}
        if needed - set(args["topics"]):
            all_of, held = " and ".join(sorted(needed)), ", ".join(args["topics"]) or "none"
            raise ValueError(f"Observability {name!r}: topics must have {all_of}, got {held}")
        super().__init__("headend:observability:Observability", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for key, rule in _rules(args).items():
            alarm(f"{name}-{key}", rule, args["topics"], child)
        self.balancer_alarms = {
            pop.region: alarm(
                f"{name}-{pop.region}-balancer-5xx",
                alarm_rules.balancer(pop.region, balancer_suffix=pop.balancer.arn_suffix),
                args["topics"],
                child,
            ).arn
            for pop in args["pops"]
        }
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            region=args["home"],
            dashboard_name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            dashboard_body=pulumi.Output.json_dumps(
                dashboard(
                    home=args["home"],
                    distribution_id=args["distribution_id"],
                    state_machine_arn=args["state_machine_arn"],
                    balancers={pop.region: pop.balancer.arn_suffix for pop in args["pops"]},
                    groups={pop.region: [fleet.group_name for fleet in pop.fleets] for pop in args["pops"]},
                    fleets={
                        pop.region: {fleet.fleet_name: fleet.target_group_suffix for fleet in pop.fleets}
                        for pop in args["pops"]
                    },
                    node_logs={pop.region: pop.node_log for pop in args["pops"] if pop.node_log is not None},
                )
            ),
            # An account has one dashboard of a name. If the new one came first, deleting the old one would delete it.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({})


def _rules(args: ObservabilityArgs) -> dict[str, AlarmArgs]:
    """Every alarm by its key, without those of the load balancers."""
    home = args["home"]
    rules = alarm_rules.making(
        home,
        state_machine_arn=args["state_machine_arn"],
        dead_letter_name=args["dead_letter_name"],
        sweeper_name=args["sweeper_name"],
    )
    rules |= alarm_rules.experience(home)
    rules |= alarm_rules.sidecars(home, state_machine_arn=args["sidecars_arn"])
    if args["forecast_name"]:
        rules |= alarm_rules.forecast(home, function_name=args["forecast_name"])
    rules |= alarm_rules.edge(distribution_id=args["distribution_id"])
    if args["edge_certificate"]:
        rules["edge-certificate"] = alarm_rules.certificate(CLOUDFRONT_REGION, arn=args["edge_certificate"])
    if there := args["standby"]:
        names = {"source": there["uploads"], "destination": there["copy"], "table": there["table"]}
        rules |= alarm_rules.standby(home, there["region"], **names)
    for pop in args["pops"]:
        rules |= alarm_rules.canary(pop.region)
        rules |= alarm_rules.image(pop.region) if pop.fleets else {}
        rules |= alarm_rules.fleets(
            pop.region,
            balancer_suffix=pop.balancer.arn_suffix,
            fleets=pop.fleets,
        )
        if pop.region != home:
            buckets = args["buckets"]
            rules |= alarm_rules.replica(home, pop.region, source=buckets[home], destination=buckets[pop.region])
        else:
            rules |= alarm_rules.api(
                home,
                function_name=args["web_servers"].function_name,
                balancer_suffix=pop.balancer.arn_suffix,
                target_group=args["web_servers"].target_group_suffix,
            )
        if pop.certificate:
            rules[f"{pop.region}-certificate"] = alarm_rules.certificate(pop.region, arn=pop.certificate)
    return rules
