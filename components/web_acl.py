"""A web application firewall in front of CloudFront, where a stack wants one."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws


class WebAclArgs(TypedDict):
    """How much one address may ask of the API."""

    api_requests_per_5_minutes: int


class WebAcl(pulumi.ComponentResource):
    """AWS's lists of known bad inputs and addresses, and a rate limit on the API.

    Segments are not limited: a player that fills its buffer is meant to be fast, and CloudFront absorbs it.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:web_acl:WebAcl", name, {**args}, opts)

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

        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            # CloudFront reads its firewalls from us-east-1 only.
            region="us-east-1",
            scope="CLOUDFRONT",
            default_action={"allow": {}},
            rules=[
                managed(0, "AWSManagedRulesAmazonIpReputationList"),
                managed(1, "AWSManagedRulesKnownBadInputsRuleSet"),
                {
                    "name": "api-rate",
                    "priority": 2,
                    "action": {"block": {"custom_response": {"response_code": 429}}},
                    "statement": {
                        "rate_based_statement": {
                            "limit": args["api_requests_per_5_minutes"],
                            "evaluation_window_sec": 300,
                            "aggregate_key_type": "IP",
                            "scope_down_statement": {
                                "byte_match_statement": {
                                    "search_string": "/api/",
                                    "positional_constraint": "STARTS_WITH",
                                    "field_to_match": {"uri_path": {}},
                                    "text_transformations": [{"priority": 0, "type": "NONE"}],
                                }
                            },
                        }
                    },
                    "visibility_config": seen("api-rate"),
                },
            ],
            visibility_config=seen(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})
