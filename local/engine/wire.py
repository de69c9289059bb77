"""Pulumi's wire format to plain Python and back."""

from typing import Any, cast

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from local.engine.model import UNKNOWN, Archive, Asset

SECRET = {rpc._special_sig_key: rpc._special_secret_sig}


def decode_all(struct: struct_pb2.Struct, secrets: set[str], unknowns: set[str]) -> dict[str, Any]:
    """The properties of a message, sorted by name, since the wire format has no order.

    Adds to `secrets` and `unknowns` the names of properties that hold a secret or unknown value.
    """
    plain: dict[str, Any] = {}
    for key, value in sorted(struct.fields.items()):
        marks: set[str] = set()
        plain[key] = _decode(value, marks)
        secrets.update([key] if "secret" in marks else [])
        unknowns.update([key] if "unknown" in marks else [])
    return plain


def encode(value: Any) -> Any:
    """A plain value as `struct_pb2.Struct` takes it."""
    if isinstance(value, dict):
        return {key: encode(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [encode(item) for item in cast(list[Any], value)]
    return rpc.UNKNOWN if value is UNKNOWN else value


def _decode(value: struct_pb2.Value, marks: set[str]) -> Any:
    match value.WhichOneof("kind"):
        case "list_value":
            return [_decode(item, marks) for item in value.list_value.values]
        case "struct_value":
            return _decode_struct(value.struct_value, marks)
        case "string_value" if value.string_value == rpc.UNKNOWN:
            marks.add("unknown")
            return UNKNOWN
        case "number_value" if value.number_value.is_integer():
            return int(value.number_value)  # the wire has one kind of number
        case "null_value" | None:
            return None
        case kind:
            return getattr(value, kind)


def _decode_struct(struct: struct_pb2.Struct, marks: set[str]) -> Any:
    fields = {key: _decode(item, marks) for key, item in sorted(struct.fields.items())}
    match fields.pop(rpc._special_sig_key, None):
        case rpc._special_secret_sig:
            marks.add("secret")
            return fields["value"]
        case rpc._special_asset_sig:
            return Asset(**fields)
        case rpc._special_archive_sig:
            return Archive(**fields)
        case rpc._special_resource_sig:
            return fields.get("id", fields["urn"])  # a resource as an input means its id
        case _:
            return fields
