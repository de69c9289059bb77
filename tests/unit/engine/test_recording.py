"""The invented ids, ARNs and names have the form of AWS's own, and are the same in every run."""

import re
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from local.engine import ProgramError, RecordingProvider, run_program
from local.engine.recording import SHAPES
from tests.declared import zoned


def exported(declare: Any) -> Any:
    return run_program(lambda: pulumi.export("it", declare())).exports["it"]


@pytest.mark.parametrize(
    ("declare", "pattern"),
    [
        (lambda: aws.s3.Bucket("Media").arn, r"arn:aws:s3:::media-[0-9a-f]{7}"),
        (lambda: aws.iam.Role("r", assume_role_policy="{}").arn, r"arn:aws:iam::\d{12}:role/r-[0-9a-f]{7}"),
        (lambda: aws.ec2.Vpc("v", cidr_block="10.0.0.0/16").id, r"vpc-[0-9a-f]{17}"),
        (lambda: aws.sqs.Queue("q").id, r"https://sqs\.us-east-1\.amazonaws\.com/\d{12}/q-[0-9a-f]{7}"),
        (lambda: aws.sns.Topic("t").id, r"arn:aws:sns:us-east-1:\d{12}:t-[0-9a-f]{7}"),
        (lambda: aws.lb.TargetGroup("g").arn_suffix, r"targetgroup/g-[0-9a-f]{7}/[0-9a-f]+"),
        (lambda: aws.lb.LoadBalancer("b").arn_suffix, r"app/b-[0-9a-f]{7}/[0-9a-f]+"),
        (lambda: aws.cloudwatch.LogGroup("l", name_prefix="/x/").name, r"/x/[0-9a-f]{7}"),
        (lambda: aws.ec2.LaunchTemplate("t").latest_version.apply(str), "1"),
        (
            lambda: aws.ec2.Vpc("v", cidr_block="10.0.0.0/16", assign_generated_ipv6_cidr_block=True).ipv6_cidr_block,
            r"2600:1f18:[0-9a-f]{4}:[0-9a-f]{2}00::/56",
        ),
    ],
)
def test_shapes(declare: Any, pattern: str) -> None:
    assert re.fullmatch(pattern, exported(declare))


def test_a_network_that_asked_for_no_ipv6_has_none() -> None:
    with pytest.raises(ProgramError, match="nothing computed"):
        exported(lambda: aws.ec2.Vpc("v", cidr_block="10.0.0.0/16").ipv6_cidr_block)


def test_a_name_that_aws_would_refuse_is_refused() -> None:
    with pytest.raises(ProgramError, match="34 characters; AWS takes 32"):
        run_program(lambda: aws.lb.TargetGroup("pop-ap-southeast-1-fleet-0"))


def test_two_resources_never_share_an_id() -> None:
    made = [
        RecordingProvider().create("aws:ec2/vpc:Vpc", name, {}, region)[0]
        for name in ("a", "b")
        for region in ("us-east-1", "eu-west-1")
    ]
    assert len(set(made)) == 4


def test_every_shape_is_of_a_type_that_the_program_has() -> None:
    declared = {item.type for item in zoned().registrations}
    assert sorted({*SHAPES["types"], *SHAPES["name-limits"]} - declared) == []
