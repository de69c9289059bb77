"""A fleet: it grows before its nodes are full, serves while its nodes are replaced, and starts no node too early."""

import base64
import functools
import gzip
import json
import re
from pathlib import Path
from typing import Any

import moto
import pulumi
import pulumi_aws as aws
import pytest

from components.serving.cache_fleet import CacheFleet
from components.serving.cache_node.user_data import NODE_PORT
from components.serving.node_role import NodeRole
from components.serving.scaling import headroom_mb
from facts.instances import ALL_TYPES, INSTANCE_TYPES, interchangeable, least
from local.engine import Deployment
from local.serving.nodes import written_files
from settings import Settings
from tests.declared import REGION, ROOT, depends_on, made, refusal, whole
from tests.unit.test_aws_model import told

GROUP, TARGETS = "aws:autoscaling/group:Group", "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ARGS: dict[str, Any] = {
    "region": REGION,
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "security_group_id": "sg-1",
    "instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/node",
    "log_group_name": "nodes",
    "bucket_name": "media",
    "digits": "0123456789abcdef",
    "ami": "ami-0123456789abcdef0",
    "instance_type": "im4gn.large",
    "other_types": (),
    "min_nodes": 2,
    "max_nodes": 6,
    "spot_percent": 0,
    "tags": {"project": "headend", "stack": "dev"},
    "settings": Settings().for_nodes,
    "needs": [],
}


@functools.cache
def fleet(**other: Any) -> Deployment:
    return made(CacheFleet, "pop-0", {**ARGS, **other})


def test_the_balancer_checks_a_path_that_nodes_answer() -> None:
    check = fleet().one(TARGETS).inputs
    nginx = (ROOT / "components/serving/cache_node/nginx.conf").read_text(encoding="utf-8")
    assert f"location = {check['healthCheck']['path']} " in nginx
    assert check["port"] == NODE_PORT
    # The balancer stops using a dead node within about ten seconds.
    assert check["healthCheck"]["interval"] * check["healthCheck"]["unhealthyThreshold"] <= 10
    # The worker finishes what it sends before the node is taken away.
    assert check["deregistrationDelay"] >= 30


def test_a_node_that_fails_its_check_is_replaced() -> None:
    group = fleet().one(GROUP).inputs
    assert group["healthCheckType"] == "ELB"
    assert group["healthCheckGracePeriod"] >= 120


@pytest.mark.parametrize("spot_percent", [0, 50])
def test_an_update_leaves_a_group_the_template_to_which_it_could_go_back(spot_percent: int) -> None:
    group = fleet(spot_percent=spot_percent).one(GROUP)
    assert group.options["ignoreChanges"] == ["mixedInstancesPolicy.launchTemplate"]
    # Auto Scaling refuses to roll back with "$Latest", since it would not know the earlier version.
    template = group.inputs["mixedInstancesPolicy"]["launchTemplate"]["launchTemplateSpecification"]
    assert (template["launchTemplateId"], template["version"]) == (fleet().one(TEMPLATE).id, "1")
    # The provider would write the new template first. Then a rollback would go "back" to that.
    assert not {"instanceRefresh", "launchTemplate"} & set(group.inputs)


def test_what_make_roll_reads_is_what_was_made() -> None:
    done = made(lambda *given: pulumi.export("fleets", [CacheFleet(*given).rollout]), "pop-0", ARGS)
    group, template = done.one(GROUP), done.one(TEMPLATE)
    assert done.exports["fleets"] == [
        {
            "region": REGION,
            "group": group.outputs["name"],
            "template": template.id,
            "version": "1",
            "types": ["im4gn.large"],
        }
    ]


def test_a_node_goes_only_when_its_successor_serves() -> None:
    policy = fleet().one(GROUP).inputs["instanceMaintenancePolicy"]
    assert policy == {"minHealthyPercentage": 100, "maxHealthyPercentage": 150}


