"""The edge's log: every request of the distribution, as lines of JSON, in the log bucket."""

import functools

from components.edge.logs import EdgeLogs
from local.engine import Deployment
from tests.declared import deploy

DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1"
SOURCE, DELIVERY = "aws:cloudwatch/logDeliverySource:LogDeliverySource", "aws:cloudwatch/logDelivery:LogDelivery"


@functools.cache
def logs() -> Deployment:
    return deploy(
        lambda: EdgeLogs("logs", {"distribution_arn": DISTRIBUTION, "bucket_arn": "arn:aws:s3:::logs"}),
        config={"aws:region": "eu-west-1"},
    )


def test_requests_go_from_the_distribution_to_the_bucket() -> None:
    done = logs()
    source = done.one(SOURCE)
    destination = done.one("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination")
    assert (source.inputs["resourceArn"], source.inputs["logType"]) == (DISTRIBUTION, "ACCESS_LOGS")
    assert destination.inputs["deliveryDestinationConfiguration"]["destinationResourceArn"] == "arn:aws:s3:::logs"
    joined = done.one(DELIVERY).inputs
    assert joined["deliverySourceName"] == source.outputs["name"]
    assert joined["deliveryDestinationArn"] == destination.outputs["arn"]


def test_it_is_made_where_cloudfront_looks_for_it() -> None:
    assert {item.region for item in logs().registrations if item.custom} == {"us-east-1"}


def test_the_old_delivery_is_deleted_before_the_new_one_is_made() -> None:
    done = logs()
    assert done.one(SOURCE).options["deleteBeforeReplace"] is True
    assert done.one(DELIVERY).options["deleteBeforeReplace"] is True
