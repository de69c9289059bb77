"""The provider that makes the program's resources in the laptop's AWS."""

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

from local.engine.recording import RecordingProvider, physical_name
from local.resources import autoscaling, balancing, compute, data, functions, iam, messaging, network, s3
from local.resources.making import HANDLERS, IGNORED, Making

DECLARED_ONLY = frozenset(tomllib.loads((Path(__file__).parent / "declared_only.toml").read_text()))
# The import of these modules fills HANDLERS.
_FAMILIES = (autoscaling, balancing, compute, data, functions, iam, messaging, network, s3)


class Realiser(RecordingProvider):
    """Makes resources through one endpoint. It answers data sources with made-up values, as `RecordingProvider` does.

    With `endpoint_url` None the calls go where boto3 sends them by default. Tests that intercept calls use that.
    """

    def __init__(self, endpoint_url: str | None) -> None:
        self._endpoint_url = endpoint_url

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        """Make one resource.

        Raises:
            ValueError: for a type without a handler, and for a property that a handler would lose.
        """
        if type_ in DECLARED_ONLY:
            return super().create(type_, name, inputs, region)
        if type_ not in HANDLERS:
            raise ValueError(
                "has no handler: write one in local/resources/, or add the type to declared_only.toml there"
            )
        physical = physical_name(type_, name, inputs)
        known = {"region", "namePrefix", "bucket" if type_ == "aws:s3/bucket:Bucket" else "name"}
        carried = {key: deepcopy(value) for key, value in inputs.items() if key not in known}
        making = Making(self._endpoint_url, physical, carried, region)
        id_, outputs = HANDLERS[type_](making)
        lost = [path for path in (*making.inputs, *making.dropped) if path not in IGNORED[type_]]
        if lost:
            module = HANDLERS[type_].__module__.rpartition(".")[2]
            raise ValueError(
                f"loses {', '.join(lost)}: carry it over in local/resources/{module}.py, or ignore it there"
            )
        return id_, {**self.read(type_, name, inputs, region, id_), **outputs}
