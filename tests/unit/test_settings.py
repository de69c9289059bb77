"""A stack's config: all mistakes are reported together, in plain words, before any resource is made."""

from typing import Any

import boto3
import pytest
import yaml

from facts.regions import NO_MEDIACONVERT, REGIONS
from local.engine import ProgramError, RecordingProvider, run_program
from settings import Settings
from tests.declared import ROOT, ZONE, deploy, regions

CERTIFICATE = "arn:aws:acm:{}:111122223333:certificate/00000000-0000-0000-0000-000000000001"
PUBLIC_KEY: str = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]["headend:signing"][
    0
]["publicKey"]


def load(**config: Any) -> Settings:
    """The settings of a stack with one region, with `config` changed. None removes a key."""
    given = {"regions": regions(1), **config}
    read: list[Settings] = []
    deploy(
        lambda: read.append(Settings.load()), config={key: value for key, value in given.items() if value is not None}
    )
    return read[0]


def mistakes(**config: Any) -> list[str]:
    """The line for each mistake, without the headline."""
    with pytest.raises(ProgramError) as caught:
        load(**config)
    headline, *lines = str(caught.value).splitlines()
    count = f"{len(lines)} mistake{'s' if len(lines) > 1 else ''}"
    assert headline == f"{count} in the config of stack 'dev':"
    return [line.strip() for line in lines]


