"""The machine that a cache node is: its image, its rights, its first boot."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.serving.cache_node.user_data import NodeConfig, user_data


class NodeTemplateArgs(TypedDict):
    """One fleet's nodes."""

    region: str
    config: pulumi.Output[NodeConfig]
    instance_profile_arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    ami: str
    instance_type: str
    tags: Mapping[str, str]
    """Tags of the instances, their volumes and network interfaces. The provider's default tags do not reach these."""


class NodeTemplate(pulumi.ComponentResource):
    """A launch template; every change of it is a new, numbered version."""

    template_id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(self, name: str, args: NodeTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:node_template:NodeTemplate", name, None, opts)
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            region=args["region"],
            image_id=args["ami"],
            instance_type=args["instance_type"],
            iam_instance_profile={"arn": args["instance_profile_arn"]},
            user_data=args["config"].apply(user_data),
            vpc_security_group_ids=[args["security_group_id"]],
            # One hop: a container or a proxied request on the node cannot fetch its credentials.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            # Metrics for each minute: those for five minutes are too slow for scaling.
            monitoring={"enabled": True},
            # A node whose boot failed powers itself off; the group then makes another.
            instance_initiated_shutdown_behavior="terminate",
            ebs_optimized="true",
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_size": 16,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[
                {"resource_type": kind, "tags": dict(args["tags"])}
                for kind in ("instance", "volume", "network-interface")
            ],
            update_default_version=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.template_id, self.version = template.id, template.latest_version.apply(str)
        self.register_outputs({"template_id": self.template_id, "version": self.version})
