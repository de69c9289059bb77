"""Certificates of a stack with a hosted zone: they are validated and renewed, and used only once they are issued."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.edge.certificates import Certificates, refuse_foreign_zone
from local.engine import Deployment, ProgramError, RecordingProvider, run_program
from tests.declared import ROOT, ZONE, depends_on, made, refusal, regions, whole, zoned

CERTIFICATE = "aws:acm/certificate:Certificate"
ISSUED = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
LISTENER = "aws:lb/listener:Listener"
ARGS = {"host": "watch.example.com", "zone_id": ZONE, "home": "eu-west-1", "regions": ["ap-south-1", "eu-west-1"]}


def proofs(done: Deployment) -> list[dict[str, Any]]:
    return [item.inputs for item in done.of_type(RECORD) if item.inputs["type"] == "CNAME"]


def test_cloudfront_has_the_viewers_name_and_each_balancer_the_name_that_cloudfront_asks_for() -> None:
    done = zoned()
    names = {item.outputs["arn"]: (item.region, item.inputs["domainName"]) for item in done.of_type(CERTIFICATE)}
    edge = done.one(DISTRIBUTION).inputs
    assert names[edge["viewerCertificate"]["acmCertificateArn"]] == ("us-east-1", edge["aliases"][0])
    origins = {item["domainName"] for item in edge["origins"] if "vpcOriginConfig" in item}
    listeners = done.of_type(LISTENER)
    assert {names[item.inputs["certificateArn"]] for item in listeners} == {
        (item.region, name) for item in listeners for name in origins
    }
    assert len(names) == 1 + len(listeners)


def test_nothing_uses_a_certificate_before_it_is_issued() -> None:
    done = zoned()
    for user in [done.one(DISTRIBUTION), *done.of_type(LISTENER)]:
        [own] = [item for item in done.of_type(ISSUED) if item.urn in user.dependencies]
        assert [item for item in done.of_type(RECORD) if depends_on(done, own, item)]


def test_one_record_proves_a_name_in_all_regions_and_stays_as_regions_come_and_go() -> None:
    both, alone = made(Certificates, "names", ARGS), made(Certificates, "names", {**ARGS, "regions": ["eu-west-1"]})
    assert proofs(both) == proofs(alone)
    assert [item["zoneId"] for item in proofs(both)] == [ZONE, ZONE]
    assert all(item["allowOverwrite"] for item in proofs(both))


def test_a_slow_proof_ends_before_the_deployments_credentials_do() -> None:
    """CI's credentials last two hours."""
    assert {item.options["customTimeouts"]["create"] for item in zoned().of_type(ISSUED)} == {"75m"}


def test_a_live_stack_that_gets_a_zone_keeps_everything_else() -> None:
    before, after = whole("prod"), zoned()
    old, new = ({item.urn: item for item in done.registrations} for done in (before, after))
    assert old.keys() <= new.keys()
    changed = {item.type for urn, item in new.items() if urn in old and old[urn].inputs != item.inputs}
    # The certificate has another ARN. CloudFront, listener and alarm change in place.
    assert changed == {DISTRIBUTION, LISTENER, "aws:cloudwatch/metricAlarm:MetricAlarm"}
    assert {item.type for urn, item in new.items() if urn not in old and item.custom} == {CERTIFICATE, ISSUED, RECORD}


def test_a_preview_shows_the_same() -> None:
    assert {item.urn for item in zoned(preview=True).registrations} == {item.urn for item in zoned().registrations}


class Zones(RecordingProvider):
    """An account with another zone."""

    def __init__(self, **zone: Any) -> None:
        self.zone = zone

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        return {**super().invoke(token, args, region), **(self.zone if token.startswith("aws:route53/") else {})}


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ({"name": "example.org"}, f"'{ZONE}' is the zone of 'example.org', which cannot hold domain.name 'watch.exa"),
        ({"name": "watch.example.com.example.org."}, "cannot hold domain.name 'watch.example.com'"),
        ({"name": "tch.example.com"}, "is the zone of 'tch.example.com'"),
        ({"name": "example.com", "privateZone": True}, f"'{ZONE}' (example.com) is a private zone"),
    ],
)
def test_a_zone_that_cannot_prove_the_name_is_refused_in_words(zone: dict[str, Any], said: str) -> None:
    config = {"regions": regions(1), "domain": {"name": "watch.example.com", "zone": ZONE}}
    with pytest.raises(ProgramError) as caught:
        run_program(ROOT, stack="dev", config=config, provider=Zones(**zone))
    assert said in str(caught.value)
    assert "headend:domain.zone" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_zone_that_is_not_there_is_told_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_zone(**_: Any) -> None:
        raise Exception("no matching Route 53 Hosted Zone found")  # as the SDK does

    monkeypatch.setattr(aws.route53, "get_zone", get_zone)
    with pytest.raises(pulumi.RunError) as caught:
        refuse_foreign_zone("watch.example.com", ZONE)
    assert str(caught.value) == (
        f"headend:domain.zone: AWS does not show the zone '{ZONE}': no matching Route 53 Hosted Zone found. "
        "aws route53 list-hosted-zones shows those of this account"
    )


@pytest.mark.parametrize("name", ["watch.example.com", "watch.example.com."])
def test_the_name_may_be_the_zone_itself(name: str) -> None:
    config = {"regions": regions(1), "domain": {"name": "watch.example.com", "zone": ZONE}}
    assert run_program(ROOT, stack="dev", config=config, provider=Zones(name=name)).of_type(CERTIFICATE)


def test_home_must_have_a_balancer() -> None:
    said = refusal(Certificates, "names", {**ARGS, "regions": ["ap-south-1"]})
    assert said == "Certificates 'names': regions must hold home, 'eu-west-1', got ap-south-1"
