"""Property values between Pulumi's wire form (protobuf `Struct`) and plain Python.

A secret is not a wrapper here but a mark: its path beside the plain value, so that nobody has to unwrap anything to
read a property. Paths are written as Pulumi writes them: `template.containers[0].env`. An unknown value (preview) is
`UNKNOWN`. Assets and resource references stay the signed maps that they are on the wire.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SIGNATURE: Final = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage]
SECRET: Final = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]


class Unknown:
    """The value of a property that only the real deployment will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def decode(struct: struct_pb2.Struct) -> tuple[dict[str, Any], set[str]]:
    """Plain properties and the paths of the secret ones. Whole numbers become `int`: the wire knows only doubles."""
    secrets: set[str] = set()
    return {key: _decode(value, key, secrets) for key, value in struct.fields.items()}, secrets


def _decode(value: struct_pb2.Value, path: str, secrets: set[str]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item, f"{path}[{index}]", secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
            secrets.add(path)
            return _decode(fields["value"], path, secrets)
        return {key: _decode(item, f"{path}.{key}", secrets) for key, item in fields.items()}
    return None


def encode(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> struct_pb2.Struct:
    """The inverse of `decode`."""
    return struct_pb2.Struct(fields={key: _encode(value, key, secrets) for key, value in properties.items()})


def _encode(value: Any, path: str, secrets: Collection[str]) -> struct_pb2.Value:
    if path in secrets:
        bare = _encode_bare(value, path, secrets)
        wrapper = {SIGNATURE: struct_pb2.Value(string_value=SECRET), "value": bare}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=wrapper))
    return _encode_bare(value, path, secrets)


def _encode_bare(value: Any, path: str, secrets: Collection[str]) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=rpc.UNKNOWN)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, Mapping):
        fields = {str(key): _encode(item, f"{path}.{key}", secrets) for key, item in value.items()}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    items = [_encode(item, f"{path}[{index}]", secrets) for index, item in enumerate(value)]
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))


def has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN
