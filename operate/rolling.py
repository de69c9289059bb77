"""Rolling: brings a new launch template version to the nodes of cache fleets, and rolls back if that fails.

Pulumi makes the version and does not change the groups, since an instance refresh rolls back to the version that its
group had at its start. A refresh that succeeds writes the new version to the group. A refresh that fails leaves the old
version, and nodes that have it.
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
    # A new node serves before an old one is stopped.
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 150,
}
ENDED = frozenset({"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"})
HAD_IT = "has it"
"""The result of a fleet that already had the version."""
WELL = {HAD_IT, "Successful"}
POLL_SECONDS = 15


class Fleet(TypedDict):
    """One item of the stack's output: an Auto Scaling group, and the launch template that its nodes should have."""

    region: str
    group: str
    template: str
    version: str
    types: NotRequired[list[str]]
    """Instance types that its nodes may have, the preferred one first. Absent if an older program made the stack."""


def stages(fleets: Sequence[Fleet], home: str) -> list[list[Fleet]]:
    """Fleets that are rolled together: first one fleet, then the rest of its region, then all others.

    If there is another region, home is not the first, because home also answers the misses of the others.
    """
    if not fleets:
        return []
    first = next((fleet for fleet in fleets if fleet["region"] != home), fleets[0])
    beside = [fleet for fleet in fleets if fleet["region"] == first["region"] and fleet is not first]
    others = [fleet for fleet in fleets if fleet["region"] != first["region"]]
    return [stage for stage in ([first], beside, others) if stage]


def group(aws: Any, fleet: Fleet) -> Mapping[str, Any]:
    """A fleet's group as AWS describes it. Raises Refusal if there is none."""
    name = fleet["group"]
    found = aws.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if not found:
        raise Refusal(f"{fleet['region']} has no group {name}. Perhaps the stack was changed: run pulumi up", NOT_SO)
    return found[0]


def held(group: Mapping[str, Any]) -> tuple[str, str]:
    """(id, version) of the launch template of a group as AWS describes it."""
    template = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    return template["LaunchTemplateId"], template["Version"]


def wanted(group: Mapping[str, Any], fleet: Fleet) -> dict[str, Any] | None:
    """The DesiredConfiguration for a group. None if it already has this template, version and types.

    `group` is the group as AWS describes it.
    """
    policy = deepcopy(group["MixedInstancesPolicy"])
    had = [override["InstanceType"] for override in policy["LaunchTemplate"].get("Overrides", [])]
    # A single type is in the template itself, and not among the overrides.
    types = had if "types" not in fleet else fleet["types"] if len(fleet["types"]) > 1 else []
    if (*held(group), had) == (fleet["template"], fleet["version"], types):
        return None
    template = {"LaunchTemplateId": fleet["template"], "Version": fleet["version"]}
    policy["LaunchTemplate"] = {"LaunchTemplateSpecification": template}
    if types:
        policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": name} for name in types]
    return {"MixedInstancesPolicy": policy}


def start(aws: Any, fleet: Fleet) -> str | None:
    """Start the refresh of one fleet. Returns its id, or None if there is nothing to do. Raises what `roll` raises."""
    desired = wanted(group(aws, fleet), fleet)
    if desired is None:
        return None
    asked = {"AutoScalingGroupName": fleet["group"], "DesiredConfiguration": desired, "Preferences": PREFERENCES}
    return aws.start_instance_refresh(**asked)["InstanceRefreshId"]


def state(aws: Any, fleet: Fleet, refresh: str) -> tuple[str, int, str]:
    """(status, percent, AWS's reason) of a refresh. Raises what boto3 raises."""
    answer = aws.describe_instance_refreshes(AutoScalingGroupName=fleet["group"], InstanceRefreshIds=[refresh])
    found = answer["InstanceRefreshes"][0]
    return found["Status"], found.get("PercentageComplete", 0), found.get("StatusReason", "")


def watch(ringing: Callable[[], set[str]], before: set[str], minutes: int, sleep: Callable[[float], None]) -> list[str]:
    """Look at the alarms for some minutes, or until one rings that did not before. Returns the names of such alarms."""
    for _ in range(minutes * 60 // POLL_SECONDS):
        if new := sorted(ringing() - before):
            return new
        sleep(POLL_SECONDS)
    return []


def roll(
    fleets: Sequence[Fleet], console: Console, client: Callable[[str], Any], sleep: Callable[[float], None]
) -> dict[str, str]:
    """Roll these fleets together, and show how far they are. Returns the final status of each group.

    Raises Refusal, and what boto3 raises. `client` returns Auto Scaling's client of a region.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(30), TaskProgressColumn(), TimeElapsedColumn())
    ended: dict[str, str] = {}
    begun: list[tuple[Fleet, str]] = []
    for fleet in fleets:
        refresh = start(client(fleet["region"]), fleet)
        if refresh is None:
            ended[fleet["group"]] = HAD_IT
            console.print(f"{fleet['group']} has version {fleet['version']}", highlight=False)
        else:
            begun.append((fleet, refresh))
    if not begun:
        return ended  # a Progress that shows nothing writes a blank line
    with Progress(*columns, console=console) as progress:
        running: dict[Any, tuple[Fleet, str]] = {
            progress.add_task(f"{fleet['group']} to version {fleet['version']}", total=100): (fleet, refresh)
            for fleet, refresh in begun
        }
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
