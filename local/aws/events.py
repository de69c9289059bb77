"""EventBridge: S3's events as AWS words them, and their delivery to the targets of a rule.

moto matches patterns, but delivers only to logs, queues and buses, in the caller's thread, and swallows what fails.
Here every target is reached through the public API of this same server, off the caller's thread; what cannot be
delivered goes to the target's dead-letter queue, or to this process's log where it has none.

Not reproduced: retries of a delivery (AWS's last up to a day), schedules, and S3's events other than objects' creation
and deletion.
"""

import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.events.models import Rule, events_backends
from moto.s3 import notifications
from moto.s3.notifications import S3NotificationEvent

from local.aws.clients import client
from local.aws.mends import mend

log = logging.getLogger(__name__)

# moto's event name -> detail-type, reason (Amazon S3 user guide, "EventBridge message structure").
S3_EVENTS = {
    S3NotificationEvent.OBJECT_CREATED_PUT_EVENT: ("Object Created", "PutObject"),
    S3NotificationEvent.OBJECT_CREATED_POST_EVENT: ("Object Created", "POST Object"),
    S3NotificationEvent.OBJECT_CREATED_COPY_EVENT: ("Object Created", "CopyObject"),
    S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: ("Object Created", "CompleteMultipartUpload"),
    S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT: ("Object Deleted", "DeleteObject"),
}
STEP = re.compile(r"\.([^.\[\]]+)|\['([^']+)'\]|\[(\d+)\]")
PLACEHOLDER = re.compile(r"<([\w.\-]+)>")


class Sequencer:
    """Order of S3's writes: hexadecimal, each greater than the one before, in AWS's 18 digits."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock, self._last, self._lock = clock, 0, threading.Lock()

    def next(self) -> str:
        """The next value, even where the clock stood still or went back."""
        with self._lock:
            self._last = max(self._last + 1, self._clock())
            return f"{self._last:018X}"


def object_event(account: str, bucket: Any, event_name: str, key: Any, sequencer: str) -> dict[str, Any]:
    """The event that S3 sends to EventBridge for `key` (moto's), whose name is as it is, not URL-encoded."""
    detail_type, reason = S3_EVENTS[S3NotificationEvent(event_name)]
    item = {"key": key.name, "sequencer": sequencer}
    if bucket.is_versioned:
        item["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": item,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }
    if detail_type == "Object Created":
        item |= {"size": key.size, "etag": key.etag.strip('"')}
    else:
        detail["deletion-type"] = "Permanently Deleted"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account,
        "time": _iso(time.time()),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }


def _iso(moment: str | float) -> str:
    if isinstance(moment, str):
        return moment
    return datetime.fromtimestamp(float(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_path(event: Any, path: str) -> Any:
    """What stands at a path such as `$.detail.object.key` or `$.resources[0]`; None where nothing does."""
    for name, quoted, index in STEP.findall(path):
        try:
            event = event[int(index)] if index else event[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return event


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The text that `target` (as in PutTargets) receives for `event`."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(at_path(event, target["InputPath"]))
    if "InputTransformer" not in target:
        return json.dumps(event)
    transformer = target["InputTransformer"]
    template: str = transformer["InputTemplate"]
    values = {name: at_path(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event.get("time"),
    }

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if template[: match.start()].count('"') % 2 == 0:
            return json.dumps(value)
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    return PLACEHOLDER.sub(fill, template)


class Delivery:
    """Sends events to targets by the AWS API at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="eventbridge")

    def submit(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Deliver soon, in another thread."""
        self._pool.submit(self.deliver, target, event, rule_arn)

    def deliver(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Deliver now; what fails goes to the dead-letter queue of the target, with AWS's attributes."""
        body = ""
        try:
            body = target_input(target, event, rule_arn)
            self._send(target, event, body)
        except (BotoCoreError, ClientError, ValueError) as error:
            queue = target.get("DeadLetterConfig", {}).get("Arn")
            log.warning("%s could not be delivered to %s: %s", rule_arn, target["Arn"], error)
            if queue:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
                facts = {
                    "RULE_ARN": rule_arn,
                    "TARGET_ARN": target["Arn"],
                    "ERROR_CODE": code,
                    "ERROR_MESSAGE": str(error),
                }
                attributes = {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()}
                self._queue(queue, body or json.dumps(event), MessageAttributes=attributes)

    def _send(self, target: dict[str, Any], event: dict[str, Any], body: str) -> None:
        arn: str = target["Arn"]
        service, region = arn.split(":")[2:4]
        if service == "states":
            client("stepfunctions", region, self._endpoint).start_execution(stateMachineArn=arn, input=body)
        elif service == "lambda":
            client("lambda", region, self._endpoint).invoke(FunctionName=arn, InvocationType="Event", Payload=body)
        elif service == "sns":
            client("sns", region, self._endpoint).publish(TopicArn=arn, Message=body)
        elif service == "sqs":
            self._queue(arn, body, **target.get("SqsParameters", {}))
        elif service == "events":
            entry = {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
            }
            client("events", region, self._endpoint).put_events(Entries=[{**entry, "EventBusName": arn}])
        else:
            raise ValueError(f"no delivery to {service!r}; the laptop cloud knows states, lambda, sns, sqs and events")

    def _queue(self, arn: str, body: str, **options: Any) -> None:
        _, _, _, region, account, name = arn.split(":", 5)
        sqs = client("sqs", region, self._endpoint)
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body, **options)


def install(endpoint: str) -> None:
    """Send S3's events to EventBridge as AWS does, and EventBridge's to every kind of target."""
    delivery, sequencer = Delivery(endpoint), Sequencer()

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        del transform_input
        if self.state != "ENABLED" or not self.event_pattern.get_pattern():
            return
        if not self.event_pattern.matches_event(original_event):
            return
        event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
        event["time"] = _iso(event["time"])
        for target in self.targets:
            delivery.submit(target, event, self.arn)

    def send_event_bridge_message(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        if event_name not in S3_EVENTS:
            return
        event = object_event(account_id, bucket, event_name, key, sequencer.next())
        for rule in list(events_backends[account_id][bucket.region_name].event_buses["default"].rules.values()):
            rule.send_to_targets(event)  # pyright: ignore[reportArgumentType] - moto's type wants every optional field

    def send_event(account_id: str, event_name: S3NotificationEvent, bucket: Any, key: Any) -> None:
        # moto completes a multipart upload by a put of its own, which on AWS nobody sees.
        if event_name != S3NotificationEvent.OBJECT_CREATED_PUT_EVENT or key.multipart is None:
            moto_send_event(account_id, event_name, bucket, key)

    mend(Rule, "send_to_targets", send_to_targets)
    mend(notifications, "_send_event_bridge_message", send_event_bridge_message)
    moto_send_event = mend(notifications, "send_event", send_event)
