"""Lets moto's DynamoDB handle one request at a time, because its tables are dictionaries that threads share.

Otherwise a scan would fail if another thread writes to the table. And two writers could both pass the condition of a
write.
"""

import threading
from typing import Any

from local.aws.mends import mend


def install() -> None:
    """Let each request end before the next one begins. None waits for another: DynamoDB calls no service."""
    lock = threading.Lock()

    def call_action(self: Any) -> Any:
        with lock:
            return moto_call_action(self)

    moto_call_action = mend("moto.dynamodb.responses:DynamoHandler.call_action", call_action)
