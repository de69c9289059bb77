"""boto3 clients. Each sandbox makes a client once, because making one takes longer than most calls."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def client(service: str, read_timeout: float = 20) -> Any:
    """The client of a service in the function's own region. `read_timeout` is in seconds, for each of five tries."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},  # with jitter; after that the caller tries again
        connect_timeout=2,
        read_timeout=read_timeout,
    )
    return boto3.client(service, config=config)
