"""A cache node's user data: EC2 accepts it, cloud-init reads it, and no value in it can trick the shell."""

import base64
import gzip
import json
import re
import subprocess
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

from components.serving.cache_node import user_data as module
from components.serving.cache_node.user_data import LIMIT_BYTES, cloud_config, user_data
from local.serving.nodes import NodeError, written_files
from settings import FOR_NODES, Settings
from tests.node_config import node_config

CONFIG = node_config()
FOLDER = Path(module.__file__).parent
FILES = written_files(user_data(CONFIG))


def test_it_fits_with_room_for_the_longest_names() -> None:
    longest = node_config(
        bucket="m" * 63,
        region="ap-southeast-4",
        fleet="f" * 128,
        port=65535,
        log_group="/" + "l" * 511,
        headroom_mb=9_999_999,
        digits="0123456789abcdef",
        fill_mbps=40_000,
        quiet_from=23,
    )
    assert len(base64.b64decode(user_data(longest))) < LIMIT_BYTES * 15 / 16


def test_what_would_not_fit_is_refused_before_ec2_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", 1000)
    with pytest.raises(ValueError, match="EC2 allows 1000"):
        user_data(CONFIG)


def test_the_same_node_is_the_same_bytes_on_any_machine() -> None:
    header = base64.b64decode(user_data(CONFIG))[:10]
    # RFC 1952: no flags (so no file name), no time, and the operating system "unknown".
    assert (header[3], header[4:8], header[9]) == (0, bytes(4), 255)


def test_a_comment_is_for_who_reads_the_repository() -> None:
    assert FILES["/usr/local/sbin/node-boot"].startswith("#!/bin/bash\n")
    lines = [line.strip() for text in FILES.values() for line in text.splitlines()[1:]]
    assert [line for line in lines if line.startswith("#")] == []


def test_it_is_a_cloud_config_that_cloud_init_accepts(tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_bytes(gzip.decompress(base64.b64decode(user_data(CONFIG))))
    checked = subprocess.run(
        ["cloud-init", "schema", "--config-file", path], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_runs_one_script_that_it_wrote_itself() -> None:
    document: dict[str, Any] = yaml.safe_load(cloud_config(CONFIG))
    [[script]] = document["runcmd"]
    modes = {file["path"]: file["permissions"] for file in document["write_files"]}
    assert modes[script] == "0755"
    assert {path for path, mode in modes.items() if mode != "0644"} == {
        "/usr/local/sbin/node-boot",
        "/usr/local/sbin/node-disk",
        "/usr/local/sbin/node-fill",
        "/usr/local/sbin/node-report",
        "/usr/local/sbin/node-scrub",
        "/usr/local/sbin/node-share",
        "/usr/local/sbin/node-watch",
    }


def test_the_scripts_are_clean() -> None:
    scripts = sorted(FOLDER.glob("*.sh"))
    assert [script.name for script in scripts] == ["node-boot.sh", "node-disk.sh"]
    checked = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_value_that_node_conf_asks_for_is_filled_in_at_boot() -> None:
    asked = set(re.findall(r"@([A-Z_]+)@", FILES["/etc/headend/node.conf.in"]))
    given = set(re.findall(r"^ *([A-Z_]+)=", FILES["/usr/local/sbin/node-disk"], re.MULTILINE))
    declared = re.findall(r"^([A-Z_]+)=", FILES["/etc/headend/node.env"], re.MULTILINE)
    assert asked <= given | {*declared}
    assert not given & {*declared}, "one would hide the other"
    own = {field.name for field in fields(CONFIG)}
    assert not own & CONFIG.settings.keys(), "one would hide the other"


def test_a_key_that_is_marked_for_nodes_reaches_them_and_no_other_key_does() -> None:
    class Later(Settings):
        shown_name: Annotated[str, FOR_NODES] = "cinema-1"
        keeps_open: Annotated[bool, FOR_NODES] = True
        rate: Annotated[int, Field(ge=0), FOR_NODES] = 3
        other: str = "not for nodes"

    config = node_config(settings=Later(rate=7).for_nodes)
    env = written_files(user_data(config))["/etc/headend/node.env"]
    told = env.removeprefix(FILES["/etc/headend/node.env"])
    assert told == "SHOWN_NAME=cinema-1\nKEEPS_OPEN=on\nRATE=7\n"


def test_the_services_run_files_that_are_written() -> None:
    unit = FILES["/etc/systemd/system/cache-node-disk.service"]
    assert re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE) == ["/usr/local/sbin/node-disk"]
    unit = FILES["/etc/systemd/system/cache-node.service"]
    assert re.findall(r"-c (\S+)", unit) == ["/etc/headend/nginx.conf"] * 2
    assert re.search(r"^Restart=always$", unit, re.MULTILINE)
    assert re.search(r"^LimitNOFILE=\d{6,}$", unit, re.MULTILINE)
    for unit in re.findall(r"(cache-node\S*?\.(?:service|timer))", FILES["/usr/local/sbin/node-boot"]):
        assert f"/etc/systemd/system/{unit}" in FILES
    for path, text in FILES.items():
        if path.endswith(".service"):
            [script] = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
            assert script in FILES or script == "/usr/sbin/nginx"


def test_a_service_that_works_on_the_cache_disk_may_write_there() -> None:
    # With "strict" systemd makes the whole file system read-only. node-share would then see no room for any object.
    strict = {path.split("/")[-1] for path, text in FILES.items() if "\nProtectSystem=strict\n" in text}
    assert strict == {"cache-node-report.service", "cache-node-watch.service"}


def test_the_cache_disk_is_trimmed_when_most_viewers_sleep() -> None:
    files = written_files(user_data(replace(CONFIG, quiet_from=7)))
    service, timer = (files[f"/etc/systemd/system/fstrim.{kind}.d/headend.conf"] for kind in ("service", "timer"))
    # An empty value removes those of the package: what is in /etc/fstab, and Monday at midnight.
    assert re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)[0] == ""
    assert service.rstrip().endswith(f" {module.CACHE_DISK}")
    assert re.findall(r"^OnCalendar=(.*)$", timer, re.MULTILINE) == ["", "Mon 07:00"]


