"""Lets moto's DynamoDB handle one request at a time, because its tables are dictionaries that threads share.

Otherwise a scan would fail if another thread writes to the table. And two writers could both pass the condition of a
write.

The copy of a table in another region is the table itself, so a write is in both at once.
"""

import threading
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from local.aws.mends import mend


def install() -> None:
    """Let each request end before the next one begins. None waits for another: DynamoDB calls no service."""
    lock = threading.Lock()

    def call_action(self: Any) -> Any:
        with lock:
            answer = moto_call_action(self)
            for update in self.body.get("ReplicaUpdates", ()):
                name, there = self.body["TableName"], update["Create"]["RegionName"]
                here = dynamodb_backends[self.current_account][self.region].tables
                dynamodb_backends[self.current_account][there].tables[name] = here[name]
            return answer

    moto_call_action = mend("moto.dynamodb.responses:DynamoHandler.call_action", call_action)
