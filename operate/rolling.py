"""Rolling: brings a launch template version to the nodes of cache fleets, and back if that fails.

Pulumi makes the version and leaves the groups alone, since an instance refresh rolls back to what its group had when it
began. A refresh that succeeds writes the version to the group; one that fails leaves the old one, nodes and all.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, NotRequired, TypedDict

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from operate.screen import NOT_SO, Refusal

PREFERENCES = {
    "AutoRollback": True,
    "SkipMatching": True,
    # A new node serves before an old one goes.
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 150,
}
ENDED = frozenset({"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"})
HAD_IT = "has it"
"""What is said of a fleet for which nothing was to be done."""
WELL = {HAD_IT, "Successful"}
POLL_SECONDS = 15


class Fleet(TypedDict):
    """One item of the stack's output: an Auto Scaling group, and the launch template that its nodes should have."""

    region: str
    group: str
    template: str
    version: str
    types: NotRequired[list[str]]
    """Instance types that its nodes may have, the most wanted first. Absent where an older program made the stack."""


def stages(fleets: Sequence[Fleet], home: str) -> list[list[Fleet]]:
    """Who is rolled together: one fleet, the rest of its region, all others. Home is not the first where there is
    another region: it also answers for the others' misses."""
    if not fleets:
        return []
    first = next((fleet for fleet in fleets if fleet["region"] != home), fleets[0])
    beside = [fleet for fleet in fleets if fleet["region"] == first["region"] and fleet is not first]
    others = [fleet for fleet in fleets if fleet["region"] != first["region"]]
    return [stage for stage in ([first], beside, others) if stage]


def held(group: Mapping[str, Any]) -> tuple[str, str]:
    """The launch template of a group as AWS describes it, and the version."""
    template = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    return template["LaunchTemplateId"], template["Version"]


def wanted(group: Mapping[str, Any], fleet: Fleet) -> dict[str, Any] | None:
    """The DesiredConfiguration for a group as AWS describes it; None where it has that template, version and types."""
    policy = deepcopy(group["MixedInstancesPolicy"])
    had = [override["InstanceType"] for override in policy["LaunchTemplate"].get("Overrides", [])]
    # One type is the template's own, and no override.
    types = had if "types" not in fleet else fleet["types"] if len(fleet["types"]) > 1 else []
    if (*held(group), had) == (fleet["template"], fleet["version"], types):
        return None
    template = {"LaunchTemplateId": fleet["template"], "Version": fleet["version"]}
    policy["LaunchTemplate"] = {"LaunchTemplateSpecification": template}
    if types:
        policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": name} for name in types]
    return {"MixedInstancesPolicy": policy}


def start(aws: Any, fleet: Fleet) -> str | None:
    """Begin the refresh of one fleet: its id, or None where nothing is to be done. Raises as `roll` does."""
    name = fleet["group"]
    groups = aws.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if not groups:
        raise Refusal(f"{fleet['region']} has no group {name}: was the stack changed meanwhile? pulumi up", NOT_SO)
    desired = wanted(groups[0], fleet)
    if desired is None:
        return None
    begun = aws.start_instance_refresh(AutoScalingGroupName=name, DesiredConfiguration=desired, Preferences=PREFERENCES)
    return begun["InstanceRefreshId"]


def state(aws: Any, fleet: Fleet, refresh: str) -> tuple[str, int, str]:
    """How far a refresh is: (status, percent, AWS's reason). Raises what boto3 does."""
    answer = aws.describe_instance_refreshes(AutoScalingGroupName=fleet["group"], InstanceRefreshIds=[refresh])
    found = answer["InstanceRefreshes"][0]
    return found["Status"], found.get("PercentageComplete", 0), found.get("StatusReason", "")


def roll(
    fleets: Sequence[Fleet], console: Console, client: Callable[[str], Any], sleep: Callable[[float], None]
) -> dict[str, str]:
    """Roll these fleets at once, and show it: how each ended, by group. Raises Refusal, and what boto3 does.

    `client` gives Auto Scaling's client of a region.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(30), TaskProgressColumn(), TimeElapsedColumn())
    ended: dict[str, str] = {}
    with Progress(*columns, console=console) as progress:
        running: dict[Any, tuple[Fleet, str]] = {}
        for fleet in fleets:
            refresh = start(client(fleet["region"]), fleet)
            if refresh is None:
                ended[fleet["group"]] = HAD_IT
                console.print(f"{fleet['group']} has version {fleet['version']}", highlight=False)
            else:
                task = progress.add_task(f"{fleet['group']} to version {fleet['version']}", total=100)
                running[task] = fleet, refresh
        while running:
            sleep(POLL_SECONDS)
            for task, (fleet, refresh) in list(running.items()):
                status, percent, reason = state(client(fleet["region"]), fleet, refresh)
                progress.update(task, completed=percent)
                if status in ENDED:
                    del running[task]
                    progress.stop_task(task)
                    ended[fleet["group"]] = status
                    console.print(f"{fleet['group']}: {status}. {reason}".strip(), highlight=False, markup=False)
    return ended