def test_the_node_listens_where_the_load_balancer_is_told_to_look() -> None:
    files = written_files(user_data(replace(CONFIG, port=9000)))
    assert files["/etc/headend/listen.conf"] == "listen 9000 reuseport backlog=65535;\n"
    assert "PORT=9000\n" in files["/etc/headend/node.env"]


def test_no_credential_and_no_key_is_in_it() -> None:
    assert not re.search(r"(?i)secret|password|AKIA|BEGIN [A-Z ]*KEY|ssh-", cloud_config(CONFIG))


def test_metadata_is_asked_for_with_a_token_only() -> None:
    assert "X-aws-ec2-metadata-token-ttl-seconds" in FILES["/usr/local/sbin/node-disk"]
    assert FILES["/usr/local/sbin/node-disk"].count("169.254.169.254") == 1


def test_the_agent_reports_a_full_disk_and_ships_the_boot_log() -> None:
    agent = json.loads(FILES["/etc/headend/cloudwatch-agent.json"])
    disk = agent["metrics"]["metrics_collected"]["disk"]
    assert disk["measurement"] == ["used_percent"]
    assert "/srv/headend/disk" in disk["resources"]
    assert disk["append_dimensions"] == {"Fleet": CONFIG.fleet}
    assert agent["metrics"]["namespace"] == "Headend/Node"
    logs = agent["logs"]["logs_collected"]["files"]["collect_list"]
    assert {log["file_path"] for log in logs} == {"/var/log/cloud-init-output.log", "/srv/headend/logs/error.log"}
    assert {log["log_group_name"] for log in logs} == {CONFIG.log_group}
    assert len({log["log_stream_name"] for log in logs}) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bucket", "media.with.dots"),
        ("bucket", "media; rm -rf /"),
        ("region", "eu-west-1; reboot"),
        ("region", "Europe"),
        ("fleet", "fleet|0"),
        ("fleet", 'fleet"'),
        ("fleet", ""),
        ("port", 80),
        ("port", 123456),
        ("log_group", "a group"),
        ("log_group", "group\n"),
        ("digits", ""),
        ("digits", "fg"),
        ("fill_mbps", 0),
        ("settings", {"name": "$(reboot)"}),
        ("settings", {"name": "a b"}),
        ("settings", {"name": ["a", "b"]}),
    ],
)
def test_a_value_that_a_script_could_stumble_over_is_refused(field: str, value: object) -> None:
    [(name, wrong)] = value.items() if isinstance(value, dict) else [(field, value)]
    with pytest.raises(ValueError, match=rf"cache node: {name} must be .*, got {re.escape(repr(wrong))}"):
        replace(CONFIG, **{field: value})


@pytest.mark.parametrize(
    "broken",
    [
        "no base64!",
        base64.b64encode(b"#cloud-config\n{}").decode(),
        base64.b64encode(gzip.compress(b"#!/bin/sh\n", mtime=0)).decode(),
        base64.b64encode(gzip.compress(b"#cloud-config\nruncmd: []\n", mtime=0)).decode(),
    ],
)
def test_other_user_data_is_no_node(broken: str) -> None:
    with pytest.raises(NodeError, match="not a gzipped cloud-config"):
        written_files(broken)
