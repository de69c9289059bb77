"""Auto Scaling's wishes become nodes: against moto's groups, with real nginx."""

import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from local.serving.fleet import Fleets, Targets
from tests.integration.node_bench import USER_DATA, ask
from tests.waiting import eventually

REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop", "region_name": REGION}
MANIFEST = "/v/0a/film/0123456789ab/index.m3u8"


@dataclass
class Cloud:
    """Moto with one group of two instances behind one target group, and a published manifest."""

    url: str
    target_group: str = ""
    changes: list[Targets] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, **KEYS)

    def declare(self) -> None:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        data = {"ImageId": "ami-12345678", "InstanceType": "c7gd.medium", "UserData": USER_DATA}
        template = ec2.create_launch_template(LaunchTemplateName="fleet-0", LaunchTemplateData=data)
        groups = self.client("elbv2").create_target_group(Name="fleet-0", Protocol="HTTP", Port=8080, VpcId=vpc)
        self.target_group = groups["TargetGroups"][0]["TargetGroupArn"]
        self.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="fleet-0",
            MinSize=0,
            MaxSize=4,
            DesiredCapacity=2,
            VPCZoneIdentifier=subnet,
            TargetGroupARNs=[self.target_group],
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        )
        s3 = self.client("s3")
        s3.create_bucket(Bucket="media-0123456", CreateBucketConfiguration={"LocationConstraint": REGION})
        # Moto answers an unsigned read only if a policy allows it to everybody.
        read = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::media-0123456/*",
        }
        s3.put_bucket_policy(Bucket="media-0123456", Policy=json.dumps({"Version": "2012-10-17", "Statement": [read]}))
        s3.put_object(Bucket="media-0123456", Key=MANIFEST[1:], Body=b"#EXTM3U\n", ContentType="application/x-mpegURL")

    def want(self, capacity: int) -> None:
        self.client("autoscaling").set_desired_capacity(AutoScalingGroupName="fleet-0", DesiredCapacity=capacity)

    def registered(self, targets: Targets) -> list[str]:
        return [identity for identity, _, _ in targets.get(self.target_group, [])]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(url: str) -> Cloud:
    # All tests share the server, since it starts slowly. Each test begins with an empty one.
    requests.post(f"{url}/moto-api/reset", timeout=10).raise_for_status()
    cloud = Cloud(url)
    cloud.declare()
    return cloud


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A folder with a short path, as the demo's is: the path of a Unix socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="headend-test-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def watched(cloud: Cloud, run_dir: Path, boot: float = 0.3, notice: float = 0.3) -> Generator[Fleets]:
    fleets = Fleets(
        cloud.url,
        run_dir,
        [REGION, "us-east-1"],
        on_change=cloud.changes.append,
        boot_seconds=boot,
        notice_seconds=notice,
        poll_seconds=0.05,
    )
    try:
        fleets.start()
        yield fleets
    finally:
        fleets.stop()


def test_desired_capacity_is_nodes_that_serve_from_the_bucket(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir) as fleets:
        assert len(fleets.nodes) == 2
        assert cloud.registered(fleets.targets) == sorted(fleets.nodes)
        for identity, address, port in fleets.targets[cloud.target_group]:
            node = fleets.nodes[identity]
            assert (node.site.address, node.port) == (address, port)
            answer = ask(node, MANIFEST)
            assert (answer.status, answer.body, answer.headers["x-node"]) == (200, b"#EXTM3U\n", identity)
            # nginx writes the line after it has answered.
            log = run_dir / "logs" / f"node-{identity}.jsonl"
            assert eventually(lambda log=log: MANIFEST in log.read_text())
            assert log.read_text().count(MANIFEST) == 1
        first = set(fleets.nodes)

        cloud.want(3)
        assert eventually(lambda: len(fleets.nodes) == 3)
        assert first < set(fleets.nodes)

        cloud.want(0)
        assert eventually(lambda: not fleets.nodes)
        assert fleets.targets == {}
        assert [len(cloud.registered(change)) for change in cloud.changes] == [2, 3, 0]


def test_a_dead_node_stays_a_target_until_its_instance_is_replaced(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir, boot=0.5, notice=2) as fleets:
        victim, survivor = sorted(fleets.nodes)
        killed = time.monotonic()
        os.killpg(fleets.nodes[victim].pid, signal.SIGKILL)
        assert eventually(lambda: not fleets.nodes[victim].alive())
        assert cloud.registered(fleets.targets) == [victim, survivor]

        assert eventually(lambda: victim not in cloud.registered(fleets.targets))
        assert time.monotonic() - killed >= 1.5

        assert eventually(lambda: len(cloud.registered(fleets.targets)) == 2)
        [replacement] = set(fleets.nodes) - {survivor}
        assert replacement != victim
        assert eventually(lambda: ask(fleets.nodes[replacement], MANIFEST).status == 200)
        assert ask(fleets.nodes[survivor], MANIFEST).status == 200
        # In between only the other node served, since a replacement takes time to boot.
        assert [len(cloud.registered(change)) for change in cloud.changes] == [2, 1, 2]


def test_a_balancer_is_told_that_there_is_nobody_yet(cloud: Cloud, run_dir: Path) -> None:
    cloud.want(0)
    with watched(cloud, run_dir):
        assert cloud.changes == [{}]


def test_a_killed_master_takes_its_workers_with_it(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir, notice=60) as fleets:
        victim = next(iter(fleets.nodes.values()))
        os.kill(victim.pid, signal.SIGKILL)
        assert eventually(lambda: not victim.healthy())


def test_a_nodes_helper_that_ends_is_started_again(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir) as fleets:
        node = next(iter(fleets.nodes.values()))
        helpers = (node.sharer, node.filler, node.watcher)
        ended = [helper.pid for helper in helpers]
        for process in ended:
            os.kill(process, signal.SIGKILL)
        assert eventually(lambda: all(helper.alive() and helper.pid not in ended for helper in helpers))


def test_a_nodes_helper_that_is_frozen_is_started_again(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir) as fleets:
        node, began = next(iter(fleets.nodes.values())), time.monotonic()
        helpers = (node.sharer, node.filler, node.watcher)
        assert eventually(lambda: all(helper.heard > began for helper in helpers), 15), "one gives no signs of life"
        frozen = [helper.pid for helper in helpers]
        for helper in helpers:
            os.kill(helper.pid, signal.SIGSTOP)
            helper.limit = 2
        assert eventually(lambda: all(helper.alive() and helper.pid not in frozen for helper in helpers))


def test_a_fleet_that_is_stopped_leaves_no_node(cloud: Cloud, run_dir: Path) -> None:
    with watched(cloud, run_dir) as fleets:
        nodes = list(fleets.nodes.values())
        assert all(node.healthy() for node in nodes)
    assert not any(node.alive() or node.healthy() for node in nodes)
