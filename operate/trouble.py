"""Verbs for trouble: lost uploads, failed titles and why, alarms, and a check of every tier."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from operate import alarms, executions, probes, screen
from operate.answers import Answer, show
from operate.cloud import Cloud, find
from operate.films import failed_rows
from operate.screen import NOT_SO, Column, Json, Stack

HIDDEN_SECONDS = 60
"""Seconds for which a message that was read is hidden from other readers."""


class Lost(NamedTuple):
    """One event that started no workflow."""

    key: str
    when: str
    """ISO 8601."""
    code: str
    error: str
    """AWS's message."""
    body: str
    receipt: str


def lost(message: Mapping[str, Any]) -> Lost:
    """The event in a message that EventBridge wrote to the dead-letter queue."""
    told = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        event = json.loads(message["Body"])
        key, when = event["detail"]["object"]["key"], event["time"]
    except (ValueError, KeyError, TypeError):
        key, when = "not an upload's event", ""
    code, error = told.get("ERROR_CODE", ""), told.get("ERROR_MESSAGE", "")
    return Lost(key, when, code, error, message["Body"], message["ReceiptHandle"])


def show_lost(
    replay: Annotated[
        bool, typer.Option("--replay", help="Start the workflow for each, and remove it from the queue.")
    ] = False,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """List uploads that started no workflow, or start it. The exit code is 1 while there are any."""
    cloud = find(stack)
    url = cloud.client("sqs").get_queue_url(QueueName=cloud.name("lost_uploads"))["QueueUrl"]
    found = list(_waiting(cloud, url))
    if replay:
        _replay(cloud, url, found)
    else:
        _put_back(cloud, url, found)
    if as_json:
        screen.document(
            [{"key": item.key, "time": item.when, "error": item.code, "message": item.error} for item in found]
        )
    else:
        columns = [
            Column("UPLOAD", "cut"),
            Column("LOST", right=True),
            Column("ERROR"),
            Column("AWS'S MESSAGE", "fold"),
        ]
        rows = [[item.key, screen.ago(item.when) if item.when else "", item.code, item.error] for item in found]
        screen.table(columns, rows, "no upload is lost")
        if found and not replay:
            screen.note("Repair what the error names. Then run headend lost --replay", "dim")
        elif found:
            screen.note(f"{len(found)} started again", "green")
    if found and not replay:
        raise typer.Exit(NOT_SO)


def _waiting(cloud: Cloud, url: str) -> Iterator[Lost]:
    """Every message of the queue, once. Each is hidden from other readers for HIDDEN_SECONDS."""
    seen: set[str] = set()
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": HIDDEN_SECONDS}
    while True:
        # With a wait of a second SQS asks all its servers. Without a wait it asks only a sample of them.
        answer = cloud.client("sqs").receive_message(**asked, MessageAttributeNames=["All"], WaitTimeSeconds=1)
        new = [message for message in answer.get("Messages", ()) if message["MessageId"] not in seen]
        if not new:
            return
        seen |= {message["MessageId"] for message in new}
        yield from map(lost, new)


def _put_back(cloud: Cloud, url: str, found: list[Lost]) -> None:
    for item in found:
        cloud.client("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=item.receipt, VisibilityTimeout=0)


def _replay(cloud: Cloud, url: str, found: list[Lost]) -> None:
    """Start the workflow for each event. If an event was delivered after all, its claim is refused."""
    for index, item in enumerate(found):
        try:
            machine = cloud.name("state_machine")
            cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=item.body)
        except Exception:
            _put_back(cloud, url, found[index:])
            raise
        cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=item.receipt)


def failed(stack: Stack = None, as_json: Json = False) -> None:
    """List titles that failed through our fault, by cause. The exit code is 1 while there are any."""
    cloud = find(stack)
    causes: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    rows = failed_rows(cloud)
    for row in rows:
        fault = str(row.get("fault", ""))
        causes[executions.cause(fault)].append({"title": row["id"], "fault": fault, "when": row["updated"]})
    known = {row.get("execution") for row in rows}
    for item in _without_row(cloud, known):
        causes["no title yet: the execution failed before it had one"].append(item)
    if as_json:
        screen.document(causes)
    else:
        columns = [Column("TITLE", "fold"), Column("WHEN", right=True), Column("FAULT", "fold")]
        for cause, items in sorted(causes.items(), key=lambda pair: -len(pair[1])):
            screen.say(f"{len(items)} x {cause}", "bold")
            screen.table(columns, [[item["title"], screen.ago(item["when"]), item["fault"]] for item in items], "")
            screen.say("")
        if causes:
            screen.note("Repair what the fault names. Then run headend retry TITLE, or headend retry --all", "dim")
        else:
            screen.say("nothing failed")
    if causes:
        raise typer.Exit(NOT_SO)


def _without_row(cloud: Cloud, known: set[Any]) -> Iterator[dict[str, str]]:
    """The newest failed executions that no row names. (If the title was made since, its row names a newer one.)"""
    asked = {"stateMachineArn": cloud.name("state_machine"), "statusFilter": "FAILED", "maxResults": 100}
    states = cloud.client("stepfunctions")
    for item in states.list_executions(**asked)["executions"]:
        told = states.describe_execution(executionArn=item["executionArn"])
        # TitleFailed means that the workflow wrote the failure to the title's row.
        if item["executionArn"] not in known and told.get("error") != "TitleFailed":
            fault = f"{told.get('error', '')}: {told.get('cause', '')}"
            yield {"title": item["executionArn"], "fault": fault, "when": item["stopDate"].isoformat()}


def show_alarms(
    every: Annotated[bool, typer.Option("--all", help="Also show alarms that do not ring.")] = False,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Show the alarms that ring, and where to look first. The exit code is 1 while one rings."""
    found = alarms.of_stack(find(stack))
    ringing = [alarm for alarm in found if alarm.state == "ALARM"]
    shown = found if every else ringing
    if as_json:
        screen.document([alarm._asdict() for alarm in shown])
    else:
        columns = [
            Column("ALARM", "cut"),
            Column("STATE"),
            Column("SINCE", right=True),
            Column("WHAT IT MEANS", "fold"),
        ]
        rows = [[item.name, screen.coloured(item.state), screen.ago(item.since), item.means] for item in shown]
        screen.table(columns, rows, f"none of {len(found)} alarms rings")
    if ringing:
        raise typer.Exit(NOT_SO)


def doctor(stack: Stack = None, as_json: Json = False) -> None:
    """Check whether every tier can make and serve a film right now. The exit code is 1 if one cannot."""
    cloud = find(stack)
    answers: list[Answer] = []
    with screen.err().status("") as status:
        for tier, probe in probes.PROBES.items():
            status.update(tier)
            answers += probes.ask(tier, probe, cloud)
    show(answers, "TIER", as_json)
