"""Clients of the laptop's AWS. All parts of the laptop cloud use them, even the server of AWS itself."""

import functools
import threading
from typing import Any

import boto3
from botocore.config import Config

# No retries: on this server a second attempt would fail too. A Lambda function may take 15 minutes to answer.
CONFIG = Config(retries={"total_max_attempts": 1}, max_pool_connections=50, read_timeout=1000)
KEYS = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}  # moto accepts any key
_making = threading.Lock()
_client: Any = functools.cache(functools.partial(boto3.client, config=CONFIG, **KEYS))


def client(service: str, region: str, endpoint: str | None) -> Any:
    """The boto3 client of `service`, made once. It checks its parameters. With `endpoint` None it is AWS's own."""
    with _making:  # boto3's default session must not make clients in several threads at once
        return _client(service, region_name=region, endpoint_url=endpoint)
