"""EventBridge: S3's events in AWS's format, and their delivery to the targets of a rule.

moto matches patterns. But it delivers in the caller's thread, only to logs, queues and buses, and drops an event whose
delivery fails. Here another thread delivers to every target through the API of this same server. An event that cannot
be delivered goes to the target's dead-letter queue, or to this process's log if there is none. A rule with a schedule
calls its targets at its times.

Not reproduced: retries of a delivery (AWS retries for up to a day); targets other than state machines,
queues and functions; inputs other than the event itself; S3's events other than the creation and deletion of objects.
"""

import itertools
import json
import logging
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.events.exceptions import ValidationException
from moto.events.models import events_backends
from moto.s3.notifications import S3NotificationEvent as S3Event

from local.aws.mends import mend
from local.aws.schedules import Due, next_time
from local.clients import client

log = logging.getLogger(__name__)

# moto's event -> detail-type and reason (Amazon S3 user guide, "EventBridge event message structure").
REASONS = {
    S3Event.OBJECT_CREATED_PUT_EVENT: ("Object Created", "PutObject"),
    S3Event.OBJECT_CREATED_POST_EVENT: ("Object Created", "POST Object"),
    S3Event.OBJECT_CREATED_COPY_EVENT: ("Object Created", "CopyObject"),
    S3Event.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: ("Object Created", "CompleteMultipartUpload"),
    S3Event.OBJECT_REMOVED_DELETE_EVENT: ("Object Deleted", "DeleteObject"),
}


def object_event(account: str, event_name: str, bucket: Any, key: Any, sequencer: str) -> dict[str, Any]:
    """The event that S3 sends to EventBridge. `bucket` and `key` are moto's. The key's name is not URL-encoded."""
    detail_type, reason = REASONS[S3Event(event_name)]
    item = {"key": key.name, "sequencer": sequencer}
    if bucket.is_versioned:
        item["version-id"] = key.version_id
    detail = {"version": "0", "bucket": {"name": bucket.name}, "object": item, "reason": reason}
    detail |= {"request-id": uuid.uuid4().hex[:16].upper(), "requester": account, "source-ip-address": "127.0.0.1"}
    if detail_type == "Object Created":
        item |= {"size": key.size, "etag": key.etag.strip('"')}
    else:
        detail["deletion-type"] = "Permanently Deleted"
    event = {"version": "0", "id": str(uuid.uuid4()), "detail-type": detail_type, "source": "aws.s3"}
    event |= {"account": account, "time": time.time(), "region": bucket.region_name, "resources": [bucket.arn]}
    return {**event, "detail": detail}


def scheduled_event(rule: Any, now: datetime) -> dict[str, Any]:
    """What a schedule sends to its targets."""
    account, region = rule.account_id, rule.region_name
    event = {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events"}
    event |= {"account": account, "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "region": region}
    return {**event, "resources": [rule.arn], "detail": {}}


def all_rules() -> list[Any]:
    """The rules of every account and region."""
    backends = [backend for account in list(events_backends.values()) for backend in list(account.values())]
    return [
        rule for backend in backends for bus in list(backend.event_buses.values()) for rule in list(bus.rules.values())
    ]


def send(arn: str, text: str, endpoint: str, **options: Any) -> None:
    """Send `text` to the state machine, queue or function `arn`. Raises boto3's errors, or ValueError for others."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "states":
        client("stepfunctions", region, endpoint).start_execution(stateMachineArn=arn, input=text)
    elif service == "sqs":
        url = client("sqs", region, endpoint).get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        client("sqs", region, endpoint).send_message(QueueUrl=url, MessageBody=text, **options)
    elif service == "lambda":
        client("lambda", region, endpoint).invoke(FunctionName=arn, InvocationType="Event", Payload=text)
    else:
        raise ValueError(f"the laptop cloud delivers to states, sqs and lambda, not to {service}")


def deliver(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, endpoint: str) -> None:
    """Send `event` to `target`, or to its dead-letter queue with the attributes that AWS adds."""
    try:
        send(target["Arn"], json.dumps(event), endpoint)
    except (BotoCoreError, ClientError, ValueError) as error:
        log.warning("%s could not be delivered to %s: %s", rule_arn, target["Arn"], error)
        if queue := target.get("DeadLetterConfig", {}).get("Arn"):
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            facts = {"RULE_ARN": rule_arn, "TARGET_ARN": target["Arn"], "ERROR_CODE": code, "ERROR_MESSAGE": str(error)}
            attributes = {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()}
            send(queue, json.dumps(event), endpoint, MessageAttributes=attributes)


def install(endpoint: str) -> None:
    """Send S3's events to EventBridge as AWS does, and EventBridge's events to their targets."""
    pool = ThreadPoolExecutor(8, thread_name_prefix="eventbridge")
    sequence = itertools.count(time.time_ns())  # of S3's writes

    def send_to_targets(self: Any, original_event: Any, **_: object) -> None:
        pattern = self.event_pattern
        if self.state == "ENABLED" and pattern.get_pattern() and pattern.matches_event(original_event):
            event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
            event["time"] = datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for target in self.targets:
                pool.submit(deliver, target, event, self.arn, endpoint)

    def send_event_bridge_message(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        if event_name in REASONS:
            event = object_event(account_id, event_name, bucket, key, f"{next(sequence):018X}")
            for rule in list(events_backends[account_id][bucket.region_name].event_buses["default"].rules.values()):
                send_to_targets(rule, event)

    def put_rule(self: Any, name: str, **rule: Any) -> Any:
        if expression := rule["scheduled_expression"]:
            try:
                next_time(expression, datetime.now(UTC))
            except ValueError as error:
                raise ValidationException(str(error)) from error
        return moto_put_rule(self, name, **rule)

    def send_event(account_id: str, event_name: S3Event, bucket: Any, key: Any) -> None:
        # moto completes a multipart upload with its own put, for which AWS sends no event.
        if event_name != S3Event.OBJECT_CREATED_PUT_EVENT or key.multipart is None:
            moto_send_event(account_id, event_name, bucket, key)

    mend("moto.events.models:Rule.send_to_targets", send_to_targets)
    mend("moto.s3.notifications:_send_event_bridge_message", send_event_bridge_message)
    moto_send_event = mend("moto.s3.notifications:send_event", send_event)
    moto_put_rule = mend("moto.events.models:EventsBackend.put_rule", put_rule)


def call_on_schedule(endpoint: str) -> None:
    """Call the targets of schedules at their times, for ever."""
    due = Due()
    while True:
        time.sleep(1)
        now = datetime.now(UTC)
        for rule in due([rule for rule in all_rules() if rule.state == "ENABLED"], now):
            for target in rule.targets:
                deliver(target, scheduled_event(rule, now), rule.arn, endpoint)
