"""Load balancers, their rules and target groups: the state that local/serving reads and changes."""

import re
from typing import Any

from local.resources.making import Making, makes

_BALANCER_ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "enableDeletionProtection": "deletion_protection.enabled",
}
_GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}
_HEALTH_CHECK = {
    "path": "HealthCheckPath", "port": "HealthCheckPort", "protocol": "HealthCheckProtocol",
    "enabled": "HealthCheckEnabled", "interval": "HealthCheckIntervalSeconds", "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount", "unhealthyThreshold": "UnhealthyThresholdCount",
}  # fmt: skip


@makes("aws:lb/loadBalancer:LoadBalancer", {"accessLogs": "the balancer's log is a file of the run"})
def load_balancer(made: Making) -> tuple[str, dict[str, Any]]:
    """A load balancer."""
    attributes = _attributes(made, _BALANCER_ATTRIBUTES)
    scheme = "internal" if made.take("internal") else "internet-facing"
    kind = made.take("loadBalancerType", "application")
    answer = made.call("elbv2", "create_load_balancer", Name=made.name, Scheme=scheme, Type=kind)["LoadBalancers"][0]
    arn = answer["LoadBalancerArn"]
    made.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes)
    return arn, {"dnsName": answer["DNSName"], "vpcId": answer["VpcId"]}


@makes("aws:lb/targetGroup:TargetGroup")
def target_group(made: Making) -> tuple[str, dict[str, Any]]:
    """A target group with its health check."""
    attributes, check = _attributes(made, _GROUP_ATTRIBUTES), made.take("healthCheck", {})
    matcher = {"HttpCode": check.pop("matcher")} if "matcher" in check else None
    checks = {_HEALTH_CHECK[key]: value for key, value in check.items()}
    answer = made.call("elbv2", "create_target_group", Name=made.name, Matcher=matcher, **checks)
    arn = answer["TargetGroups"][0]["TargetGroupArn"]
    made.call("elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes)
    return arn, {}


def _attributes(made: Making, names: dict[str, str]) -> list[dict[str, str]]:
    values = {names[key]: made.take(key) for key in names if key in made.inputs}
    return [{"Key": key, "Value": str(value).lower()} for key, value in values.items()]


@makes("aws:lb/targetGroupAttachment:TargetGroupAttachment")
def target_group_attachment(made: Making) -> tuple[str, dict[str, Any]]:
    """One target, such as a function."""
    arn, target = made.take("targetGroupArn"), made.take("targetId")
    made.call("elbv2", "register_targets", TargetGroupArn=arn, Targets=[{"Id": target, **made.take_all()}])
    return f"{arn}-{target}", {}


@makes("aws:lb/listener:Listener")
def listener(made: Making) -> tuple[str, dict[str, Any]]:
    """A port of a load balancer."""
    certificate = made.take("certificateArn")
    answer = made.call(
        "elbv2",
        "create_listener",
        DefaultActions=actions(made.take("defaultActions")),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
    )
    return answer["Listeners"][0]["ListenerArn"], {}


@makes("aws:lb/listenerRule:ListenerRule")
def listener_rule(made: Making) -> tuple[str, dict[str, Any]]:
    """A rule: which target group answers a path."""
    conditions = [
        {"Field": re.sub(r"([A-Z])", r"-\1", key).lower(), f"{key}Config": value}
        for item in made.take("conditions")
        for key, value in item.items()
    ]
    taken = actions(made.take("actions"))
    answer = made.call("elbv2", "create_rule", Conditions=conditions, Actions=taken)
    return answer["Rules"][0]["RuleArn"], {}


def actions(declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The actions with AWS's names: a block such as `fixedResponse` becomes `FixedResponseConfig`."""
    return [{f"{k}Config" if isinstance(v, dict) else k: v for k, v in action.items()} for action in declared]
