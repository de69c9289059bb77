"""Makes the cloud-init user data of a cache node from the files beside this one.

Pure: the same NodeConfig gives the same bytes. So a preview shows a new launch template only if a node changes.
"""

import base64
import gzip
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

from components.blocks import paths
from lambdas.forecast.core import DISK_SHARE, STAY, WALK_HOURS
from lambdas.names import FILL_LISTS, GONE_LISTS, ORDERS

LIMIT_BYTES = 16 * 1024
"""EC2's limit for user data, before base64."""
CACHE_DISK = "/srv/headend/disk"
"""Where the cache is mounted: the `path` dimension of the metric disk_used_percent."""
NODE_PORT = 8080
METRICS_NAMESPACE = "Headend/Node"


@dataclass(frozen=True, kw_only=True)
class NodeConfig:
    """The values that differ between fleets, and the config keys that all nodes get.

    Each field is a variable in the scripts, and `@NAME@` in node.conf.in. Its name there is in capitals. The type of a
    field says which texts it may be. Raises ValueError for other texts, since a character may have a meaning in a shell
    or in nginx.
    """

    # No dots: S3's certificate covers one label before .s3.<region>.
    bucket: Annotated[str, r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "a bucket name without dots"]
    """The media bucket of the node's own region."""
    region: Annotated[str, r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region, such as eu-west-1"]
    fleet: Annotated[str, r"[A-Za-z0-9._-]{1,128}", "letters, digits, dots, underscores and hyphens"]
    port: Annotated[int, r"[1-9][0-9]{3,4}", "a port from 1000 up"] = NODE_PORT
    log_group: Annotated[str, r"[A-Za-z0-9_/.#-]{1,512}", "a log group name"]
    """Name of the log group for the node's boot log and nginx's error log. The access log stays on the node. At a full
    25 Gb/s it would cost about 30 USD a day, and the logs of edge and balancer have the same requests."""
    headroom_mb: Annotated[int, r"[1-9][0-9]{0,6}", "a number of megabytes"]
    """Megabytes of the disk that the cache leaves free. nginx's cache manager checks the size only from time to time,
    and meanwhile the node fetches more."""
    digits: Annotated[str, r"[0-9a-f]{1,16}", "hex digits"]
    """First hex digits of the titles that the fleet serves."""
    fill_mbps: Annotated[int, r"[1-9][0-9]{0,5}", "a number of megabits per second"]
    """Megabits per second at which the node fetches titles before a viewer asks."""
    quiet_from: Annotated[int, r"[0-9]|1[0-9]|2[0-3]", "an hour from 0 to 23"]
    """Hour in UTC at which most viewers of the region sleep. Then the node begins with the day's order."""
    settings: Annotated[Mapping[str, int | str], r"[A-Za-z0-9_./-]{0,200}", "letters, digits and any of _ . / -"]
    """Config keys that all nodes get. None may have the name of another field, or of a variable of node-disk.sh."""

    def __post_init__(self) -> None:
        types = get_type_hints(NodeConfig, include_extras=True)
        for field, value in self.values().items():
            _, pattern, allowed = get_args(types.get(field, types["settings"]))
            if not re.fullmatch(pattern, str(value)):
                raise ValueError(f"cache node: {field} must be {allowed}, got {value!r}")

    def values(self) -> dict[str, int | str]:
        """Every value by its name. What is true or false in the config is `on` or `off`, as nginx writes it."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        config: Mapping[str, int | str] = own.pop("settings")
        spoken = ("off", "on")
        return own | {key: spoken[value] if isinstance(value, bool) else value for key, value in config.items()}


def user_data(config: NodeConfig) -> str:
    """base64(gzip(cloud-config)) for a launch template. Raises ValueError over EC2's 16 KB."""
    buffer = io.BytesIO()
    # The gzip header has no time, no file name and, unlike that of gzip.compress, no operating system.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        stream.write(cloud_config(config).encode())
    data = buffer.getvalue()
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"cache node: user data is {len(data)} bytes, and EC2 allows {LIMIT_BYTES}")
    return base64.b64encode(data).decode()


