"""The regions in which CloudFront offers VPC origins, so that a point of presence can be there."""

from typing import NamedTuple


class Region(NamedTuple):
    """A region of AWS."""

    zone_prefix: str
    """The beginning of its zone ids: `use1` in `use1-az4`."""
    place: tuple[float, float]
    """(latitude, longitude), in degrees, of the city or area in its name."""


REGIONS = {
    "us-east-1": Region("use1", (39.0, -77.5)),
    "us-east-2": Region("use2", (40.0, -83.0)),
    "us-west-1": Region("usw1", (37.4, -122.0)),
    "us-west-2": Region("usw2", (45.8, -119.7)),
    "ca-central-1": Region("cac1", (45.5, -73.6)),
    "sa-east-1": Region("sae1", (-23.6, -46.6)),
    "eu-west-1": Region("euw1", (53.3, -6.3)),
    "eu-west-2": Region("euw2", (51.5, -0.1)),
    "eu-west-3": Region("euw3", (48.9, 2.4)),
    "eu-central-1": Region("euc1", (50.1, 8.7)),
    "eu-north-1": Region("eun1", (59.3, 18.1)),
    "eu-south-1": Region("eus1", (45.5, 9.2)),
    "ap-northeast-1": Region("apne1", (35.7, 139.7)),
    "ap-northeast-2": Region("apne2", (37.6, 127.0)),
    "ap-northeast-3": Region("apne3", (34.7, 135.5)),
    "ap-southeast-1": Region("apse1", (1.3, 103.8)),
    "ap-southeast-2": Region("apse2", (-33.9, 151.2)),
    "ap-south-1": Region("aps1", (19.1, 72.9)),
    "ap-east-1": Region("ape1", (22.3, 114.2)),
    "me-south-1": Region("mes1", (26.1, 50.6)),
    "me-central-1": Region("mec1", (24.5, 54.4)),
    "af-south-1": Region("afs1", (-33.9, 18.4)),
    "il-central-1": Region("ilc1", (32.1, 34.8)),
}

UNSUPPORTED_ZONES = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "apne2-az1", "cac1-az3"})
"""Zones that VPC origins do not support (CloudFront developer guide, "Restrict access with VPC origins")."""

NO_MEDIACONVERT = frozenset({"eu-south-1", "ap-east-1", "me-south-1", "il-central-1"})
"""Regions without MediaConvert (botocore's list of its regions). They cannot be the home region."""

NEAREST_SHIELD = {
    "us-west-1": "us-west-2",
    "ca-central-1": "us-east-1",
    "eu-west-3": "eu-west-2",
    "eu-north-1": "eu-west-2",
    "eu-south-1": "eu-central-1",
    "ap-northeast-3": "ap-northeast-1",
    "ap-east-1": "ap-southeast-1",
    "me-south-1": "ap-south-1",
    "me-central-1": "ap-south-1",
    "af-south-1": "eu-west-1",
    "il-central-1": "eu-central-1",
}
"""Regions that may have no Origin Shield, each with the region to use instead. Other regions use their own.

From the CloudFront developer guide, "Choosing the AWS Region for Origin Shield". If a region here has Origin Shield by
now, the other region still works, a little slower.
"""

CLOUDFRONT_REGION = "us-east-1"
"""The region of CloudFront's metrics, logs, certificates and web ACLs, in every stack."""
