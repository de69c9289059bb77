"""The canary. Every few minutes it watches a title through the edge, as a viewer of its region does.

It writes the result as metrics, which the alarms watch. It returns nothing, and fails only if CloudWatch fails.
"""

import http.client
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from lambdas import clients
from lambdas.canary import core
from lambdas.plays import CANARY
from lambdas.refusals import LOG

HOST = os.environ["HOST"]
"""The platform's host name for viewers."""
IMAGE = os.environ["IMAGE"]
"""Id of the image of the region's nodes. Empty if the region has no nodes."""
STACK = os.environ["STACK"]
NAMESPACE = os.environ["NAMESPACE"]
TIMEOUT = 10.0
"""Seconds for one request. A viewer does not wait longer."""


def handle(_event: object, _context: object) -> None:
    """Watch once. Put the metrics Available (1 or 0), StartSeconds (if the first segment came) and ImageAgeDays."""
    begun = time.monotonic()
    metrics: dict[str, float] = {"Available": 1}
    try:
        title = core.walk(fetch)
        if title is not None:
            metrics["StartSeconds"] = time.monotonic() - begun
    except (core.NotServed, OSError, http.client.HTTPException, ValueError, LookupError) as error:
        LOG.error("not served: %s", error or type(error).__name__)
        metrics["Available"] = 0
    if IMAGE:
        metrics |= image_age()
    dimensions = [{"Name": "Stack", "Value": STACK}]
    clients.client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[{"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in metrics.items()],
    )


def image_age() -> dict[str, float]:
    """ImageAgeDays. Nothing if EC2 does not answer, because whether the film plays matters more."""
    try:
        # Without IncludeDeprecated, EC2 hides Amazon's images after 90 days.
        found = clients.client("ec2").describe_images(ImageIds=[IMAGE], IncludeDeprecated=True)["Images"]
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("InvalidAMIID"):
            LOG.error("the age of the image is not known: %s", error)
            return {}
        found = []
    created = found[0]["CreationDate"] if found else None
    return {"ImageAgeDays": core.image_age_days(created, datetime.now(UTC))}


def fetch(method: str, path: str, headers: Mapping[str, str]) -> core.Fetched:
    """Send a request to the edge by HTTPS."""
    connection = http.client.HTTPSConnection(HOST, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers={"User-Agent": CANARY, **headers})
        answer = connection.getresponse()
        return core.Fetched(answer.status, answer.read(), answer.headers.get_all("Set-Cookie") or [])
    finally:
        connection.close()
