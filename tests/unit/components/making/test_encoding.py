"""Encoding: a job reads sources and writes renditions, on behalf of this account."""

import functools

from components.making.encoding import Encoding
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, deploy, statements


@functools.cache
def encoding() -> Deployment:
    return deploy(
        lambda: Encoding(
            "encoding",
            {
                "region": REGION,
                "account_id": ACCOUNT,
                "uploads_arn": "arn:aws:s3:::uploads",
                "media_arn": "arn:aws:s3:::media",
            },
        )
    )


def test_a_job_may_read_uploads_and_write_renditions_and_no_more() -> None:
    may = {
        statement["Action"]: statement["Resource"]
        for statement in statements(encoding().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    }
    assert may == {
        "s3:GetObject": "arn:aws:s3:::uploads/*",
        "s3:ListBucket": "arn:aws:s3:::uploads",
        "s3:PutObject": "arn:aws:s3:::media/v/*",
    }


def test_only_mediaconvert_for_this_account_may_take_the_role() -> None:
    [trusted] = statements(encoding().one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "mediaconvert.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_minutes_are_paid_for_as_they_are_encoded() -> None:
    # A reserved slot is paid for a whole year, even when nothing is encoded.
    assert encoding().one("aws:mediaconvert/queue:Queue").inputs["pricingPlan"] == "ON_DEMAND"
