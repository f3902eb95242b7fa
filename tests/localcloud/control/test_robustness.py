"""Whatever fits or does not fit a schema: the answer is a result or an error in Google's shape, never an exception."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from engine.discovery import Method
from tests.localcloud.control import replay
from tests.localcloud.control.client import Client

SEED = 20261122
ODD: list[Any] = [None, "", 0, -1, False, "x/y", [], {}, [None], {"": None}]


def invented(schemas: dict[str, Any], schema: dict[str, Any], chance: random.Random, depth: int = 0) -> Any:
    """A value that nearly fits the schema: fields left out, nulls, now and then something else altogether."""
    if chance.random() < 0.04:
        return chance.choice(ODD)
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        share = 0.5 if depth < 2 else 0.1
        return {k: invented(schemas, v, chance, depth + 1) for k, v in fields.items() if chance.random() < share}
    if kind == "array":
        return [invented(schemas, schema["items"], chance, depth + 1) for _ in range(chance.randrange(2))]
    if kind == "string":
        return chance.choice([*schema.get("enum", []), "10", "10s", "projects/p-1/topics/t", "2030-01-01T00:00:00Z"])
    return {"boolean": True, "integer": 3, "number": 0.5}.get(str(kind))


def recorded_methods(client: Client) -> list[tuple[str, Method, str, dict[str, str]]]:
    """Every method that the provider uses, once: host, method, path, query."""
    found: dict[str, tuple[str, Method, str, dict[str, str]]] = {}
    for row in replay.rows():
        path = re.sub(r"proj-fake|123456789012", "p-1", replay.PREFIXES.get(row["api"], "") + row["path"])
        matched = client.plane._catalogue.match(f"{row['api']}.googleapis.com", row["method"], path)
        assert matched
        found.setdefault(matched[0].id, (row["api"], matched[0], path, row.get("query") or {}))
    return list(found.values())


@pytest.mark.parametrize("round_", range(5))
def test_no_body_makes_the_control_plane_raise(tmp_path: Path, round_: int) -> None:
    chance = random.Random(SEED + round_)
    client = Client(tmp_path)
    methods = recorded_methods(client)
    answers = {200: 0, 400: 0}
    for _ in range(4):
        chance.shuffle(methods)
        for label, method, path, query in methods:
            schemas = method.document.schemas
            body = invented(schemas, {"$ref": method.request}, chance) if method.request else None

            response = client.ask(method.verb, f"{label}{path}", body, **query)

            assert response.status in (200, 400, 403, 404, 409, 501), response.body
            assert response.status == 200 or response.body["error"]["code"] == response.status
            answers[response.status] = answers.get(response.status, 0) + 1
    assert min(answers[200], answers[400]) > 20


@pytest.mark.parametrize("levels", [101, 500, 5_000])
@pytest.mark.parametrize("wrapped", [lambda value: {"labels": value}, lambda value: [value]])
def test_a_body_nested_too_deep_is_refused(tmp_path: Path, levels: int, wrapped: Any) -> None:
    body: Any = "x"
    for _ in range(levels):
        body = wrapped(body)

    code, message = Client(tmp_path).refused("PUT", "pubsub/v1/projects/p-1/topics/t", {"labels": body})

    assert (code, "too deep" in message) == (400, True)
