"""Is a request body what Google's schema says? Refusals are worded as Google's JSON parser words them.

As lenient as Google and no more: output-only fields are ignored, null means absent, original proto names
(`repository_id`) count, an int64 may be a number. The documents do not say which fields are required.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.discovery import Document, Method
from localcloud.errors import ApiError

Json = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """What is wrong at `field` (a path like `template.containers[0]`; empty for the whole body)."""

    field: str
    description: str


def check(method: Method, body: Any, query: dict[str, str]) -> None:
    """Refuse with 400 and every violation if the request does not fit its method."""
    wrong = list(_unknown_parameters(method, query))
    if body is not None:
        if not isinstance(body, dict):
            wrong.append(Violation("", "Invalid JSON payload received. The root of the payload is not an object."))
        elif method.request:
            wrong += violations(method.document, method.request, body)
        elif body:
            wrong += [_unknown("", name) for name in body]
    if wrong:
        raise invalid(wrong)


def invalid(wrong: list[Violation]) -> ApiError:
    details = [{"field": violation.field, "description": violation.description} for violation in wrong]
    return ApiError(
        400,
        "\n".join(violation.description for violation in wrong),
        details=[{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": details}],
    )


def violations(document: Document, schema: str, body: Any) -> list[Violation]:
    """Everything in `body` that the named schema does not allow."""
    return list(_value(document.schemas, {"$ref": schema}, body, ""))


def property_of(schema: Json, name: str) -> str | None:
    """The property that a JSON key means: its own name, or the original proto name of one (`repository_id`)."""
    properties = schema.get("properties", {})
    if name in properties:
        return name
    camel = camel_case(name)
    return camel if "_" in name and camel in properties else None


def camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


def _unknown_parameters(method: Method, query: dict[str, str]) -> Iterator[Violation]:
    fields = method.document.schemas.get(method.request or "", {})
    for name in query:
        known = {name, camel_case(name)} & (method.query | method.document.parameters)
        if not known and not name.startswith("$") and not property_of(fields, name):
            yield Violation(
                "",
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message.",
            )


def _value(schemas: dict[str, Json], schema: Json, value: Any, path: str) -> Iterator[Violation]:
    if value is None:
        return
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "object":
        yield from _object(schemas, schema, value, path)
    elif kind == "array":
        if not isinstance(value, list):
            yield _mismatch(path, "a list", value)
            return
        for index, item in enumerate(value):
            if item is None:
                yield _mismatch(f"{path}[{index}]", "no null in a list", item)
            yield from _value(schemas, schema.get("items", {}), item, f"{path}[{index}]")
    elif kind in _SCALARS:
        yield from _SCALARS[kind](schema, value, path)


def _object(schemas: dict[str, Json], schema: Json, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _mismatch(path, "an object", value)
        return
    rest: Json | None = schema.get("additionalProperties")
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        known = property_of(schema, name)
        if known:
            if not schema["properties"][known].get("readOnly"):
                yield from _value(schemas, schema["properties"][known], item, where)
        elif rest is not None:
            yield from _value(schemas, rest, item, where)
        elif name != "@type":
            yield _unknown(path, name)


def _string(schema: Json, value: Any, path: str) -> Iterator[Violation]:
    form = schema.get("format", "")
    if form in _FORMATS:
        if problem := _FORMATS[form](value):
            yield Violation(path, f"Invalid value at '{path}' ({form}), {problem}")
    elif not isinstance(value, str):
        yield _mismatch(path, "TYPE_STRING", value)
    elif "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(schema["enum"])
        yield Violation(path, f"Invalid value at '{path}' (TYPE_ENUM), \"{value}\"; allowed: {allowed}")


def _integer(schema: Json, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not _is_integer(value):
        yield _mismatch(path, "TYPE_" + schema.get("format", "int32").upper(), value)


def _number(schema: Json, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _mismatch(path, "TYPE_DOUBLE", value)


def _boolean(schema: Json, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, bool):
        yield _mismatch(path, "TYPE_BOOL", value)


_SCALARS: dict[str, Callable[[Json, Any, str], Iterator[Violation]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) or bool(isinstance(value, str) and re.fullmatch(r"-?\d+", value))


def _int64(value: Any) -> str | None:
    return None if _is_integer(value) and not isinstance(value, bool) else f"{value!r} is not an integer"


def _duration(value: Any) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d{1,9})?s", value):
        return None
    return f"{value!r}: illegal duration format; a duration is seconds and ends with 's', like '3.5s'"


def _datetime(value: Any) -> str | None:
    text = str(value)
    try:
        # Python reads microseconds, Google nanoseconds.
        parsed = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text))
    except ValueError:
        parsed = None
    return None if parsed and parsed.tzinfo else f"{value!r}: not a time like '2026-11-22T12:00:00Z'"


def _bytes(value: Any) -> str | None:
    try:
        base64.b64decode(str(value).replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return f"Base64 decoding failed for {str(value)[:40]!r}"
    return None if isinstance(value, str) else f"{value!r} is not base64 text"


_FORMATS: dict[str, Callable[[Any], str | None]] = {
    "int64": _int64,
    "uint64": _int64,
    "google-duration": _duration,
    "google-datetime": _datetime,
    "date-time": _datetime,
    "byte": _bytes,
}


def _unknown(path: str, name: str) -> Violation:
    at = f" at '{path}'" if path else ""
    return Violation(path, f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')


def _mismatch(path: str, wanted: str, value: Any) -> Violation:
    return Violation(path, f"Invalid value at '{path}' ({wanted}), {str(value)[:80]!r}")