def region(**changed: Any) -> dict[str, Any]:
    return {"us-east-1": {**regions(1)["us-east-1"], **changed}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        # Missing
        ({"regions": None}, "regions must have the home region, aws:region = 'us-east-1'; it has none"),
        ({"aws:region": "eu-west-1"}, "aws:region = 'eu-west-1'; it has us-east-1"),
        ({"domain": {"name": "watch.example.com"}}, "needs a zone, so that the program can make certificates, or"),
        ({"regions": {"us-east-1": {"cidr": "10.0.0.0/16"}}}, "headend:regions.us-east-1.zones is missing"),
        # Not known
        ({"fleetz": 2}, "headend:fleetz is not a key of this project; known: regions, fleets, nodesPerFleet,"),
        ({"home": "us-east-1"}, "headend:home is not a key of this project: use aws:region"),
        ({"regions": region(zone="x")}, "headend:regions.us-east-1.zone is not a key of this project; known: cidr,"),
        ({"nodesPerFleet": {"least": 1}}, "headend:nodesPerFleet.least is not a key of this project; known: min, max"),
        # Of another type
        ({"fleets": True}, "headend:fleets: true is not allowed: must be a whole number"),
        ({"spotPercent": True}, "headend:spotPercent: true is not allowed: must be a valid integer"),
        ({"spotPercent": "1.5"}, "headend:spotPercent: 1.5 is not allowed: must be a valid integer"),
        (
            {"nodesPerFleet": {"min": "2"}},
            'headend:nodesPerFleet.min: "2" is not allowed: must be a valid integer',
        ),
        ({"nodesPerFleet": [2, 4]}, "headend:nodesPerFleet: [2, 4] is not allowed"),
        ({"webAcl": "yes"}, 'headend:webAcl: "yes" is not allowed: must be a valid boolean'),
        ({"protect": 1}, "headend:protect: 1 is not allowed: must be a valid boolean"),
        ({"regions": ["us-east-1"]}, 'headend:regions: ["us-east-1"] is not allowed'),
        ({"regions": {"us-east-1": 5}}, "headend:regions.us-east-1: 5 is not allowed"),
        ({"blockedCountries": "GB"}, 'headend:blockedCountries: "GB" is not allowed'),
        ({"alarmEmail": 5}, "headend:alarmEmail: 5 is not allowed: must be a valid string"),
        # Out of range
        ({"fleets": 3}, "headend:fleets: 3 is not allowed: must be 0, 1, 2, 4, 8 or 16"),
        ({"nodesPerFleet": {"min": 0}}, "headend:nodesPerFleet.min: 0 is not allowed"),
        ({"nodesPerFleet": {"min": 5, "max": 2}}, "max (2) must not be below min (5)"),
        ({"spotPercent": 101}, "headend:spotPercent: 101 is not allowed"),
        ({"logDays": 2}, "headend:logDays: 2 is not allowed: must be 1, 3, 5, 7, 14,"),
        ({"noncurrentDays": 0}, "headend:noncurrentDays: 0 is not allowed"),
        ({"apiRequestsPer5Minutes": 9}, "headend:apiRequestsPer5Minutes: 9 is not allowed"),
        ({"maxTitleUsd": -1}, "headend:maxTitleUsd: -1 is not allowed"),
        ({"maxTitleUsd": "much"}, 'headend:maxTitleUsd: "much" is not allowed: must be a valid integer'),
        ({"monthlyBudgetUsd": -1}, "headend:monthlyBudgetUsd: -1 is not allowed"),
        ({"encode": "later"}, "headend:encode: \"later\" is not allowed: must be 'on_upload' or 'on_request'"),
        ({"priceClass": "PriceClass_300"}, "must be 'PriceClass_100', 'PriceClass_200' or 'PriceClass_All'"),
        ({"instanceType": "t3.micro"}, 'headend:instanceType: "t3.micro" is not allowed: must be a Graviton type'),
        ({"otherInstanceTypes": ["t3.micro"]}, "t3.micro: must be Graviton types with NVMe: c7gd.medium, "),
        (
            {"otherInstanceTypes": ["im4gn.large"]},
            "otherInstanceTypes: 'im4gn.large' cannot be used beside c7gd.medium; allowed: c7gd.l",
        ),
        (
            {"otherInstanceTypes": ["c7gd.medium"]},
            "otherInstanceTypes: 'c7gd.medium' cannot be used beside c7gd.medium",
        ),
        (
            {"instanceType": "im4gn.16xlarge", "otherInstanceTypes": ["im4gn.large"]},
            "cannot be used beside im4gn.16xlarge; allowed: im4gn.8xlarge",
        ),
        ({"otherInstanceTypes": ["m7gd.medium", "m7gd.medium"]}, "m7gd.medium, m7gd.medium names a type twice"),
        ({"catalogueTable": "my table"}, "must be the name of a table of DynamoDB at home, or empty"),
        ({"permissionsBoundary": "admin"}, "must be an ARN of an IAM policy, or empty"),
        ({"blockedCountries": ["UK"]}, 'blockedCountries.0: "UK" is not allowed: must be an ISO 3166-1 alpha-2 code'),
        ({"alarmEmail": "me"}, 'headend:alarmEmail: "me" is not allowed: must be a mail address, or empty'),
        ({"domain": {"name": "Watch", "certificate": CERTIFICATE.format("us-east-1")}}, "must be a host name in lower"),
        ({"signing": [{"name": "A B", "publicKey": PUBLIC_KEY}]}, "lower-case letters, digits and hyphens"),
        # The ladder
        ({"ladder": [{"short": 720, "maxBitrate": 4_000_000}]}, "headend:ladder.0.quality is missing"),
        (
            {"ladder": [{"short": 5000, "maxBitrate": 4_000_000, "quality": 8}]},
            "headend:ladder.0.short: 5000 is not allowed: must be less than or equal to 2160",
        ),
        (
            {
                "ladder": [
                    {"short": 720, "maxBitrate": 4_000_000, "quality": 8},
                    {"short": 360, "maxBitrate": 1_000_000, "quality": 7},
                ]
            },
            "headend:ladder: 720p and 360p: maxBitrate goes from 4000000 to 1000000. It must fall, but at most",
        ),
        # A second home
        (
            {"standbyHome": "eu-west-1"},
            "standbyHome: 'eu-west-1' cannot be home: it must be a region of the stack besides home, with "
            "MediaConvert; allowed: none",
        ),
        ({"standbyHome": "us-east-1", "regions": regions(3)}, "MediaConvert; allowed: ap-southeast-1, eu-west-1"),
        (
            {"inherited": {"uploads": "old-uploads", "media": "old-media"}},
            "inherited needs catalogueTable: without the rows of the catalogue nobody sees the films",
        ),
        ({"inherited": {"uploads": "old-uploads"}, "catalogueTable": "old"}, "headend:inherited.media is missing"),
        (
            {"inherited": {"uploads": "s3://old", "media": "old-media"}, "catalogueTable": "old"},
            'headend:inherited.uploads: "s3://old" is not allowed: must be the name of a bucket',
        ),
        # Regions
        (
            {"regions": {**regions(1), "us-east-9": regions(2)["eu-west-1"]}},
            "'us-east-9' is not a region with VPC origins",
        ),
        (
            {
                "aws:region": "il-central-1",
                "regions": {"il-central-1": {**regions(1)["us-east-1"], "zones": ["ilc1-az1", "ilc1-az2"]}},
            },
            "'il-central-1' cannot be home (aws:region): MediaConvert is not there; allowed: us-east-1, ",
        ),
        ({"regions": region(zones=["use1-az1", "use1-az3"])}, "VPC origins do not support 'use1-az3'"),
        ({"regions": region(zones=["use1-az1", "use1-az1"])}, "names a zone twice"),
        (
            {"regions": region(zones=["use1-az1", "us-east-1a"])},
            "'us-east-1a' is not a zone id of us-east-1, such as use1",
        ),
        ({"regions": region(zones=["use1-az1"])}, "must have at least 2 items"),
        ({"regions": region(cidr="10.0.0.1/16")}, 'cidr: "10.0.0.1/16" is not allowed'),
        ({"regions": region(cidr="8.8.0.0/16")}, "must be a private IPv4 block from /16 to /22, such as 10.0.0.0/16"),
        ({"regions": region(cidr="127.0.0.0/16")}, "must be a private IPv4 block"),
        ({"regions": region(cidr="10.0.0.0/24")}, "must be a private IPv4 block from /16 to /22"),
        ({"regions": region(serving=False)}, "regions.us-east-1.serving: the home region must serve"),
        ({"regions": region(leaving=True)}, "regions.us-east-1.leaving: the home region cannot leave"),
        ({"regions": region(ami="al2023")}, 'ami: "al2023" is not allowed: must be an image id'),
        # Between values
        (
            {"regions": {**regions(1), "eu-west-1": {**regions(2)["eu-west-1"], "cidr": "10.0.128.0/20"}}},
            "eu-west-1.cidr 10.0.128.0/20 overlaps us-east-1.cidr 10.0.0.0/16",
        ),
        (
            {"domain": {"name": "watch.example.com", "certificate": CERTIFICATE.format("us-east-1")}},
            "headend:regions.us-east-1.certificate is missing: with a domain the load balancer speaks HTTPS",
        ),
        (
            {"domain": {"name": "watch.example.com", "certificate": CERTIFICATE.format("eu-west-1")}},
            "must be a certificate in us-east-1, where CloudFront reads them",
        ),
        ({"regions": region(certificate=CERTIFICATE.format("eu-west-1"))}, "is not a certificate in us-east-1"),
        (
            {"domain": {"name": "watch.example.com", "zone": "/hostedzone/Z0123456789ABC"}},
            'headend:domain.zone: "/hostedzone/Z0123456789ABC" is not allowed: must be the id of a hosted zone',
        ),
        (
            {"domain": {"name": "watch.example.com", "zone": ZONE, "certificate": CERTIFICATE.format("us-east-1")}},
            "takes a zone or a certificate, not both",
        ),
        (
            {
                "domain": {"name": "watch.example.com", "zone": ZONE},
                "regions": region(certificate=CERTIFICATE.format("us-east-1")),
            },
            "regions.us-east-1.certificate: remove it, since with domain.zone the program makes one",
        ),
        ({"signing": [{"name": "key", "publicKey": PUBLIC_KEY}]}, "signing needs a domain"),
        ({"monthlyBudgetUsd": 5}, "monthlyBudgetUsd needs alarmEmail"),
        (
            {"fleets": 0, "regions": regions(2)},
            "fleets is 0, but only caches need a region besides home",
        ),
        (
            {"fleets": 0, "faultInjection": True},
            "faultInjection needs fleets: with 0 fleets there is no node",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key_its_value_and_what_is_allowed(config: dict[str, Any], said: str) -> None:
    told = mistakes(**config)
    assert any(said in line for line in told), told
    assert all(line.startswith("headend:") for line in told)


@pytest.mark.parametrize(
    "public_key",
    [
        "",
        "not a key",
        PUBLIC_KEY.replace("MII", "!!!"),
        PUBLIC_KEY.replace("PUBLIC", "PRIVATE"),
        "\n".join([*PUBLIC_KEY.splitlines()[:3], "-----END PUBLIC KEY-----"]),
    ],
)
def test_a_key_that_cloudfront_would_refuse_is_refused(public_key: str) -> None:
    told = mistakes(signing=[{"name": "key", "publicKey": public_key}])
    assert any("must be the PEM of an RSA public key of 2048 bits" in line for line in told)
    assert all(len(line) < 250 for line in told), "a key is not printed whole"


def test_all_mistakes_are_told_at_once() -> None:
    told = mistakes(
        fleets=3,
        instanceType="t3.micro",
        fleetz=1,
        regions={**region(zones=["use1-az3", "use1-az1"]), "mars-1": regions(2)["eu-west-1"]},
        monthlyBudgetUsd=5,
    )
    parts = ("fleets: 3", "t3.micro", "fleetz", "use1-az3", "mars-1", "monthlyBudgetUsd")
    assert [part for part in parts if not any(part in line for line in told)] == []
    assert len(told) == len(parts)


def test_a_consequence_of_a_mistake_is_not_reported_as_another_mistake() -> None:
    assert len(mistakes(regions=region(cidr="10.0.0.0/30"))) == 1
    assert len(mistakes(alarmEmail="me", monthlyBudgetUsd=5)) == 1


class Watched(RecordingProvider):
    """Counts the resources that are made."""

    made = 0

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        Watched.made += 1
        return super().create(type_, name, inputs, region)


def test_nothing_is_made_while_the_config_is_wrong() -> None:
    with pytest.raises(ProgramError, match="fleetz"):
        run_program(ROOT, provider=Watched(), config={"fleetz": 1})
    assert Watched.made == 0


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_the_examples_are_right(stack: str) -> None:
    given: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    read: list[Settings] = []
    own = {key.removeprefix("headend:"): value for key, value in given.items() if key.startswith("headend:")}
    deploy(lambda: read.append(Settings.load()), config=own)
    assert set(read[0].regions) == set(own["regions"])
    assert read[0].home == "us-east-1"


def test_text_from_the_command_line_is_read_as_what_it_stands_for() -> None:
    read = load(fleets="4", webAcl="true", logDays="30", domain="{}", blockedCountries='["FR"]')
    assert (read.fleets, read.web_acl, read.log_days, read.domain, read.blocked_countries) == (
        4,
        True,
        30,
        None,
        ["FR"],
    )


def test_the_regions_without_mediaconvert_are_those_of_botocore() -> None:
    offered = set(boto3.Session().get_available_regions("mediaconvert"))
    assert {region for region in REGIONS if region not in offered} == NO_MEDIACONVERT


# An example that is deployed as it is


def test_a_real_account_refuses_placeholders_of_the_example() -> None:
    class Elsewhere(RecordingProvider):
        def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
            return {**super().invoke(token, args, region), "accountId": "210987654321"}

    with pytest.raises(ProgramError) as caught:
        run_program(ROOT, stack="prod", provider=Elsewhere())
    said = str(caught.value)
    for key in (
        "regions.us-east-1.ami",
        "regions.eu-west-1.certificate",
        "domain.name",
        "domain.certificate",
        "alarmEmail",
    ):
        assert f"headend:{key}: " in said
    assert "headend:signing: 'key-1' is the key of the example" in said
    assert "BEGIN PUBLIC KEY" not in said
