"""For tests: clients of AWS that answer as told. They refuse what AWS's own models do not know."""

from typing import Any

import boto3
from botocore.stub import Stubber

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}


class Stubs:
    """One for each service and region, made when it is first asked for."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = "us-east-1") -> Any:
        """The stub, to which answers are added."""
        if (service, region) not in self.made:
            stub: Any = Stubber(boto3.client(service, region_name=region, **KEYS))
            stub.activate()
            self.made[service, region] = stub
        return self.made[service, region]

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """The client that gives the answers."""
        return self(service, region).client

    def assert_no_pending_responses(self) -> None:
        """Each answer must have been asked for."""
        for stub in self.made.values():
            stub.assert_no_pending_responses()
