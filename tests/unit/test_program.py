"""The whole program: for each stack and any number of regions, as an update and as a preview, and within AWS's limits.

Without these tests only AWS would notice most of these limits, in the middle of an update.
"""

import base64
import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import UNKNOWN, Archive, Asset, Deployment, run_program
from tests.declared import ACCOUNT, ROOT, depends_on, documents, regions, whole

STACKS = ("dev", "local", "prod")
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GLOBAL = ("aws:iam/", "aws:cloudfront/", "aws:budgets/")


def shape(deployment: Deployment) -> dict[str, tuple[Any, ...]]:
    """By URN: the values that must be the same in a second run. The order is left out, since threads may change it."""
    return {
        item.urn: (item.inputs, item.options, item.dependencies, item.property_dependencies, item.region, item.provider)
        for item in deployment.registrations
    }


# It runs


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("stack", STACKS)
def test_it_runs_for_every_stack(stack: str, preview: bool) -> None:
    assert len(whole(stack, preview=preview).registrations) > 150


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_shows_the_resources_that_the_update_makes(stack: str) -> None:
    def seen(preview: bool) -> list[tuple[str, str]]:
        return sorted((item.urn, item.region) for item in whole(stack, preview=preview).registrations)

    assert seen(True) == seen(False)


def test_in_a_first_preview_nothing_that_aws_chooses_is_known() -> None:
    bucket = whole("dev", preview=True).one("aws:s3/bucket:Bucket", "content-media-bucket")
    policies = whole("dev", preview=True).of_type("aws:s3/bucketPolicy:BucketPolicy")
    assert "bucket" not in bucket.outputs
    assert {item.inputs["policy"] for item in policies} == {UNKNOWN}


def test_a_second_run_registers_the_same() -> None:
    again = run_program(ROOT, stack="prod")
    assert shape(again) == shape(whole("prod"))
    assert again.exports == whole("prod").exports


def test_the_work_grows_no_faster_than_the_regions() -> None:
    sizes = {count: len(whole("dev", points_of_presence=count).registrations) for count in (1, 3, 10)}
    one = sizes[3] - sizes[1]
    # The second region adds replication and the choice of the nearest. Each further region adds the same number again.
    each = (sizes[10] - sizes[3]) / 7
    assert each == int(each)
    assert each <= one / 2
    links = {
        count: sum(len(item.dependencies) for item in whole("dev", points_of_presence=count).registrations)
        for count in (1, 3, 10)
    }
    # The time depends on the number of resources and on the number of dependencies.
    assert links[10] / links[1] < 1.5 * sizes[10] / sizes[1]


def test_further_regions_preview_as_well() -> None:
    preview = whole("dev", preview=True, points_of_presence=3)
    assert len(preview.registrations) == len(whole("dev", points_of_presence=3).registrations)


# A reviewer who reads the next preview


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_is_in_a_component_and_named_after_it(stack: str) -> None:
    by_urn = {item.urn: item for item in whole(stack).registrations}
    for item in whole(stack).registrations:
        if item.custom:
            parent = by_urn[item.parent]
            assert parent.type.startswith("headend:"), item.urn
            assert item.name.startswith(parent.name), item.urn


@pytest.mark.parametrize("stack", STACKS)
def test_aws_makes_the_physical_names(stack: str) -> None:
    """A name of ours could exist only once, so a resource that must be replaced would collide with itself."""
    given = {
        (item.type, key)
        for item in whole(stack).registrations
        for key in ("name", "bucket", "functionName", "roleName", "dashboardName")
        if item.custom and key in item.inputs and item.type.split(":")[1].split("/")[1] != "bucket" + key
        if not (key == "bucket" and item.type != "aws:s3/bucket:Bucket")
    }
    # A dashboard with the same name is overwritten.
    assert given == {("aws:cloudwatch/dashboard:Dashboard", "dashboardName")}


# An attacker


@pytest.mark.parametrize("stack", STACKS)
def test_no_output_and_no_input_holds_a_secret(stack: str) -> None:
    done = whole(stack)
    told = json.dumps([done.exports, *({**item.inputs, "userData": ""} for item in done.registrations)], default=str)
    assert not re.search(r"PRIVATE KEY|AKIA[0-9A-Z]{16}|aws_secret|[Pp]assword", told)


