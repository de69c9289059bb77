"""The canary: every few minutes it watches a title through the edge, as a viewer of its region, and says how it went.

It answers nothing and fails for nothing but CloudWatch itself: what it saw is a metric, on which the alarms are.
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
"""The viewers' name of the platform."""
IMAGE = os.environ["IMAGE"]
"""Of the region's nodes; empty where there are none."""
STACK = os.environ["STACK"]
NAMESPACE = os.environ["NAMESPACE"]
TIMEOUT = 10.0
"""Seconds for one request: a viewer has gone by then."""


def handle(_event: object, _context: object) -> None:
    """Watch once, and put metrics: Available (1 or 0), StartSeconds where the first segment came, ImageAgeDays."""
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
    """ImageAgeDays, or nothing where EC2 does not answer: the film matters more."""
    try:
        # Without the flag, EC2 hides an image of Amazon's after 90 days.
        found = clients.client("ec2").describe_images(ImageIds=[IMAGE], IncludeDeprecated=True)["Images"]
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("InvalidAMIID"):
            LOG.error("no age of the image: %s", error)
            return {}
        found = []
    created = found[0]["CreationDate"] if found else None
    return {"ImageAgeDays": core.image_age_days(created, datetime.now(UTC))}


def fetch(method: str, path: str, headers: Mapping[str, str]) -> core.Fetched:
    """Ask the edge by HTTPS."""
    connection = http.client.HTTPSConnection(HOST, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers={"User-Agent": CANARY, **headers})
        answer = connection.getresponse()
        return core.Fetched(answer.status, answer.read(), answer.headers.get_all("Set-Cookie") or [])
    finally:
        connection.close()
