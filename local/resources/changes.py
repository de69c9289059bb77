"""A second deployment onto a running cloud. It makes new resources, changes those that differ, and keeps the rest."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from local.clients import client
from local.engine.model import Registration
from local.engine.recording import physical_name
from local.resources.balancing import actions
from local.resources.functions import zipped
from local.resources.making import Making
from local.resources.realiser import DECLARED_ONLY, Realiser

GROUP = "aws:autoscaling/group:Group"
PUT = ("aws:s3/", "aws:iam/", "aws:cloudwatch/", "aws:ssm/")
"""Types whose handlers call operations that put: making such a resource again changes it."""


def _group(made: Making, id_: str) -> None:
    made.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=id_)


def _function(made: Making, id_: str) -> None:
    made.call("lambda", "update_function_code", FunctionName=id_, ZipFile=zipped(made.take("code")))
    made.call("lambda", "update_function_configuration", FunctionName=id_)


def _launch_template(made: Making, id_: str) -> None:
    groups = made.take("vpcSecurityGroupIds")
    data = {**made.take_all(), "securityGroupIds": groups}
    made.call("ec2", "create_launch_template_version", LaunchTemplateId=id_, LaunchTemplateData=data)


def _listener(made: Making, id_: str) -> None:
    made.call("elbv2", "modify_listener", ListenerArn=id_, DefaultActions=actions(made.take("defaultActions")))


def _rule(made: Making, id_: str) -> None:
    made.call("elbv2", "modify_rule", RuleArn=id_, Actions=actions(made.take("actions")))


def _state_machine(made: Making, id_: str) -> None:
    made.call("stepfunctions", "update_state_machine", stateMachineArn=id_, loggingConfiguration=None)


CHANGES: dict[str, Callable[[Making, str], None]] = {
    GROUP: _group,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:lambda/function:Function": _function,
    "aws:lb/listener:Listener": _listener,
    "aws:lb/listenerRule:ListenerRule": _rule,
    "aws:sfn/stateMachine:StateMachine": _state_machine,
}
"""Types that have their own function for a change. As on AWS, running nodes keep the launch template that they had."""


class Changer(Realiser):
    """A provider that deploys onto the resources of an earlier run of the program."""

    def __init__(self, endpoint_url: str, before: Sequence[Registration]) -> None:
        super().__init__(endpoint_url)
        self._endpoint = endpoint_url
        self._before = {(item.type, item.name, item.region): item for item in before if item.custom}

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        """Make, change or keep one resource. Raises ValueError for a change that the laptop cannot make in place."""
        known = self._before.get((type_, name, region))
        if known is None or type_ in DECLARED_ONLY or (known.inputs != inputs and type_.startswith(PUT)):
            return super().create(type_, name, inputs, region)
        if known.inputs != inputs:
            if type_ not in CHANGES:
                changed = sorted(key for key in {*inputs, *known.inputs} if inputs.get(key) != known.inputs.get(key))
                raise ValueError(f"cannot be changed on a running laptop cloud: {', '.join(changed)}")
            made = Making(self._endpoint, physical_name(type_, name, inputs), deepcopy(inputs), region)
            CHANGES[type_](made, known.id)
        return known.id, {key: value for key, value in known.outputs.items() if key not in inputs}

    def remove(self, gone: Sequence[Registration]) -> list[Registration]:
        """End the fleets among what is no longer declared. Returns the rest, which stays as records, and is used again
        if it is declared again."""
        for item in (item for item in gone if item.type == GROUP):
            scaling = client("autoscaling", item.region, self._endpoint)
            scaling.delete_auto_scaling_group(AutoScalingGroupName=item.id, ForceDelete=True)
        return [item for item in gone if item.type != GROUP]