# An operator who takes a region out, or runs `destroy`


def test_a_region_that_leaves_is_unprotected_and_the_others_are_not() -> None:
    written = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]["headend:regions"]
    places = {**written, "eu-west-1": {**written["eu-west-1"], "leaving": True}}
    before, after = whole("prod"), run_program(ROOT, stack="prod", config={"regions": places})
    kept = {name: {item.urn for item in done.registrations if item.options.get("protect")} for name, done in
            (("before", before), ("after", after))}  # fmt: skip
    freed = {urn.rpartition("::")[2] for urn in kept["before"] - kept["after"]}
    assert freed == {"media-eu-west-1-bucket", "logs-eu-west-1-bucket"}
    assert kept["after"] < kept["before"]
    balancers = {item.region: item.inputs["enableDeletionProtection"] for item in after.of_type(BALANCER)}
    assert balancers == {"us-east-1": True, "eu-west-1": False, "ap-southeast-1": True}
    buckets = {item.name: item.inputs["forceDestroy"] for item in after.of_type("aws:s3/bucket:Bucket")}
    assert {name for name, emptied in buckets.items() if emptied} == {"site-bucket", *freed}
    # Its viewers are sent elsewhere before it goes.
    code = after.one("aws:cloudfront/function:Function", "delivery-viewer-request").inputs["code"]
    assert "eu-west-1" not in re.sub(r"(?m)^\s*//.*$", "", code)
    assert {item.urn for item in after.registrations} == {item.urn for item in before.registrations}


def test_then_its_line_is_taken_out_and_nothing_of_it_was_protected() -> None:
    written = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]["headend:regions"]
    leaving = {**written, "eu-west-1": {**written["eu-west-1"], "leaving": True}}
    without = {name: place for name, place in written.items() if name != "eu-west-1"}
    before, after = (run_program(ROOT, stack="prod", config={"regions": each}) for each in (leaving, without))
    left = {item.urn for item in after.registrations}
    gone = [item for item in before.registrations if item.urn not in left and item.custom]
    assert {item.region for item in gone if not item.type.startswith(GLOBAL)} == {"eu-west-1", "us-east-1"}
    assert [item.name for item in gone if item.options.get("protect")] == []
    # Of home only the alarms on copies to the region go.
    assert {item.type for item in gone if item.region == "us-east-1" and not item.type.startswith(GLOBAL)} == {ALARM}


def test_what_cannot_be_made_again_is_protected_in_prod_and_disposable_in_dev() -> None:
    def kept(stack: str) -> set[str]:
        return {item.name for item in whole(stack).registrations if item.options.get("protect")}

    assert kept("dev") == set()
    assert kept("prod") >= {"content-uploads-bucket", "content-media-bucket", "catalogue-titles"}
    assert all(item.inputs["forceDestroy"] for item in whole("dev").of_type("aws:s3/bucket:Bucket"))


@pytest.mark.parametrize(
    ("later", "sooner"),
    [
        # CloudFront stops using a VPC before its gateway is deleted, and a function and a key before they are deleted.
        ("aws:cloudfront/vpcOrigin:VpcOrigin", "aws:ec2/internetGateway:InternetGateway"),
        ("aws:cloudfront/vpcOrigin:VpcOrigin", "aws:lb/loadBalancer:LoadBalancer"),
        ("aws:cloudfront/distribution:Distribution", "aws:cloudfront/vpcOrigin:VpcOrigin"),
        ("aws:cloudfront/distribution:Distribution", "aws:cloudfront/function:Function"),
        ("aws:cloudfront/distribution:Distribution", "aws:cloudfront/keyGroup:KeyGroup"),
        ("aws:cloudfront/distribution:Distribution", "aws:wafv2/webAcl:WebAcl"),
        ("aws:cloudfront/keyGroup:KeyGroup", "aws:cloudfront/publicKey:PublicKey"),
        # Whatever logs into a bucket is deleted before the bucket.
        ("aws:lb/loadBalancer:LoadBalancer", "aws:s3/bucketPolicy:BucketPolicy"),
        ("aws:ec2/flowLog:FlowLog", "aws:s3/bucketPolicy:BucketPolicy"),
        # Nodes are deleted before the things that they read from, and before their security groups.
        ("aws:autoscaling/group:Group", "aws:ec2/vpcEndpoint:VpcEndpoint"),
        ("aws:autoscaling/group:Group", "aws:ec2/securityGroup:SecurityGroup"),
        ("aws:autoscaling/group:Group", "aws:iam/instanceProfile:InstanceProfile"),
        ("aws:lb/listenerRule:ListenerRule", "aws:lb/targetGroup:TargetGroup"),
    ],
)
def test_deletes_happen_in_an_order_that_aws_accepts(later: str, sooner: str) -> None:
    prod = whole("prod")
    for one in prod.of_type(later):
        needed = [item for item in prod.of_type(sooner) if depends_on(prod, one, item)]
        assert needed, one.name


# One region does not reach into another


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_regional_things_name_only_things_of_their_own_region(stack: str) -> None:
    done = whole(stack)
    by_urn = {item.urn: item for item in done.registrations}
    across = {
        (item.type, other.type)
        for item in done.registrations
        if item.custom and not item.type.startswith(GLOBAL)
        for urns in item.property_dependencies.values()
        for other in map(by_urn.__getitem__, urns)
        if other.custom and not other.type.startswith(GLOBAL) and other.region != item.region
    }
    replication = {
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws:s3/bucket:Bucket"),
        # Alarms watch replication from both ends.
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:s3/bucket:Bucket"),
        # There is one dashboard for all regions. Each graph names its region.
        ("aws:cloudwatch/dashboard:Dashboard", "aws:lb/loadBalancer:LoadBalancer"),
        ("aws:cloudwatch/dashboard:Dashboard", "aws:autoscaling/group:Group"),
        ("aws:cloudwatch/dashboard:Dashboard", "aws:lb/targetGroup:TargetGroup"),
        ("aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/logGroup:LogGroup"),
    }
    assert across == (replication if stack == "prod" else set())


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_text_names_another_region(stack: str) -> None:
    """No dependency shows ARNs that the program puts together from text."""
    names = set(regions(10))
    for item in whole(stack).registrations:
        if not item.custom or item.type.startswith(GLOBAL) or item.type == "aws:cloudwatch/dashboard:Dashboard":
            continue
        arns = re.findall(r"arn:aws:[a-z0-9-]+:([a-z0-9-]+):", json.dumps(item.inputs, default=str))
        elsewhere = {arn for arn in arns if arn in names} - {item.region}
        # CloudFront's logs come from us-east-1 to a bucket in any region.
        if item.type == "aws:s3/bucketPolicy:BucketPolicy" and item.name.startswith("logs-"):
            elsewhere -= {"us-east-1"}
        assert not elsewhere, (item.urn, elsewhere)


def test_what_cloudfront_looks_for_in_us_east_1_is_there_wherever_home_is() -> None:
    place = regions(2)["eu-west-1"]
    done = run_program(
        ROOT, stack="dev", config={"aws:region": "eu-west-1", "regions": {"eu-west-1": place}, "webAcl": True}
    )
    here = {item.type for item in done.registrations if item.custom and item.region == "us-east-1"}
    assert here == {
        "aws:wafv2/webAcl:WebAcl",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/logDelivery:LogDelivery",
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:kms/key:Key",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
    }
    watched = {
        item.inputs["namespace"]
        for item in done.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if item.region == "us-east-1"
    }
    assert watched == {"AWS/CloudFront"}


# Limits that nothing local would notice


@functools.cache
def sixteen_fleets() -> Deployment:
    """A stack with the most rules, alarms and graphs that one region can have."""
    certificate = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000001"
    home = {"us-east-1": {**regions(1)["us-east-1"], "certificate": certificate}}
    return run_program(ROOT, stack="prod", config={"fleets": 16, "regions": home})


@pytest.fixture(params=["prod", "ten regions", "sixteen fleets"])
def large(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "prod":
        return whole("prod")
    return sixteen_fleets() if request.param == "sixteen fleets" else whole("dev", points_of_presence=10)


def test_documents_of_policies_are_short_enough(large: Deployment) -> None:
    longest = {
        "aws:iam/role:Role": 2048,
        "aws:iam/rolePolicy:RolePolicy": 10_240,
        "aws:s3/bucketPolicy:BucketPolicy": 20 * 1024,
        "aws:kms/key:Key": 32 * 1024,
        "aws:sns/topicPolicy:TopicPolicy": 30 * 1024,
        "aws:sqs/queuePolicy:QueuePolicy": 30 * 1024,
        "aws:ec2/vpcEndpoint:VpcEndpoint": 20 * 1024,
    }
    for item, document in documents(large):
        assert len(re.sub(r"\s", "", document)) <= longest[item.type], item.urn
    roles = Counter(item.inputs["role"] for item in large.of_type("aws:iam/rolePolicy:RolePolicy"))
    assert max(roles.values()) == 1, "10,240 characters is for all inline policies of a role together"


def test_the_balancer_takes_its_rules(large: Deployment) -> None:
    rules = Counter(item.inputs["listenerArn"] for item in large.of_type("aws:lb/listenerRule:ListenerRule"))
    assert max(rules.values()) <= 100
    for item in large.of_type("aws:lb/listenerRule:ListenerRule"):
        values = [value for condition in item.inputs["conditions"] for value in condition["pathPattern"]["values"]]
        assert len(values) <= 5
        assert sum(value.count("*") + value.count("?") for value in values) <= 5
        assert all(len(value) <= 128 for value in values)
    groups = Counter(item.region for item in large.of_type("aws:lb/targetGroup:TargetGroup"))
    assert max(groups.values()) <= 100, "target groups a balancer"


def test_names_are_short_enough(large: Deployment) -> None:
    longest = {
        "aws:lb/loadBalancer:LoadBalancer": 32,
        "aws:lb/targetGroup:TargetGroup": 32,
        "aws:s3/bucket:Bucket": 63,
        "aws:iam/role:Role": 64,
        "aws:lambda/function:Function": 64,
        "aws:cloudfront/function:Function": 64,
        "aws:cloudwatch/eventRule:EventRule": 64,
        "aws:cloudwatch/logDeliverySource:LogDeliverySource": 60,
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": 60,
        "aws:cloudfront/originAccessControl:OriginAccessControl": 64,
        "aws:iam/instanceProfile:InstanceProfile": 128,
        "aws:cloudfront/cachePolicy:CachePolicy": 128,
    }
    for item in large.registrations:
        if item.type in longest:
            made = item.outputs.get("bucket") or item.outputs["name"]
            # Pulumi's own suffix is a hyphen and seven digits.
            assert max(len(made), len(item.name) + 8) <= longest[item.type], made
        if item.type == "aws:cloudfront/vpcOrigin:VpcOrigin":
            assert len(item.inputs["vpcOriginEndpointConfig"]["name"]) <= 64


def test_the_distribution_is_small_enough(large: Deployment) -> None:
    made = large.one("aws:cloudfront/distribution:Distribution").inputs
    assert len(made["origins"]) <= 25
    assert len(made["orderedCacheBehaviors"]) <= 25
    assert len(made["comment"]) <= 128
    assert all(len(group["members"]) == 2 for group in made["originGroups"])
    assert len({origin["originId"] for origin in made["origins"]}) == len(made["origins"])
    named = {group["originId"] for group in made["originGroups"]} | {origin["originId"] for origin in made["origins"]}
    behaviours = [made["defaultCacheBehavior"], *made["orderedCacheBehaviors"]]
    assert {behaviour["targetOriginId"] for behaviour in behaviours} <= named
    for item in large.of_type("aws:cloudfront/function:Function"):
        assert len(item.inputs["code"].encode()) <= 10 * 1024
    for item in large.registrations:
        if item.type.startswith("aws:cloudfront/"):
            assert len(item.inputs.get("comment", "")) <= 128


def test_user_data_is_small_enough(large: Deployment) -> None:
    for item in large.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        assert len(base64.b64decode(item.inputs["userData"])) <= 16 * 1024


def test_descriptions_are_what_aws_takes(large: Deployment) -> None:
    for item in large.registrations:
        if item.type.startswith(("aws:ec2/securityGroup:", "aws:vpc/securityGroup")):
            # EC2 allows few characters, and no apostrophe.
            allowed = r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}"
            said = item.inputs["description"]
            assert re.fullmatch(allowed, said), (item.urn, said)
        elif item.custom:
            assert len(item.inputs.get("description") or "") <= 256, item.urn


