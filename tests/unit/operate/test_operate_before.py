"""`headend preflight` checks the program's needs, with calls that AWS's models know, and judges the answers."""

import functools
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from facts.quota_codes import (
    BALANCERS,
    CONCURRENCY,
    EGRESS_GATEWAYS,
    ENCODING_JOBS,
    INTERNET_GATEWAYS,
    ON_DEMAND,
    SPOT,
    TRANSITIONS,
    VPCS,
    QuotaName,
)
from local.engine import run_program
from operate import before, needs
from planner import change
from tests.declared import ROOT, ZONE, whole, zoned
from tests.stubs import Stubs

HOST = "watch.example.com"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
OWN = [{"Key": "project", "Value": "headend"}, {"Key": "stack", "Value": "dev"}]


@pytest.fixture
def aws() -> Iterator[Stubs]:
    stubs = Stubs()
    yield stubs
    stubs.assert_no_pending_responses()


def test_what_dev_needs_is_counted_in_the_program() -> None:
    found = {need.quota: need for need in needs.quotas(whole("dev"))}
    groups = whole("dev").of_type("aws:autoscaling/group:Group")
    # One vCPU per node, with every fleet at its largest size, and half as many again while it is replaced.
    assert found[ON_DEMAND].amount == sum(math.ceil(group.inputs["maxSize"] * 3 / 2) for group in groups)
    assert {quota: found[quota].amount for quota in (VPCS, INTERNET_GATEWAYS, EGRESS_GATEWAYS, BALANCERS)} == {
        VPCS: 1, INTERNET_GATEWAYS: 1, EGRESS_GATEWAYS: 1, BALANCERS: 1,
    }  # fmt: skip
    assert found[CONCURRENCY].amount == needs.CALLS_AT_ONCE
    assert {need.region for need in found.values()} == {whole("dev").exports["region"]}


def test_spot_nodes_need_a_quota_of_their_own() -> None:
    spot = [need for need in needs.quotas(whole("prod")) if need.quota == SPOT]
    declared = whole("prod").of_type("aws:autoscaling/group:Group")[0].inputs["mixedInstancesPolicy"]
    share = declared["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"]
    assert bool(spot) == (share < 100)


def test_every_type_that_a_fleet_may_take_must_be_offered_and_the_largest_counts() -> None:
    done = run_program(ROOT, stack="dev", config={"otherInstanceTypes": ["m7gd.medium", "c7gd.large"]})
    [place] = needs.places(done)
    assert place.instance_types == {"c7gd.medium", "m7gd.medium", "c7gd.large"}
    vcpus = {need.quota: need.amount for need in needs.quotas(done)}[ON_DEMAND]
    assert vcpus == 2 * {need.quota: need.amount for need in needs.quotas(whole("dev"))}[ON_DEMAND]


def test_places_have_what_their_fleets_are_made_of() -> None:
    for place in needs.places(whole("prod")):
        assert place.zones
        assert all(image.startswith("ami-") for image in place.images)
        assert place.instance_types


def test_prod_s_certificates_and_keys_are_looked_for() -> None:
    arns = needs.certificates(whole("prod"))
    assert {arn.split(":")[3] for arn in arns} == {"us-east-1", *(p.region for p in needs.places(whole("prod")))}
    assert [name for _, name in needs.signing_parameters(whole("prod"))] == ["/headend/prod/signing/key-1"]
    assert needs.certificates(whole("dev")) == set()