def test_zones_share_the_nodes() -> None:
    group = fleet().one(GROUP).inputs
    assert group["vpcZoneIdentifiers"] == ["subnet-1", "subnet-2"]
    assert group["availabilityZoneDistribution"] == {"capacityDistributionStrategy": "balanced-best-effort"}


@pytest.mark.parametrize("instance_type", INSTANCE_TYPES)
def test_it_grows_before_a_node_sends_all_that_it_can(instance_type: str) -> None:
    tracking = fleet(instance_type=instance_type).one("aws:autoscaling/policy:Policy").inputs
    target = tracking["targetTrackingConfiguration"]
    assert target["predefinedMetricSpecification"] == {"predefinedMetricType": "ASGAverageNetworkOut"}
    full = INSTANCE_TYPES[instance_type].baseline_gbps * 1e9 / 8 * 60
    assert 0.4 * full < target["targetValue"] < 0.75 * full


def test_spot_comes_with_rebalancing_above_the_minimum_and_only_then() -> None:
    plain, mixed = fleet().one(GROUP).inputs, fleet(spot_percent=75).one(GROUP).inputs
    assert plain["capacityRebalance"] is False
    assert plain["mixedInstancesPolicy"]["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 100
    assert mixed["capacityRebalance"] is True
    shares = mixed["mixedInstancesPolicy"]["instancesDistribution"]
    assert (shares["onDemandBaseCapacity"], shares["onDemandPercentageAboveBaseCapacity"]) == (2, 25)


def test_the_bill_says_whose_the_nodes_are() -> None:
    tags = {tag["key"]: tag["value"] for tag in fleet().one(GROUP).inputs["tags"]}
    assert {**ARGS["tags"], "Name": "dev-pop-0", "headend:role": "cache"} == tags
    assert all(tag["propagateAtLaunch"] for tag in fleet().one(GROUP).inputs["tags"])


def test_two_stacks_in_one_account_have_fleets_of_different_names() -> None:
    def name(stack: str) -> str:
        done = made(CacheFleet, "pop-0", ARGS, stack=stack)
        return next(tag["value"] for tag in done.one(GROUP).inputs["tags"] if tag["key"] == "Name")

    assert name("dev") != name("prod")


def test_no_node_starts_before_what_it_needs_to_boot() -> None:
    def program(name: str, args: Any) -> None:
        role = NodeRole("role", {"region": REGION, "log_days": 1})
        route = aws.ec2.VpcEndpoint("endpoint", vpc_id="vpc-1", service_name="s3")
        args["needs"] = [role, route]
        CacheFleet(name, args)

    done = made(program, "pop-0", {**ARGS})
    group = done.one(GROUP)
    for type_ in ("aws:iam/rolePolicy:RolePolicy", "aws:ec2/vpcEndpoint:VpcEndpoint"):
        assert depends_on(done, group, done.one(type_)), type_


def test_an_unknown_instance_type_is_refused_with_those_that_are_known() -> None:
    said = refusal(CacheFleet, "pop-0", {**ARGS, "instance_type": "t3.micro"})
    assert said.startswith("CacheFleet 'pop-0': instance_type must be one of c7gd.medium, ")
    assert said.endswith(", got 't3.micro'")


@functools.cache
def aws_types() -> dict[str, Any]:
    """What EC2's DescribeInstanceTypes answers, as moto carries it."""
    [path] = (Path(moto.__file__).parent / "ec2/resources").glob("instance_types.json*")
    return json.loads(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize("name", ALL_TYPES)
def test_every_known_type_is_graviton_with_a_disk_and_has_the_figures_that_aws_gives(name: str) -> None:
    known, told = ALL_TYPES[name], aws_types()[name]
    assert told["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
    assert told["InstanceStorageInfo"]["NvmeSupport"] == "required"
    assert known.nvme_gb == told["InstanceStorageInfo"]["TotalSizeInGB"]
    assert known.vcpus == told["VCpuInfo"]["DefaultVCpus"]
    [card] = told["NetworkInfo"]["NetworkCards"]
    assert (known.baseline_gbps, known.peak_gbps) == (card["BaselineBandwidthInGbps"], card["PeakBandwidthInGbps"])


SEVERAL = ("is4gen.large", "c7gd.2xlarge")


def test_a_stack_of_one_type_sees_no_list_of_types() -> None:
    policy = fleet().one(GROUP).inputs["mixedInstancesPolicy"]
    assert "overrides" not in policy["launchTemplate"]
    assert "onDemandAllocationStrategy" not in policy["instancesDistribution"]


def test_where_a_type_cannot_be_had_the_next_one_of_the_list_is_taken() -> None:
    group = fleet(other_types=SEVERAL).one(GROUP).inputs
    policy = group["mixedInstancesPolicy"]
    assert [item["instanceType"] for item in policy["launchTemplate"]["overrides"]] == ["im4gn.large", *SEVERAL]
    assert policy["instancesDistribution"]["onDemandAllocationStrategy"] == "prioritized"
    assert told(group, GROUP, []) == []


def test_the_least_of_several_types_says_when_to_grow_and_the_fastest_how_much_disk_stays_free() -> None:
    def limits(**other: Any) -> tuple[float, str, str]:
        done = fleet(**other)
        [policy] = done.of_type("aws:autoscaling/policy:Policy")
        text = gzip.decompress(base64.b64decode(done.one(TEMPLATE).inputs["userData"])).decode()
        found = [re.search(rf"{name}=(\d+)", text) for name in ("HEADROOM_MB", "FILL_MBPS")]
        headroom, fill = (match[1] if match else "" for match in found)
        return policy.inputs["targetTrackingConfiguration"]["targetValue"], headroom, fill

    slow, fast = limits(), limits(instance_type="c7gd.2xlarge")
    assert slow == limits(other_types=("is4gen.large",)), "which differs in its disk alone"
    assert slow[0] < fast[0]
    assert int(slow[1]) > int(fast[1])
    # The one has the lower baseline, and the higher peak.
    assert (
        limits(other_types=("c7gd.2xlarge",))
        == slow
        == limits(instance_type="c7gd.2xlarge", other_types=("im4gn.large",))
    )


@pytest.mark.parametrize("name", INSTANCE_TYPES)
def test_types_that_may_be_mixed_leave_most_of_the_smallest_disk_to_the_cache(name: str) -> None:
    for other in interchangeable(name):
        mixed = least([name, other])
        assert headroom_mb(mixed.peak_gbps) < 0.4 * 1000 * mixed.nvme_gb, other


@pytest.mark.parametrize("other", ["t3.micro", "im4gn.large", "im4gn.4xlarge", "c7gd.medium"])
def test_a_type_that_cannot_stand_for_the_first_is_refused(other: str) -> None:
    said = refusal(CacheFleet, "pop-0", {**ARGS, "other_types": (other,)})
    assert said.startswith("CacheFleet 'pop-0': other_types must be of c7gd.2xlarge, im4gn.xlarge, ")
    assert said.endswith(f", which are like im4gn.large; got {other!r}")


def test_a_launch_that_fails_is_tried_again_before_the_deployment_fails() -> None:
    made = whole("dev").of_type("aws:autoscaling/group:Group")[0].inputs
    assert made["ignoreFailedScalingActivities"] is True
    assert made["waitForCapacityTimeout"] == "20m"


def test_its_nodes_get_the_config_keys_that_are_for_nodes() -> None:
    template = made(CacheFleet, "pop-0", {**ARGS, "settings": {"rate": 7}}).one(TEMPLATE)
    assert "RATE=7\n" in written_files(template.inputs["userData"])["/etc/headend/node.env"]


def test_a_full_fleet_has_time_to_drain_before_a_destroy_gives_up() -> None:
    assert fleet().one(GROUP).options["customTimeouts"] == {"delete": "30m"}
