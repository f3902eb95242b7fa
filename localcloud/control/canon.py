"""What Google answers for what was sent: the body in the form of Google's own JSON.

int64 as strings, camelCase names, no nulls, no output-only fields of the caller, no empty text, list or map. An empty
message stays: it often means something (`replication.automatic: {}`). So do zero and false: Google leaves them out
where they are the default, but the documents do not say where (`maxRetries` 0 is not its default 3).
"""

from __future__ import annotations

from typing import Any

from engine.discovery import Document
from localcloud.control.schema import property_of

Json = dict[str, Any]


def canonical(document: Document, schema: str, body: Json) -> Json:
    """`body`, already checked, as it would be stored and read back."""
    return _message(document.schemas, document.schemas[schema], body)


def writable(document: Document, schema: str) -> set[str]:
    """The top-level fields a caller may set."""
    properties = document.schemas[schema].get("properties", {})
    return {name for name, field in properties.items() if not field.get("readOnly")}


def _message(schemas: dict[str, Json], schema: Json, body: Json) -> Json:
    result: Json = {}
    for name, value in body.items():
        known = property_of(schema, name)
        if known is None:
            rest = schema.get("additionalProperties", {})
            if value is not None:
                result[name] = _value(schemas, rest, value)
        elif not schema["properties"][known].get("readOnly"):
            field = schema["properties"][known]
            kept = None if value is None else _value(schemas, field, value)
            if kept is not None and not _is_empty(field, kept):
                result[known] = kept
    return result


def _value(schemas: dict[str, Json], schema: Json, value: Any) -> Any:
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    if isinstance(value, dict):
        return _message(schemas, schema, value)
    if isinstance(value, list):
        return [_value(schemas, schema.get("items", {}), item) for item in value]
    if schema.get("format") in ("int64", "uint64") and isinstance(value, int):
        return str(value)
    if schema.get("type") == "integer" and isinstance(value, str):
        return int(value)
    return value


def _is_empty(field: Json, value: Any) -> bool:
    return value in ("", []) or (value == {} and "additionalProperties" in field)