def test_the_workflow_and_the_dashboard_are_small_enough(large: Deployment) -> None:
    assert (
        len(large.one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow").inputs["definition"].encode())
        <= 1024 * 1024
    )
    body = json.loads(large.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    assert len(body["widgets"]) <= 500
    # Tables are of logs, and have no metrics.
    metrics = [len(widget["properties"]["metrics"]) for widget in body["widgets"] if widget["type"] == "metric"]
    assert max(metrics) <= 500
    assert sum(metrics) <= 2500


def archived(archive: Archive) -> int:
    """Bytes of the files in an archive, unpacked."""
    total = sum(path.stat().st_size for path in Path(archive.path or "/nowhere").rglob("*") if path.is_file())
    for item in (archive.assets or {}).values():
        total += archived(item) if isinstance(item, Archive) else (ROOT / str(item.path)).stat().st_size
    return total


def test_functions_are_small_enough(large: Deployment) -> None:
    for item in large.of_type("aws:lambda/function:Function"):
        code = item.inputs["code"]
        assert isinstance(code, Archive)
        # Lambda allows 50 MB packed and 250 MB unpacked. Code with less than 50 MB unpacked is within both limits.
        assert archived(code) < 50 * 1024 * 1024, item.urn
        assert len(json.dumps(item.inputs["environment"]["variables"])) <= 4096
        assert item.inputs["timeout"] <= 900
        assert 128 <= item.inputs["memorySize"] <= 10_240


def test_security_groups_are_below_their_quota(large: Deployment) -> None:
    weights: Counter[tuple[str, str]] = Counter()
    for item in large.registrations:
        if item.type.startswith("aws:vpc/securityGroup"):
            # CloudFront's origin-facing list counts as 55 rules.
            weight = 55 if item.inputs.get("prefixListId") == "pl-3b927c52" else 1
            weights[item.type, item.inputs["securityGroupId"]] += weight
    assert max(weights.values()) <= 60


def test_buckets_have_one_policy_each(large: Deployment) -> None:
    buckets = sorted(item.outputs["bucket"] for item in large.of_type("aws:s3/bucket:Bucket"))
    assert sorted(item.inputs["bucket"] for item in large.of_type("aws:s3/bucketPolicy:BucketPolicy")) == buckets
    blocked = large.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert sorted(item.inputs["bucket"] for item in blocked) == buckets


def test_the_media_is_read_by_the_edge_and_the_regions_own_nodes(large: Deployment) -> None:
    distribution = large.one("aws:cloudfront/distribution:Distribution").outputs["arn"]
    readers: dict[str, set[str]] = {}
    for item in large.of_type("aws:s3/bucketPolicy:BucketPolicy"):
        for statement in json.loads(item.inputs["policy"])["Statement"]:
            if statement["Effect"] == "Allow" and "s3:GetObject" in statement["Action"]:
                [condition] = statement["Condition"]["StringEquals"].values()
                readers.setdefault(item.name, set()).add(condition)
    endpoints = {
        item.region: item.id for item in large.of_type("aws:ec2/vpcEndpoint:VpcEndpoint") if "-s3" in item.name
    }
    expected = {f"media-{region}-access-policy": {endpoint} for region, endpoint in endpoints.items()}
    expected["media-us-east-1-access-policy"] |= {distribution}
    expected["site-access-policy"] = {distribution}
    assert readers == expected


def test_every_listed_file_is_there(large: Deployment) -> None:
    for item in large.registrations:
        for value in item.inputs.values():
            if isinstance(value, Asset) and value.path:
                assert (ROOT / value.path).is_file(), item.urn


def test_resources_billed_by_the_month_have_the_stacks_tags() -> None:
    for item in whole("prod").registrations:
        if isinstance(item.inputs.get("tags"), dict):
            assert {"project": "headend", "stack": "prod"}.items() <= item.inputs["tags"].items(), item.urn