def test_a_quota_is_compared_with_what_others_use(aws: Stubs) -> None:
    region = whole("dev").exports["region"]
    for need in needs.quotas(whole("dev")):
        asked = {"ServiceCode": need.quota.service, "QuotaCode": need.quota.code}
        allowed = 20 if need.quota == ON_DEMAND else 2
        aws("service-quotas", region).add_response("get_service_quota", {"Quota": {"Value": float(allowed)}}, asked)
    machine = {"CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 2}}
    reservation = {
        "Reservations": [{"Instances": [machine, {**machine, "Tags": OWN}, {**machine, "InstanceLifecycle": "spot"}]}]
    }
    aws("ec2", region).add_response("describe_instances", reservation, {"Filters": ANY})
    for call, field in (
        ("describe_vpcs", "Vpcs"),
        ("describe_internet_gateways", "InternetGateways"),
        ("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"),
    ):
        aws("ec2", region).add_response(call, {field: [{"Tags": OWN}, {}]}, {})
    balancer = {"LoadBalancerArn": "arn:b", "Type": "application"}
    aws("elbv2", region).add_response("describe_load_balancers", {"LoadBalancers": [balancer]}, {})
    tags = {"TagDescriptions": [{"ResourceArn": "arn:b", "Tags": OWN}]}
    aws("elbv2", region).add_response("describe_tags", tags, {"ResourceArns": ["arn:b"]})
    told = {says.partition(":")[0]: (verdict, says) for _, verdict, says in before._quotas(whole("dev"), aws.client)}
    vcpus = next(need.amount for need in needs.quotas(whole("dev")) if need.quota == ON_DEMAND)
    assert told[ON_DEMAND.name] == (
        "ok" if vcpus + 8 <= 20 else "wrong",
        told[ON_DEMAND.name][1],
    )
    assert f"{vcpus} needed, 8 used by others, 20 allowed" in told[ON_DEMAND.name][1]
    assert told[VPCS.name] == ("ok", "VPCs: 1 needed, 1 used by others, 2 allowed")
    assert told[BALANCERS.name][1].endswith("1 needed, 0 used by others, 2 allowed")
    assert told[CONCURRENCY.name][0] == "wrong"
    assert told[CONCURRENCY.name][1].endswith("Ask AWS for more in Service Quotas: lambda L-B99A9384")


def test_a_quota_that_aws_does_not_tell_is_unsure(aws: Stubs) -> None:
    region = whole("dev").exports["region"]
    for _ in needs.quotas(whole("dev")):
        aws("service-quotas", region).add_client_error("get_service_quota", "NoSuchResourceException")
    assert {verdict for _, verdict, _ in before._quotas(whole("dev"), aws.client)} == {"unsure"}


def test_a_zone_that_lacks_the_type_is_named(aws: Stubs) -> None:
    [place] = needs.places(whole("dev"))
    [kind], zones = place.instance_types, sorted(place.zones)
    asked = {"LocationType": "availability-zone-id", "Filters": [{"Name": "instance-type", "Values": [kind]}]}
    offers = [{"InstanceType": kind, "Location": zone} for zone in zones[1:]]
    aws("ec2", place.region).add_response("describe_instance_type_offerings", {"InstanceTypeOfferings": offers}, asked)
    [(_, verdict, says)] = before._types(whole("dev"), aws.client)
    assert (verdict, says.partition(".c")[0]) == ("wrong", says.partition(".c")[0])
    assert f"AWS does not offer {kind} in {zones[0]}. Choose" in says


@pytest.mark.parametrize(
    ("image", "verdict", "says"),
    [
        (None, "wrong", "ami-1 does not exist"),
        ({"Architecture": "x86_64", "CreationDate": "2026-10-01T00:00:00.000Z"}, "wrong", "is for x86_64"),
        ({"Architecture": "arm64", "CreationDate": "2026-10-30T12:00:00.000Z"}, "ok", "is 2 days old"),
        (
            {"Architecture": "arm64", "CreationDate": "2026-01-01T00:00:00.000Z"},
            "unsure",
            "is 304 days old: headend ami",
        ),
    ],
)
def test_an_image_must_be_there_fit_and_be_young(image: Any, verdict: str, says: str) -> None:
    found = before.image_verdict("ami-1", image, NOON)
    assert found[0] == verdict
    assert says in found[1]


@pytest.mark.parametrize(
    ("status", "days", "verdict"),
    [("ISSUED", 200, "ok"), ("ISSUED", 10, "unsure"), ("PENDING_VALIDATION", 0, "wrong"), ("EXPIRED", -3, "wrong")],
)
def test_a_certificate_must_be_issued_and_last(status: str, days: int, verdict: str) -> None:
    told = {"DomainName": "watch.example.com", "Status": status, "NotAfter": NOON + timedelta(days=days)}
    assert before.certificate_verdict(told, NOON)[0] == verdict


def test_the_other_checks_ask_what_aws_knows(aws: Stubs) -> None:
    prod = whole("prod")
    home = prod.exports["region"]
    aws("logs", home).add_response("describe_resource_policies", {"resourcePolicies": [{}] * 10}, {})
    assert [verdict for _, verdict, _ in before._logs(prod, aws.client)] == ["unsure"]
    tags = {"CostAllocationTags": [{"TagKey": "project", "Type": "UserDefined", "Status": "Active"}]}
    aws("ce", "us-east-1").add_response("list_cost_allocation_tags", tags, {"TagKeys": ["project", "stack"]})
    [(_, verdict, says)] = before._budget(prod, aws.client)
    assert (verdict, "cost allocation tags stack in" in says) == ("wrong", True)
    asked = {"ParameterFilters": [{"Key": "Name", "Values": ["/headend/prod/signing/key-1"]}]}
    aws("ssm", home).add_response("describe_parameters", {"Parameters": []}, asked)
    [(_, verdict, says)] = before._keys(prod, aws.client)
    assert (verdict, "so no film can start" in says) == ("wrong", True)


def test_dollars_are_said_as_the_planner_says_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Base and head are the same program here, so it runs once.
    monkeypatch.setattr(change, "registered", functools.cache(change.registered))
    before.cost(".", ".", "dev", 0, 0, 0, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["added"] == {}
    base, head = told["usd"]["Together"]
    assert base == head > 0


def test_the_name_of_a_zone_must_be_free_or_lead_to_cloudfront(aws: Stubs) -> None:
    """Pulumi does not overwrite an existing record."""
    for kind in ("A", "AAAA"):
        asked = {"HostedZoneId": ZONE, "StartRecordName": HOST, "StartRecordType": kind, "MaxItems": "1"}
        found = {"Name": f"{HOST}.", "Type": kind, "ResourceRecords": [{"Value": "192.0.2.1"}], "TTL": 60}
        records = [found] if kind == "A" else []
        answer = {"ResourceRecordSets": records, "IsTruncated": False, "MaxItems": "1"}
        aws("route53", "us-east-1").add_response("list_resource_record_sets", answer, asked)
    check = before._addresses
    assert [verdict for _, verdict, _ in check(zoned(), aws.client)] == ["unsure", "ok"]
    assert list(check(whole("prod"), aws.client)) == []


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({}, "ok"),
        ({"Name": "zz.example.com.", "Type": "A"}, "ok"),
        ({"Name": f"{HOST}.", "Type": "TXT"}, "ok"),
        ({"Name": f"{HOST}.", "Type": "A", "AliasTarget": {"DNSName": "d1.cloudfront.net."}}, "ok"),
        ({"Name": f"{HOST}.", "Type": "A", "AliasTarget": {"DNSName": "old.example.org."}}, "unsure"),
    ],
)
def test_a_record_of_somebody_else_is_told(found: dict[str, Any], verdict: str) -> None:
    assert before.address_verdict(HOST, "A", found)[0] == verdict


