"""The part of JSON Schema that `readiness.schema.json` uses; a keyword it does not know is an error, not a pass."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SCHEMA = json.loads(
    Path(__file__).parents[2].joinpath("jobs/prepare/prepare/reports/readiness.schema.json").read_text("utf-8")
)
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "boolean": bool,
}
WORDS = {"$schema", "$defs", "title", "description", "format"}


STUDY_SCHEMA = json.loads(
    Path(__file__).parents[2].joinpath("jobs/prepare/prepare/reports/study.schema.json").read_text("utf-8")
)
VIEWER_SCHEMA = json.loads(
    Path(__file__).parents[2].joinpath("jobs/prepare/prepare/reports/viewer_status.schema.json").read_text("utf-8")
)


def schema_of(name: str) -> dict[str, Any]:
    """The schema of an object of the records bucket, by its name."""
    if name.startswith("viewer/"):
        return VIEWER_SCHEMA
    return STUDY_SCHEMA if name.endswith("/study.json") else SCHEMA


def problems(
    value: Any, schema: dict[str, Any] = SCHEMA, where: str = "$", whole: dict[str, Any] = SCHEMA
) -> list[str]:
    """What is wrong with `value`, each with its place; empty when it keeps to the schema, a part of `whole`."""
    if "$ref" in schema:
        return problems(value, whole["$defs"][schema["$ref"].rpartition("/")[2]], where, whole)
    found: list[str] = []
    for keyword, rule in schema.items():
        if keyword not in WORDS:
            found += [f"{where}: {said}" for said in CHECKS[keyword](value, rule, schema)]
    if isinstance(value, dict):
        rest = schema.get("additionalProperties", {})
        for key, child in value.items():
            rule = schema.get("properties", {}).get(key, rest)
            found += (
                [f"{where}.{key}: not allowed"] if rule is False else problems(child, rule, f"{where}.{key}", whole)
            )
    if isinstance(value, list):
        for number, child in enumerate(value):
            found += problems(child, schema.get("items", {}), f"{where}[{number}]", whole)
    return found


def _type(value: Any, rule: Any, _: Any) -> list[str]:
    names = rule if isinstance(rule, list) else [rule]
    fits = any(isinstance(value, TYPES[name]) and isinstance(value, bool) == (name == "boolean") for name in names)
    return [] if fits else [f"{value!r} is no {rule}"]


def _said(wrong: bool, text: str) -> list[str]:
    return [text] if wrong else []


CHECKS: dict[str, Any] = {
    "type": _type,
    "const": lambda value, rule, _: _said(value != rule, f"{value!r} is not {rule!r}"),
    "enum": lambda value, rule, _: _said(value not in rule, f"{value!r} is none of {rule}"),
    "required": lambda value, rule, _: [
        f"{key} is missing" for key in rule if isinstance(value, dict) and key not in value
    ],
    "pattern": lambda value, rule, _: _said(
        isinstance(value, str) and not re.search(rule, value), f"{value!r} !~ {rule}"
    ),
    "minLength": lambda value, rule, _: _said(isinstance(value, str) and len(value) < rule, "too short"),
    "maxLength": lambda value, rule, _: _said(isinstance(value, str) and len(value) > rule, "too long"),
    "minimum": lambda value, rule, _: _said(isinstance(value, int | float) and value < rule, f"{value} < {rule}"),
    "minItems": lambda value, rule, _: _said(isinstance(value, list) and len(value) < rule, "too few"),
    "maxItems": lambda value, rule, _: _said(isinstance(value, list) and len(value) > rule, "too many"),
    "properties": lambda value, rule, _: [],
    "additionalProperties": lambda value, rule, _: [],
    "items": lambda value, rule, _: [],
}
