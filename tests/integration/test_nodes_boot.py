"""The boot scripts of a machine. Only their directories are changed, and stand-ins replace the machine's tools."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import certifi
import pytest

from components.serving.cache_node.user_data import user_data
from local.serving.nodes import written_files
from tests.node_config import node_config

FILES = written_files(user_data(node_config()))
EBS = "/dev/nvme0n1 Amazon Elastic Block Store\n"
STORE = "/dev/nvme{}n1 Amazon EC2 NVMe Instance Storage\n"

CURL = """
case "$*" in
*/api/token*) echo TOKEN ;;
*"token: TOKEN"*instance-id) echo i-0abc ;;
*"token: TOKEN"*availability-zone) echo eu-west-1b ;;
*/healthz) exit ${HEALTHY:-0} ;;
*) echo "unexpected: $*" >&2; exit 22 ;;
esac
"""
NGINX = """printf '%s\\n' 'nginx version: nginx/1.28.0' \\
    'configure arguments: --with-http_dav_module --with-http_ssl_module' >&2
"""


@dataclass
class Machine:
    """Directories of a machine, and stand-ins for its tools: a name and the shell line that each runs."""

    root: Path
    tools: dict[str, str] = field(
        default_factory=lambda: {
            "lsblk": f"printf '{EBS}'",
            "mountpoint": "exit 1",
            "mount": "",
            "mkfs.xfs": "",
            "mdadm": "",
            "udevadm": "",
            "install": "",
            "df": "printf '1M-blocks\\n 100000\\n'",
            "curl": CURL,
            "nginx": NGINX,
            "dnf": "",
            "systemctl": "",
            "sysctl": "",
            "sleep": "",
            "journalctl": "echo 'nginx: [emerg] something'",
            "shutdown": "",
        }
    )

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        for path, content in FILES.items():
            self.at(path).parent.mkdir(parents=True, exist_ok=True)
            self.at(path).write_text(self.placed(content))
        agent = self.at("/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl")
        tools = {self.root / "bin" / name: line for name, line in self.tools.items()} | {agent: ""}
        for path, line in tools.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'#!/bin/bash\necho "{path.name} $*" >> {self.root}/calls\n{line}\n')
            path.chmod(0o755)
        environment = {"PATH": f"{self.root}/bin:/usr/bin:/bin"}
        command = ["bash", self.at(f"/usr/local/sbin/{script}")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=20)

    def at(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    def placed(self, text: str) -> str:
        """A script with its directories replaced by those of this machine."""
        return re.sub(r"(?<![\w/])/(?=(srv/headend|etc/headend|opt/aws|dev/console)\b)", f"{self.root}/", text)

    def calls(self, tool: str) -> list[str]:
        lines = (self.root / "calls").read_text().splitlines()
        return [line.removeprefix(f"{tool} ") for line in lines if line.split(" ")[0] == tool]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "dev").mkdir()
    return Machine(tmp_path)


def settings(machine: Machine) -> dict[str, str]:
    text = machine.at("/etc/headend/node.conf").read_text()
    return dict(re.findall(r"(keys_zone|max_size|min_free)=(?:media:)?(\d+m)", text))


def test_without_an_instance_store_the_cache_takes_half_of_the_root_volume(machine: Machine) -> None:
    done = machine.run("node-disk")
    assert done.returncode == 0, done.stderr
    calls = (machine.root / "calls").read_text()
    assert not re.search(r"^(mkfs|mount |mdadm)", calls, re.MULTILINE)
    assert settings(machine) == {"max_size": "40000m", "min_free": "10000m", "keys_zone": "65m"}
    # For the services that tell who they are.
    assert machine.at("/etc/headend/instance.env").read_text() == "NODE=i-0abc\n"


def test_a_new_instance_store_is_formatted_and_mounted(machine: Machine) -> None:
    machine.tools["lsblk"] = f"printf '{EBS}{STORE.format(1)}'"
    machine.tools["mount"] = f"[ -e {machine.root}/formatted ]"
    machine.tools["mkfs.xfs"] = f"touch {machine.root}/formatted"
    done = machine.run("node-disk")
    assert done.returncode == 0, done.stderr
    assert machine.calls("mkfs.xfs") == ["-f -K -L headend /dev/nvme1n1"]
    assert len(machine.calls("mount")) == 2
    assert not (machine.root / "calls").read_text().count("mdadm")
    assert settings(machine)["max_size"] == "85000m"


def test_many_are_striped(machine: Machine) -> None:
    machine.tools["lsblk"] = f"printf '{STORE.format(2)}{EBS}{STORE.format(1)}'"
    machine.tools["mount"] = f"[ -e {machine.root}/formatted ]"
    machine.tools["mkfs.xfs"] = f"touch {machine.root}/formatted"
    done = machine.run("node-disk")
    assert done.returncode == 0, done.stderr
    [created] = machine.calls("mdadm")
    assert created == "--create /dev/md/headend --run --level=0 --raid-devices=2 /dev/nvme2n1 /dev/nvme1n1"
    assert machine.calls("mkfs.xfs") == ["-f -K -L headend /dev/md/headend"]


def test_a_reboot_keeps_the_cache(machine: Machine) -> None:
    machine.tools["lsblk"] = f"printf '{EBS}{STORE.format(1)}'"
    done = machine.run("node-disk")
    assert done.returncode == 0, done.stderr
    assert not machine.calls("mkfs.xfs")
    assert len(machine.calls("mount")) == 1


@pytest.mark.parametrize("broken", ["mkfs.xfs", "curl", "lsblk", "df"])
def test_a_disk_that_cannot_be_made_ready_keeps_nginx_from_starting(machine: Machine, broken: str) -> None:
    machine.tools["lsblk"] = f"printf '{STORE.format(1)}'"
    machine.tools["mount"] = "exit 32"
    machine.tools[broken] = "exit 1"
    assert machine.run("node-disk").returncode != 0
    assert not machine.at("/etc/headend/node.conf").exists()


def test_a_disk_without_room_above_the_cache_keeps_nginx_from_starting(machine: Machine) -> None:
    machine.tools["df"] = "printf '1M-blocks\\n 12000\\n'"
    done = machine.run("node-disk")
    assert "12000 MB are too few for a cache with 10000 MB of headroom" in done.stderr
    assert not machine.at("/etc/headend/node.conf").exists()


def test_files_written_shortly_before_a_power_cut_are_deleted(machine: Machine) -> None:
    cache, probe = machine.at("/srv/headend/disk/cache/a/bc"), machine.at("/srv/headend/disk/health/probe")
    notes = machine.at("/srv/headend/disk/fill")
    last_alive = 1_800_000_000
    for path, age in {
        **{cache / "old": 200, cache / "late": 60, cache / "lost": -20, probe: 0},
        **{notes / "whole": 200, notes / "going-on": 60},
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (last_alive - age, last_alive - age))
    done = machine.run("node-disk")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in cache.iterdir()] == ["old"]
    # A title that was fetched ahead is fetched again if a file of it is gone.
    assert [path.name for path in notes.iterdir()] == ["whole"]


def test_what_it_writes_is_a_configuration_that_nginx_accepts(machine: Machine) -> None:
    assert machine.run("node-disk").returncode == 0
    conf = machine.at("/etc/headend/node.conf")
    text = conf.read_text()
    host = "media-0123456.s3.eu-west-1.amazonaws.com"
    assert re.search(rf"server {host}:443 resolve max_fails", text)
    assert f'$origin_host   {{ default "{host}"; }}' in text
    assert 'map "" $node  { default "i-0abc"; }' in text
    assert 'map "" $zone  { default "eu-west-1b"; }' in text
    # This machine lacks the file of certificate authorities, the bucket's name, and an nginx that looks names up.
    text = text.replace("/etc/pki/tls/certs/ca-bundle.crt", certifi.where()).replace(
        f"server {host}:443 resolve", "server 127.0.0.1:443"
    )
    assert host in text
    conf.write_text(text)
    for name in ("srv/headend/logs", "srv/headend/disk/cache"):
        (machine.root / name).mkdir(parents=True, exist_ok=True)
    unit = machine.placed(FILES["/etc/systemd/system/cache-node.service"])
    [check] = re.findall(r'^ExecStartPre=/usr/sbin/(nginx .*) -g "user nginx;"$', unit, re.MULTILINE)
    checked = subprocess.run(check.split(), capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_machine_that_becomes_healthy_stays(machine: Machine) -> None:
    done = machine.run("node-boot")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cache node: healthy" in done.stdout
    assert not machine.calls("shutdown")
    assert "start cache-node.service" in machine.calls("systemctl")


@pytest.mark.parametrize(
    ("tool", "line", "reason"),
    [
        ("dnf", "exit 1", "packages could not be installed"),
        ("nginx", NGINX.replace("dav", "x"), "nginx was built without http_dav_module"),
        ("nginx", NGINX.replace("1.28.0", "1.26.3"), "nginx is 1.26.3, and 1.27.3 is needed"),
        ("nginx", NGINX.replace("/1.28.0", ""), "nginx does not tell its version"),
        ("systemctl", '[ "$1" != start ]', "systemctl start cache-node.service"),
        ("curl", "exit 7", "nginx is not healthy"),
    ],
)
def test_a_machine_that_cannot_serve_says_why_and_powers_off(
    machine: Machine, tool: str, line: str, reason: str
) -> None:
    machine.tools[tool] = line
    done = machine.run("node-boot")
    assert done.returncode != 0
    assert re.search(rf"cache node: boot failed: .*{reason}", done.stdout)
    assert "nginx: [emerg] something" in done.stdout, "the boot log is what a person will look at"
    assert reason in machine.at("/dev/console").read_text()
    [call] = machine.calls("shutdown")
    assert call.startswith("--poweroff +2 cache node: boot failed")


def test_a_package_mirror_that_fails_twice_is_asked_again(machine: Machine) -> None:
    machine.tools["dnf"] = f"[ $(grep -c ^dnf {machine.root}/calls) -gt 2 ]"
    assert machine.run("node-boot").returncode == 0
    assert len(machine.calls("dnf")) == 3
