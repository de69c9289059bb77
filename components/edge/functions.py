"""The distribution's functions, which CloudFront runs at its edges. Makes children of the component that asks."""

from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.edge.routes import FAILOVER_STATUS
from components.edge.viewer_request import viewer_request_code

Associations = list[aws.cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgsDict]


def first(name: str, parent: pulumi.Resource, *, home: str, serving: Sequence[str]) -> Associations:
    """The function that gets every request first, for all behaviours: CloudFront chooses a behaviour by the resolved
    path, but passes the path on as the viewer wrote it."""
    function = aws.cloudfront.Function(
        f"{name}-viewer-request",
        runtime="cloudfront-js-2.0",
        comment="Refuses paths that do not exist; sends a viewer to the nearest point of presence",
        publish=True,
        code=viewer_request_code(home=home, regions=serving, failover_status=FAILOVER_STATUS),
        # The code names origins of the distribution. An update in place takes seconds, but a new origin takes a
        # quarter of an hour. A new function becomes active together with the new origins.
        opts=pulumi.ResourceOptions(
            parent=parent, replace_on_changes=["code"], aliases=[pulumi.Alias(name=f"{name}-nearest-pop")]
        ),
    )
    return [{"event_type": "viewer-request", "function_arn": function.arn}]


def last(name: str, parent: pulumi.Resource) -> Associations:
    """The function that gets every answer with a rendition before the viewer does. It is used because AWS does not say
    whether a response headers policy would leave out errors."""
    function = aws.cloudfront.Function(
        f"{name}-lasting",
        runtime="cloudfront-js-2.0",
        comment="Lets browsers keep renditions",
        publish=True,
        code=Path(__file__).with_name("lasting.js").read_text(encoding="utf-8"),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return [{"event_type": "viewer-response", "function_arn": function.arn}]
