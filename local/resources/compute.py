"""Launch templates, from which nodes are made."""

from typing import Any

from local.resources.making import Making, makes


@makes("aws:ec2/launchTemplate:LaunchTemplate")
def launch_template(made: Making) -> tuple[str, dict[str, Any]]:
    """A launch template. Its user data has the script for a node's first boot."""
    tags, groups = made.tag_specification("launch-template"), made.take("vpcSecurityGroupIds")
    made.take("updateDefaultVersion")  # there is one version
    data = {**made.take_all(), "securityGroupIds": groups}
    answer = made.call(
        "ec2", "create_launch_template", LaunchTemplateName=made.name, LaunchTemplateData=data, TagSpecifications=tags
    )
    return answer["LaunchTemplate"]["LaunchTemplateId"], {}
