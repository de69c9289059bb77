"""Roles. They are only records: the laptop refuses nothing because a permission is missing."""

from typing import Any

from local.resources.making import Making, makes


@makes("aws:iam/role:Role")
def role(made: Making) -> tuple[str, dict[str, Any]]:
    """A role."""
    made.call("iam", "create_role", RoleName=made.name, AssumeRolePolicyDocument=made.take("assumeRolePolicy"))
    return made.name, {}


@makes("aws:iam/rolePolicy:RolePolicy")
def role_policy(made: Making) -> tuple[str, dict[str, Any]]:
    """A policy inside a role."""
    owner = made.take("role")
    made.call("iam", "put_role_policy", RoleName=owner, PolicyName=made.name, PolicyDocument=made.take("policy"))
    return f"{owner}:{made.name}", {}


@makes("aws:iam/instanceProfile:InstanceProfile")
def instance_profile(made: Making) -> tuple[str, dict[str, Any]]:
    """An instance profile, which gives a node its role."""
    made.call("iam", "create_instance_profile", InstanceProfileName=made.name)
    made.call("iam", "add_role_to_instance_profile", InstanceProfileName=made.name, RoleName=made.take("role"))
    return made.name, {}
