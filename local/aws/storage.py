"""S3: who may read without a signature.

Cache nodes and the edge read unsigned here, as nodes do on AWS. moto refuses every request, signed or not, to a bucket
whose policy holds a Deny with a condition (TLS only, say), and answers 404 where AWS hides a missing object.

Not reproduced: Deny statements, conditions (a grant to a VPC endpoint or to a distribution holds for every unsigned
reader on this machine), access control lists, and any permission of a signed request.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local.aws.mends import mend

DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


def grants(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a statement of a bucket's policy allows `action` on `resource` to everyone or to CloudFront."""
    return any(
        statement["Effect"] == "Allow"
        and _is_open(statement.get("Principal", {}))
        and _matches(statement.get("Action", []), action)
        and _matches(statement.get("Resource", []), resource)
        for statement in _list(policy["Statement"])
    )


def _is_open(principal: str | Mapping[str, Any]) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    return "*" in _list(principal.get("AWS", [])) or "cloudfront.amazonaws.com" in _list(principal.get("Service", []))


def _matches(patterns: str | list[str], value: str) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL)
        for pattern in _list(patterns)
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def install() -> None:
    """Decide about unsigned requests here, and let every signed one pass."""

    def permit(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        del self, action, resource
        return PermissionResult.PERMITTED

    def key_response(self: S3Response, request: Any, full_url: str) -> Any:
        signed = "Authorization" in request.headers or "Signature=" in full_url
        if not signed and request.method in ACTIONS:
            name, key = self.parse_bucket_name_from_url(request, full_url), self.parse_key_name()
            try:
                bucket: Any = self.backend.get_bucket(name)
            except MissingBucket:
                return moto_key_response(self, request, full_url)
            policy = json.loads(bucket.policy) if bucket.policy else {"Statement": []}
            allowed = grants(policy, ACTIONS[request.method], f"{bucket.arn}/{key}")
            # Who may not list a bucket is not told which objects it lacks.
            if not allowed or (key not in bucket.keys and not grants(policy, "s3:ListBucket", bucket.arn)):
                return 403, {"content-type": "application/xml"}, DENIED
        return moto_key_response(self, request, full_url)

    mend(FakeBucket, "get_permission", permit)
    moto_key_response = mend(S3Response, "_key_response", key_response)
