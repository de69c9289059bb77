"""For tests of a cache node: what its machine is told, with the defaults of the config keys that nodes get."""

from collections.abc import Mapping
from typing import Any

from components.serving.cache_node.user_data import NodeConfig
from settings import Settings


def node_config(settings: Mapping[str, int | str] | None = None, **other: Any) -> NodeConfig:
    told: dict[str, Any] = {
        "bucket": "media-0123456",
        "region": "eu-west-1",
        "fleet": "fleet-0",
        "log_group": "/headend/nodes",
        "headroom_mb": 10_000,
        "digits": "01234567",
        "fill_mbps": 1000,
        "quiet_from": 2,
        "settings": {**Settings().for_nodes, **(settings or {})},
    }
    return NodeConfig(**{**told, **other})
