"""A provider without a cloud: every type gets plausible ids, ARNs and names, which are the same in every run.

Unit tests, the resource tree and the policy checks use it. So does the laptop cloud, for values that follow from a
resource's name. Only values whose shape is known (shapes.toml) are made up. Other outputs stay unknown, and the engine
reports one when a program needs it.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from local.engine.schema import output_types

SHAPES = tomllib.loads((Path(__file__).parent / "shapes.toml").read_text())
_ACCOUNT = "123456789012"


class RecordingProvider:
    """Makes nothing, and answers everything. The laptop cloud's provider derives from it, and does make resources.

    `create` and `invoke` are called from several threads at once.
    """

    def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
        """Make one resource. Returns its id and its computed outputs. The engine adds the inputs to the outputs.

        Whatever it raises becomes a `Problem` of this resource.
        """
        id_ = _values(type_, name, inputs, region, "")["id"]
        return id_, self.read(type_, name, inputs, region, id_)

    def read(self, type_: str, name: str, inputs: dict[str, Any], region: str, id_: str) -> dict[str, Any]:
        """The outputs of a resource that follow from its id, name and inputs."""
        values = _values(type_, name, inputs, region, id_)
        outputs: dict[str, Any] = {}
        for key, (python, always) in output_types(type_).items():
            # AWS gives a network no IPv6 addresses unless it is asked to.
            unasked = key == "ipv6CidrBlock" and not inputs.get("assignGeneratedIpv6CidrBlock")
            if always and key not in inputs and key in SHAPES["outputs"] and python in (str, int) and not unasked:
                outputs[key] = python(SHAPES["outputs"][key].format_map(values))
        for key, item in SHAPES["lists"].get(type_, {}).items():
            outputs[key] = [{field: text.format_map(values) for field, text in item.items()}]
        return outputs

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer a data source, such as `aws:index/getRegion:getRegion`.

        Raises:
            LookupError: if shapes.toml has no answer for it.
        """
        if token not in SHAPES["data-sources"]:
            raise LookupError("is not answered on the laptop; add the data source to local/engine/shapes.toml")
        templates = SHAPES["data-sources"][token]
        values = {**args, "region": region, "account": _ACCOUNT}
        return {**args, **{key: text.format_map(values) for key, text in templates.items()}}


def physical_name(type_: str, name: str, inputs: dict[str, Any]) -> str:
    """The name of a resource in AWS: the given name, or the logical name with a suffix, as Pulumi makes it.

    Raises:
        ValueError: if the name is too long for AWS.
    """
    bucket = type_ == "aws:s3/bucket:Bucket"
    suffix = hashlib.sha256(f"{type_} {name}".encode()).hexdigest()[:7]
    made = f"{inputs['namePrefix']}{suffix}" if "namePrefix" in inputs else f"{name}-{suffix}"
    physical = inputs.get("bucket" if bucket else "name", made.lower() if bucket else made)
    limit = SHAPES["name-limits"].get(type_, 255)
    if len(physical) > limit:
        raise ValueError(f"its name {physical!r} has {len(physical)} characters; AWS takes {limit}")
    return physical


def _values(type_: str, name: str, inputs: dict[str, Any], region: str, id_: str) -> dict[str, str]:
    """The values that fill the templates for one resource. If `id_` is empty, an id is made up."""
    digest = hashlib.sha256(f"{type_} {name} {region}".encode()).hexdigest()
    values = {key: value for key, value in inputs.items() if isinstance(value, str)} | {
        "name": physical_name(type_, name, inputs), "region": region, "account": _ACCOUNT, "hex": digest[:17],
        "HEX": digest[:13].upper(), "hex4": digest[:4], "hex2": digest[4:6],
        "uuid": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}",
    }  # fmt: skip
    setting_of_bucket = type_.startswith("aws:s3/") and "bucket" in inputs
    service, _, kind = type_.removeprefix("aws:").partition(":")
    arn = f"arn:aws:{service.partition('/')[0]}:{{region}}:{{account}}:{kind[:1].lower()}{kind[1:]}/{{name}}"
    shape = SHAPES["types"].get(type_, {"id": "{bucket}" if setting_of_bucket else "{name}", "arn": arn})
    if id_ and shape["id"] == "{name}":
        values["name"] = id_  # the program looked it up and did not make it
    if shape["id"] == "{arn}":
        values["arn"] = values["id"] = id_ or shape["arn"].format_map(values)
    else:
        values["id"] = id_ or shape["id"].format_map(values)
        values["arn"] = shape["arn"].format_map(values)
    values["arnSuffix"] = values["arn"].rpartition(":")[2].removeprefix("loadbalancer/")
    return values
