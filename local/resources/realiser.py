"""The provider that makes what the program declares in the laptop's AWS."""

from copy import deepcopy
from typing import Any

from local.engine.recording import RecordingProvider, describe, physical_name
from local.resources import autoscaling, balancing, compute, data, functions, iam, messaging, network, s3
from local.resources.making import HANDLERS, IGNORED, Clients, Making

# Declared, checked against the SDK's types, and answered by name: nothing on the laptop runs them.
DECLARED_ONLY = frozenset(
    {
        # Realised by local/serving, straight from the declaration: moto's CloudFront drops most of it.
        "aws:cloudfront/cachePolicy:CachePolicy",
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudfront/function:Function",
        "aws:cloudfront/monitoringSubscription:MonitoringSubscription",
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "aws:cloudfront/originRequestPolicy:OriginRequestPolicy",
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        # Nothing is measured, encrypted, logged or replicated here, and no packet is filtered.
        "aws:autoscaling/policy:Policy",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/flowLog:FlowLog",
        "aws:kms/key:Key",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    }
)
_MODULES = (autoscaling, balancing, compute, data, functions, iam, messaging, network, s3)


class Realiser(RecordingProvider):
    """Makes resources behind one endpoint; data sources are answered as for an account that does not exist.

    With `endpoint_url` None the calls go wherever boto3 sends them, which is for tests that intercept them.
    """

    def __init__(self, endpoint_url: str | None) -> None:
        self._clients = Clients(endpoint_url)

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        """Make one resource.

        Raises:
            ValueError: for a type without a handler, and for a property that a handler would lose.
        """
        if type_ in DECLARED_ONLY:
            return super().create(type_, name, inputs, region)
        if type_ not in HANDLERS:
            raise ValueError("has no handler: write one in local/resources/, or add the type to DECLARED_ONLY there")
        physical = physical_name(type_, name, inputs)
        known = {"region", "namePrefix", "bucket" if type_ == "aws:s3/bucket:Bucket" else "name"}
        making = Making(
            self._clients, physical, {key: deepcopy(value) for key, value in inputs.items() if key not in known}, region
        )
        id_, outputs = HANDLERS[type_](making)
        lost = [path for path in (*making.inputs, *making.dropped) if path not in IGNORED[type_]]
        if lost:
            module = HANDLERS[type_].__module__.rpartition(".")[2]
            raise ValueError(
                f"loses {', '.join(lost)}: carry it over in local/resources/{module}.py, or ignore it there"
            )
        return id_, {**describe(type_, name, inputs, region, id_), **outputs}
