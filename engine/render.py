"""Declared inputs to the body of an API request, by name, along Google's own schema.

What a name alone does not settle is in the type's row. Nothing is checked here beyond names: the API does that.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from engine.discovery import catalogue
from engine.provider import Refused
from engine.types.row import PROVIDER_SIDE, Around, Json, Row

MARK = {"goog-pulumi-provisioned": "true"}
EMPTY: tuple[Any, ...] = (None, False, 0, "", [], {})
PLACE = re.compile(r"\{(~?)([\w.]+)\}")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The template with its places filled. Raises `Refused` naming the input that is missing."""

    def place(match: re.Match[str]) -> str:
        tail, name = match.groups()
        value: Any = values
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None or value == "":
            hint = f", or set gcp:{name}" if name in ("project", "region") else ""
            raise Refused(f"is missing: declare it{hint}", name)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return text.rsplit("/", 1)[-1] if tail else text

    return PLACE.sub(place, template)


def split(url: str, values: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Path and query of a filled URL template."""
    path, _, query = url.partition("?")
    pairs = (part.split("=", 1) for part in query.split("&") if part)
    return fill(path, values), {name: fill(value, values) for name, value in pairs}


def body(row: Row, inputs: Json, around: Around, path: str) -> Json:
    """The body of the creating request, whose path is `path`."""
    inputs = copy.deepcopy(inputs)
    if row.shape:
        inputs = row.shape(inputs, around)
    in_url = {name for _, name in PLACE.findall(row.create)} - row.in_body
    left_out = PROVIDER_SIDE | row.skip | in_url
    declared = {name: value for name, value in inputs.items() if name not in left_out}
    if row.labelled:
        declared["labels"] = {**declared.get("labels", {}), **MARK}
    declared_method = catalogue().match(f"{row.host}.googleapis.com", row.verb, path)
    if declared_method is None or declared_method[0].request is None:
        raise Refused(f"{row.verb} {path} is not a method of {row.host} that takes a body")
    method = declared_method[0]
    result = Conversion(row, method.document.schemas).message(declared, {"$ref": method.request}, "")
    for where, default in row.defaults.items():
        set_default(result, where.split("."), default)
    return result


class Conversion:
    """One body. Follows the declared values and the schema side by side."""

    def __init__(self, row: Row, schemas: Mapping[str, Json]) -> None:
        self._row = row
        self._schemas = schemas

    def message(self, declared: Mapping[str, Any], schema: Json, path: str) -> Json:
        schema = self._resolve(schema)
        if "properties" not in schema:
            return self._map(declared, schema, path)
        result: Json = {}
        for name, value in declared.items():
            where = f"{path}.{name}" if path else name
            if value is None:
                continue
            target = self._row.rename.get(where, name).split(".")
            *parents, last = target
            holder, field = result, schema
            for parent in parents:
                holder = holder.setdefault(parent, {})
                field = self._field(field, parent, where)
            converted = self._value(value, self._field(field, last, where), where)
            if converted in EMPTY and where not in self._row.keep:
                continue
            holder[last] = converted
        return result

    def _field(self, schema: Json, name: str, where: str) -> Json:
        properties = self._resolve(schema).get("properties", {})
        if name not in properties:
            raise Refused(f"the {self._row.host} API has no field {name!r} for it", where)
        return properties[name]

    def _map(self, declared: Mapping[str, Any], schema: Json, path: str) -> Json:
        items = schema.get("additionalProperties", {})
        return {key: self._value(value, items, path) for key, value in declared.items()}

    def _value(self, value: Any, schema: Json, path: str) -> Any:
        schema = self._resolve(schema)
        if schema.get("type") == "array":
            items = value if isinstance(value, list) else [value]
            return [self._value(item, schema["items"], path) for item in items]
        if isinstance(value, Mapping):
            return self.message(value, schema, path)
        is_int64 = schema.get("format") in ("int64", "uint64")
        if is_int64 and isinstance(value, int) and path not in self._row.numbers:
            return str(value)
        return value

    def _resolve(self, schema: Json) -> Json:
        return self._schemas[schema["$ref"]] if "$ref" in schema else schema


def set_default(message: Json, path: list[str], value: Any) -> None:
    """Put `value` at `path` where nothing is; parents are not made for it."""
    first, rest = path[0], path[1:]
    if first.endswith("[]"):
        for item in message.get(first[:-2], []):
            set_default(item, rest, value)
    elif not rest:
        message.setdefault(first, copy.deepcopy(value))
    elif isinstance(message.get(first), dict):
        set_default(message[first], rest, value)
