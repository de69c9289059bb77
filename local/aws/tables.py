"""DynamoDB: one request at a time, as moto's tables are dictionaries that threads share.

A scan of a table that is written to meanwhile would fail, and two writers could both find the condition of one write
true.
"""

import threading
from typing import Any

from local.aws.mends import mend


def install() -> None:
    """Let each request end before the next begins. None waits for another: DynamoDB calls no service."""
    lock = threading.Lock()

    def call_action(self: Any) -> Any:
        with lock:
            return moto_call_action(self)

    moto_call_action = mend("moto.dynamodb.responses:DynamoHandler.call_action", call_action)