def test_certificates_that_the_program_makes_are_not_looked_for() -> None:
    assert needs.certificates(zoned()) == set()


def quota(name: str, value: float) -> dict[str, Any]:
    return {"QuotaName": name, "Value": value}


def test_encoding_and_the_workflow_are_asked_for_by_the_names_of_their_quotas(aws: Stubs) -> None:
    rates = [
        quota("StartExecution throttle token refill rate per second", 5),
        quota("StartExecution throttle token bucket size", 1),
        quota("StateTransition throttle token bucket size", 1),
        quota("StateTransition throttle token refill rate per second", 5000),
        quota("Open executions", 1_000_000),
        quota("Open Map Runs", 1_000),
    ]
    aws("mediaconvert", "us-east-1").add_response(
        "list_queues", {"Queues": [], "TotalConcurrentJobs": 5}, {"MaxResults": 1}
    )
    aws("service-quotas", "us-east-1").add_response("list_service_quotas", {"Quotas": rates}, {"ServiceCode": "states"})
    found = [*before._encoders(whole("dev"), aws.client), *before._rates(whole("dev"), aws.client)]
    assert [verdict for _, verdict, _ in found] == ["unsure", "ok", "unsure", "ok"]
    assert "10 wanted, 5 allowed. Films wait for one another. Ask AWS for more in Service Quotas: media" in found[0][2]
    assert "5000 allowed" in found[1][2]
    assert "10 wanted, 5 allowed" in found[2][2]
    assert "10000 wanted, 1000000 allowed" in found[3][2]


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        (ENCODING_JOBS, "AWS does not say how many"),
        (TRANSITIONS, "no quota of states has a name with statetransition … refill rate"),
    ],
)
def test_a_quota_that_aws_has_renamed_is_reported_and_fails_nothing(quota: QuotaName, said: str) -> None:
    both = [*needs.rates(whole("dev")), *needs.encoders(whole("dev"))]
    need = next(need for need in both if need.quota == quota)
    verdict, says = before.rate_verdict(need, [])
    assert verdict == "unsure"
    assert said in says
