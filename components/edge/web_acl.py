"""A web application firewall in front of CloudFront. A stack has it if its config asks for it."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks import paths
from facts.regions import CLOUDFRONT_REGION

MEDIA_REQUESTS_PER_5_MINUTES = 30_000
"""A viewer makes about 100 requests in five minutes (a video and an audio segment every six seconds). So 300 viewers
can share one address. The limit stops scrapers, whose downloads we pay for by the gigabyte."""


class WebAclArgs(TypedDict):
    """How many requests the API takes from one address, and how long the log of refused requests is kept."""

    api_requests_per_5_minutes: int
    log_days: int


class WebAcl(pulumi.ComponentResource):
    """AWS's lists of known bad inputs and addresses, and limits on what one address may ask for."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:web_acl:WebAcl", name, None, opts)

        def seen(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgsDict:
            return {
                "metric_name": metric,
                "cloudwatch_metrics_enabled": True,
                "sampled_requests_enabled": True,
            }

        def managed(priority: int, group: str) -> aws.wafv2.WebAclRuleArgsDict:
            return {
                "name": group,
                "priority": priority,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": group}},
                "visibility_config": seen(group),
            }

        def rate(priority: int, key: str, prefix: str, limit: int) -> aws.wafv2.WebAclRuleArgsDict:
            """A rule that limits the requests of one address for paths with this beginning."""
            return {
                "name": key,
                "priority": priority,
                "action": {"block": {"custom_response": {"response_code": 429}}},
                "statement": {
                    "rate_based_statement": {
                        "limit": limit,
                        "evaluation_window_sec": 300,
                        "aggregate_key_type": "IP",
                        "scope_down_statement": {
                            "byte_match_statement": {
                                "search_string": prefix,
                                "positional_constraint": "STARTS_WITH",
                                "field_to_match": {"uri_path": {}},
                                "text_transformations": [{"priority": 0, "type": "NONE"}],
                            }
                        },
                    }
                },
                "visibility_config": seen(key),
            }

        child = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            region=CLOUDFRONT_REGION,
            scope="CLOUDFRONT",
            default_action={"allow": {}},
            rules=[
                managed(0, "AWSManagedRulesAmazonIpReputationList"),
                managed(1, "AWSManagedRulesKnownBadInputsRuleSet"),
                rate(2, "api-rate", paths.API_PREFIX, args["api_requests_per_5_minutes"]),
                rate(3, "media-rate", paths.MEDIA_PREFIX, MEDIA_REQUESTS_PER_5_MINUTES),
            ],
            visibility_config=seen(name),
            opts=child,
        )
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log",
            region=CLOUDFRONT_REGION,
            name_prefix="aws-waf-logs-headend-",  # AWS WAF writes only to groups whose names begin with aws-waf-logs-
            retention_in_days=args["log_days"],
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            region=CLOUDFRONT_REGION,
            resource_arn=acl.arn,
            log_destination_configs=[log_group.arn],
            # Log the requests that were refused, and why. CloudFront's own log has the others.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": "BLOCK"}}],
                    }
                ],
            },
            # Whoever has a playback cookie can watch the film until it expires.
            redacted_fields=[{"single_header": {"name": "cookie"}}],
            opts=child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})
