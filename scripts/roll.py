"""`make roll`: brings the stack's launch template version to the nodes of every cache fleet, and back if that fails.

Reads the stack's output `fleets` from standard input, and talks to Auto Scaling with the caller's own credentials.
Pulumi makes the version and leaves the groups alone, since an instance refresh rolls back to what its group had when it
began. A refresh that succeeds writes the version to the group; one that fails leaves the old one, nodes and all.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, TypedDict, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

PREFERENCES = {
    "AutoRollback": True,
    "SkipMatching": True,
    # A new node serves before an old one goes.
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 150,
}
ENDED = frozenset({"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"})
POLL_SECONDS = 15


class Fleet(TypedDict):
    """One item of the stack's output: an Auto Scaling group, and the launch template that its nodes should have."""

    region: str
    group: str
    template: str
    version: str


class RollError(Exception):
    """Nothing can be rolled; one line says why, and what to do."""


def read(text: str) -> list[Fleet]:
    """The fleets of a stack, from its output as JSON. Raises RollError for anything else."""
    try:
        fleets = json.loads(text)
        return [cast(Fleet, {key: fleet[key] for key in Fleet.__annotations__}) for fleet in fleets]
    except (ValueError, TypeError, KeyError):
        raise RollError(
            "the stack has no output `fleets`; run `pulumi up` first, and `make roll STACK=<stack>`"
        ) from None


def wanted(group: Mapping[str, Any], fleet: Fleet) -> dict[str, Any] | None:
    """The DesiredConfiguration for a group as AWS describes it; None where it has that template and version already."""
    policy = deepcopy(group["MixedInstancesPolicy"])
    template = policy["LaunchTemplate"]
    held = template["LaunchTemplateSpecification"]
    if (held["LaunchTemplateId"], held["Version"]) == (fleet["template"], fleet["version"]):
        return None
    template["LaunchTemplateSpecification"] = {"LaunchTemplateId": fleet["template"], "Version": fleet["version"]}
    return {"MixedInstancesPolicy": policy}


def start(aws: Any, fleet: Fleet) -> str | None:
    """Begin the refresh of one fleet: its id, or None where nothing is to be done. Raises RollError."""
    try:
        name = fleet["group"]
        groups = aws.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not groups:
            raise RollError(f"{fleet['region']} has no group {name}: was the stack changed meanwhile? Run `pulumi up`")
        desired = wanted(groups[0], fleet)
        if desired is None:
            return None
        begun = aws.start_instance_refresh(
            AutoScalingGroupName=name, DesiredConfiguration=desired, Preferences=PREFERENCES
        )
        return begun["InstanceRefreshId"]
    except (BotoCoreError, ClientError) as error:
        raise RollError(" ".join(f"{fleet['group']}: {error}".split())) from None


def state(aws: Any, fleet: Fleet, refresh: str) -> tuple[str, int, str]:
    """How far a refresh is: (status, percent, AWS's reason). Raises RollError."""
    try:
        answer = aws.describe_instance_refreshes(AutoScalingGroupName=fleet["group"], InstanceRefreshIds=[refresh])
    except (BotoCoreError, ClientError) as error:
        raise RollError(" ".join(f"{fleet['group']}: {error}".split())) from None
    found = answer["InstanceRefreshes"][0]
    return found["Status"], found.get("PercentageComplete", 0), found.get("StatusReason", "")


def roll(
    fleets: list[Fleet],
    console: Console,
    client: Callable[[str], Any],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Roll all fleets at once, and show it. True where each has its version in the end. Raises RollError.

    `client` gives Auto Scaling's client of a region.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(30), TaskProgressColumn(), TimeElapsedColumn())
    failed = False
    with Progress(*columns, console=console) as progress:
        running: dict[Any, tuple[Fleet, str]] = {}
        for fleet in fleets:
            refresh = start(client(fleet["region"]), fleet)
            if refresh is None:
                console.print(f"{fleet['group']} has version {fleet['version']}", highlight=False)
            else:
                running[progress.add_task(f"{fleet['group']} to version {fleet['version']}", total=100)] = (
                    fleet,
                    refresh,
                )
        while running:
            sleep(POLL_SECONDS)
            for task, (fleet, refresh) in list(running.items()):
                status, percent, reason = state(client(fleet["region"]), fleet, refresh)
                progress.update(task, completed=percent)
                if status in ENDED:
                    del running[task]
                    progress.stop_task(task)
                    failed |= status != "Successful"
                    console.print(f"{fleet['group']}: {status}. {reason}".strip(), highlight=False, markup=False)
    return not failed


def main() -> int:
    """0 where every fleet has its version, 1 where one went back or AWS refused."""
    console = Console(soft_wrap=True)
    clients: dict[str, Any] = {}

    def client(region: str) -> Any:
        return clients.setdefault(region, boto3.client("autoscaling", region_name=region))

    try:
        if roll(read(sys.stdin.read()), console, client):
            return 0
        console.print("Not every fleet has the new version. Those that went back serve as before.", style="red")
    except RollError as error:
        Console(stderr=True, soft_wrap=True).print(str(error), style="red", highlight=False, markup=False)
    return 1


if __name__ == "__main__":
    sys.exit(main())
