"""One process of the policy pack for all of its tests."""

import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
from pulumi.runtime.proto import analyzer_pb2_grpc

from tests.unit.policy.pack import ROOT, Pack


@pytest.fixture(scope="session")
def pack() -> Iterator[Pack]:
    """The pack, started as by the CLI's `pulumi-analyzer-policy-python`. It prints the port on which it listens."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=ROOT / "policy", stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield Pack(analyzer_pb2_grpc.AnalyzerStub(channel))
        finally:
            process.terminate()