def cloud_config(config: NodeConfig) -> str:
    """The cloud-config document. Its body is JSON, which is valid YAML, so no YAML library is needed."""
    files = {
        # Not in /etc/nginx, where the package has its own configuration.
        "/etc/headend/nginx.conf": _file("nginx.conf").replace("@MEDIA@", paths.MEDIA),
        "/etc/headend/node.conf.in": _file("node.conf.in"),
        "/etc/headend/listen.conf": f"listen {config.port} reuseport backlog=65535;\n",
        "/etc/headend/node.env": "".join(f"{name.upper()}={value}\n" for name, value in config.values().items()),
        "/etc/headend/cloudwatch-agent.json": json.dumps(_agent(config)),
        # The agent of Session Manager can reach AWS only by IPv6.
        "/etc/amazon/ssm/amazon-ssm-agent.json": json.dumps({"Agent": {"UseDualStackEndpoint": True}}),
        "/etc/sysctl.d/90-headend.conf": _file("sysctl.conf"),
        "/etc/logrotate.d/headend": _file("logrotate.conf"),
        # Every ten minutes, because a large node at full load logs gigabytes an hour, and the root volume is small.
        "/etc/systemd/system/logrotate.timer.d/headend.conf": (
            "[Timer]\nOnCalendar=*:0/10\nAccuracySec=1m\nRandomizedDelaySec=0\n"
        ),
        # fstrim.service trims the file systems in /etc/fstab, and the cache disk is not there. A disk that is never
        # trimmed becomes slow. A trim delays readers, so it runs when most viewers sleep.
        "/etc/systemd/system/fstrim.service.d/headend.conf": (
            f"[Service]\nExecStart=\nExecStart=/usr/sbin/fstrim --verbose --quiet-unsupported {CACHE_DISK}\n"
        ),
        "/etc/systemd/system/fstrim.timer.d/headend.conf": (
            f"[Timer]\nOnCalendar=\nOnCalendar=Mon {config.quiet_from:02}:00\n"
        ),
        "/etc/systemd/system/cache-node.service": _file("cache-node.service"),
        "/etc/systemd/system/cache-node-disk.service": _file("cache-node-disk.service"),
        "/etc/systemd/system/cache-node-scrub.service": _file("cache-node-scrub.service"),
        "/etc/systemd/system/cache-node-scrub.timer": _file("cache-node-scrub.timer"),
        "/usr/local/sbin/node-scrub": _file("node-scrub.py"),
        "/etc/systemd/system/cache-node-report.service": _file("cache-node-report.service"),
        "/usr/local/sbin/node-report": _file("node-report.py"),
        "/etc/systemd/system/cache-node-fill.service": _file("cache-node-fill.service"),
        "/usr/local/sbin/node-fill": _fill_script(),
        "/etc/systemd/system/cache-node-share.service": _file("cache-node-share.service"),
        "/usr/local/sbin/node-share": _file("node-share.py"),
        "/etc/systemd/system/cache-node-watch.service": _file("cache-node-watch.service"),
        "/usr/local/sbin/node-watch": _file("node-watch.py"),
        "/usr/local/sbin/node-boot": _file("node-boot.sh"),
        "/usr/local/sbin/node-disk": _file("node-disk.sh"),
    }
    document = {
        "write_files": [
            {"path": path, "permissions": "0755" if path.startswith("/usr/local/sbin/") else "0644", "content": content}
            for path, content in files.items()
        ],
        "runcmd": [["/usr/local/sbin/node-boot"]],
    }
    return "#cloud-config\n" + json.dumps(document) + "\n"


def _file(name: str) -> str:
    """A file beside this one without its comments. They count in EC2's limit, and a new one would roll all nodes."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return re.sub(r'(?m)^[ \t]*(#(?!!).*|"""(.|\n)*?""")\n', "", text)


def _fill_script() -> str:
    values = {
        "FILL_LISTS": FILL_LISTS,
        "GONE_LISTS": GONE_LISTS,
        "ORDERS": ORDERS,
        "STAY": STAY,
        "DISK_SHARE": DISK_SHARE,
        "WALK_HOURS": WALK_HOURS,
    }
    text = _file("node-fill.py")
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def _agent(config: NodeConfig) -> dict[str, object]:
    """The CloudWatch agent's configuration.

    Metrics have the fleet as a dimension and not the host. The worst node of a fleet is visible as the maximum. A
    metric for every node that ever ran would cost 0.30 USD a month each.
    """
    fleet = {"append_dimensions": {"Fleet": config.fleet}}
    logs = {"boot": "/var/log/cloud-init-output.log", "nginx": "/srv/headend/logs/error.log"}
    return {
        "agent": {
            "region": config.region,
            "metrics_collection_interval": 60,
            "omit_hostname": True,
            # The network reaches AWS by IPv6. It has no NAT.
            "use_dualstack_endpoint": True,
        },
        "metrics": {
            "namespace": METRICS_NAMESPACE,
            "metrics_collected": {
                "disk": {
                    "measurement": ["used_percent"],
                    "resources": ["/", CACHE_DISK],
                    "drop_device": True,
                    **fleet,
                },
                "net": {"measurement": ["bytes_sent", "bytes_recv"], "resources": ["*"], **fleet},
                # Packets dropped because the instance reached its network limit. They show that a node is too small.
                "ethtool": {"metrics_include": ["bw_out_allowance_exceeded", "pps_allowance_exceeded"], **fleet},
            },
        },
        "logs": {
            # The metrics of node-report: hits, misses, bytes.
            "metrics_collected": {"emf": {"service_address": "udp://127.0.0.1:25888"}},
            "logs_collected": {
                "files": {
                    "collect_list": [
                        {
                            "file_path": path,
                            "log_group_name": config.log_group,
                            "log_stream_name": f"{config.fleet}/{{instance_id}}/{stream}",
                        }
                        for stream, path in logs.items()
                    ]
                }
            },
        },
    }
