"""The platform on which a verb works: clients and names of a stack on AWS, or of the demo. Other files need not know
which."""

import functools
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.running import running
from operate.screen import UNREACHABLE, Refusal

PROJECT = Path(__file__).parent.parent
DEMO = "local"
"""The stack that the demo deploys."""
_making = threading.Lock()


@dataclass(frozen=True)
class Cloud:
    """One stack that is up."""

    stack: str
    outputs: Mapping[str, Any]
    """Outputs of the Pulumi program, by name."""
    url: str
    """URL of the page, without a slash at its end."""
    endpoint: str | None
    """URL of the demo's AWS APIs. None for AWS itself."""

    @property
    def home(self) -> str:
        """The home region."""
        return self.name("region")

    def name(self, output: str) -> str:
        """A stack output that is a text. Raises Refusal if the last deployment did not have it."""
        return self.output(output)

    def output(self, output: str) -> Any:
        """A stack output. Raises Refusal if the last deployment did not have it."""
        if output not in self.outputs:
            raise Refusal(f"stack {self.stack} has no output {output!r}: deploy this version of the program first")
        return self.outputs[output]

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client. Its region is the home region if none is given."""
        with _making:  # boto3's default session cannot make clients in several threads at once
            return _client(service, region or self.home, self.endpoint)

    def objects(self, bucket: str, prefix: str, region: str | None = None) -> Iterator[dict[str, Any]]:
        """The objects of a bucket whose keys begin with `prefix`, as S3 lists them."""
        pages = self.client("s3", region).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return (item for page in pages for item in page.get("Contents", ()))


@functools.cache
def _client(service: str, region: str, endpoint: str | None) -> Any:
    # Another try can help with AWS, and never helps with the demo's server.
    retries: Any = {"total_max_attempts": 1} if endpoint else {"mode": "standard", "total_max_attempts": 6}
    keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"} if endpoint else {}
    config = Config(retries=retries, max_pool_connections=50, connect_timeout=10, read_timeout=60)
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config, **keys)


def account(stack: str | None) -> Callable[[str, str], Any]:
    """Returns a function that makes a client from (service, region), in a stack's account.

    A stack on AWS need not be up. The demo must be.
    """
    endpoint = find(stack).endpoint if stack in (None, DEMO) else None
    return lambda service, region: _client(service, region, endpoint)


def find(stack: str | None) -> Cloud:
    """The stack of that name, or the demo if there is no name. Raises Refusal if it is not up."""
    if stack in (None, DEMO):
        known = running()
        if known is None:
            raise Refusal("no demo is running. Start one with `make demo`, or name a stack on AWS with --stack")
        return Cloud(DEMO, known["exports"], known["url"], known["endpoint"])
    outputs = _pulumi("stack", "output", "--json", "--stack", str(stack))
    if not outputs:
        raise Refusal(f"stack {stack} has no outputs. Deploy it with `pulumi up --stack {stack}`")
    return Cloud(str(stack), outputs, str(outputs.get("watch_url", "")).rstrip("/"), None)


def _pulumi(*arguments: str) -> dict[str, Any]:
    command = ["pulumi", *arguments, "--non-interactive"]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        sentence = (
            "the Pulumi CLI is not installed, and only it knows a stack's outputs. Install it:"
            " https://www.pulumi.com/docs/install/"
        )
        raise Refusal(sentence, UNREACHABLE) from None
    except subprocess.TimeoutExpired:
        raise Refusal("Pulumi did not answer within two minutes. Check it with `pulumi whoami`", UNREACHABLE) from None
    if done.returncode:
        said = " ".join(done.stderr.split()).removeprefix("error: ")
        raise Refusal(f"Pulumi: {said}. `pulumi stack ls` lists the stacks", UNREACHABLE)
    return json.loads(done.stdout)
